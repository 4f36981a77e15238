"""Product quantization of encodings: 8 float32 values become 1 byte, 32 times smaller.

A random rotation comes first, so that information is spread evenly over all coordinates; then the rotated vector is
cut into sub-vectors of equal length, each with its own k-means codebook (Jegou, Douze, Schmid, PAMI 2011).
Unlike US 8,731,317, no sub-vector is aligned with a mixture component, and none is left uncompressed: codes are
taken after the rotation, which mixes all components, and every sub-vector gets a code.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix
from bakeoff.pipelines.machine.cores import argmax_last, check_rows, map_on_cores, rows_per_chunk

# Dense blocks of the rotation: wide enough to mix, small enough that rotating costs little beside encoding.
LARGEST_BLOCK = 64
ROWS_TOGETHER = 128  # encodings compressed together: enough to fill a matrix product
MOST_WORDS = 256  # a code is a byte
CHUNK_ROWS = 1024  # coded or decoded together: 140 MB at d = 33,792
ROWS_PER_WORD = 20  # half of what faiss advises: a thousand codebooks are fitted, and time is proportional


@dataclass(frozen=True)
class BlockRotation:
    """An orthogonal map of d dimensions in two rounds; a dense d x d matrix would be gigabytes at d = 33,792.

    Each round: flip signs, then turn every block of b coordinates by one random orthogonal matrix. Before the first
    round the coordinates are permuted at random; between the rounds they are dealt out, one to each block in turn,
    so that every result depends on min(d, b^2) coordinates. With d <= b, one dense rotation.
    permutation: int64 (d,).   signs: float32 (2, d).   blocks: float32 (2, b, b); b divides d.
    Raises ValueError if the shapes disagree.
    """

    permutation: torch.Tensor
    signs: torch.Tensor
    blocks: torch.Tensor

    def __post_init__(self) -> None:
        dimension, block = len(self.permutation), self.blocks.shape[-1]
        if self.signs.shape != (2, dimension) or self.blocks.shape != (2, block, block) or dimension % block:
            raise ValueError(
                "permutation, signs and blocks must have shapes (d,), (2, d), (2, b, b) with b dividing d, got "
                f"{tuple(self.permutation.shape)}, {tuple(self.signs.shape)}, {tuple(self.blocks.shape)}"
            )

    def apply(self, rows: torch.Tensor) -> torch.Tensor:
        """Rotate rows (n, d)."""
        block = self.blocks.shape[-1]
        turned = rows.index_select(1, self.permutation).mul_(self.signs[0]).view(len(rows), -1, block) @ self.blocks[0]
        dealt = turned.transpose(1, 2).reshape(rows.shape).mul_(self.signs[1])
        return (dealt.view(len(rows), -1, block) @ self.blocks[1]).view(rows.shape)

    def invert(self, rows: torch.Tensor) -> torch.Tensor:
        """Undo `apply`: the transposed steps in the opposite order."""
        block = self.blocks.shape[-1]
        dealt = (rows.reshape(len(rows), -1, block) @ self.blocks[1].T).view(rows.shape) * self.signs[1]
        turned = dealt.view(len(rows), block, -1).transpose(1, 2) @ self.blocks[0].T
        return (turned.reshape(rows.shape) * self.signs[0]).index_select(1, self.permutation.argsort())


@dataclass(frozen=True)
class ProductQuantizer:
    """rotation, and the codebooks of the sub-vectors: float32 (n_subvectors, at most MOST_WORDS, sub_dimension).

    Raises ValueError if the sub-vectors do not fill the rotation's dimensions.
    """

    rotation: BlockRotation
    codebooks: torch.Tensor

    def __post_init__(self) -> None:
        n_subvectors, n_words, sub_dimension = self.codebooks.shape
        if n_subvectors * sub_dimension != self.dimension or n_words > MOST_WORDS:
            raise ValueError(
                f"codebooks must have shape (m, at most {MOST_WORDS}, s) with m * s = {self.dimension}, "
                f"got {tuple(self.codebooks.shape)}"
            )

    @property
    def dimension(self) -> int:
        return len(self.rotation.permutation)


def random_rotation(dimension: int, *, seed: int, device: torch.device | str = "cpu") -> BlockRotation:
    """A random BlockRotation, its blocks the Q of the QR decomposition of Gaussian matrices."""
    generator = torch.Generator().manual_seed(seed)
    block = max(size for size in range(1, min(dimension, LARGEST_BLOCK) + 1) if dimension % size == 0)
    permutation = torch.randperm(dimension, generator=generator)
    signs = torch.randint(0, 2, (2, dimension), generator=generator).float() * 2 - 1
    gaussian = torch.randn(2, block, block, generator=generator, dtype=torch.float64)
    return BlockRotation(permutation.to(device), signs.to(device), torch.linalg.qr(gaussian).Q.float().to(device))


def words_for(n_rows: int) -> int:
    """Words of each codebook that is fitted to so many rows: a power of two."""
    return int(min(MOST_WORDS, 2 ** (n_rows.bit_length() - 1)))


def fit_product_quantizer(
    encodings: torch.Tensor, *, sub_dimension: int = 8, n_iterations: int = 10, seed: int
) -> ProductQuantizer:
    """Draw a rotation, and fit a k-means codebook of MOST_WORDS, or as many as bits can name, to each sub-vector of the
    rotated encodings.

    encodings: float32 (n, d), at least 2; a random sample of 20 rows a word is used if there are more.
    sub_dimension: values in one code, a divisor of d.
    Raises ValueError if sub_dimension does not divide d, or there are fewer than 2 rows.
    """
    check_rows(encodings, name="encodings")
    n_rows, dimension = encodings.shape
    n_words = words_for(n_rows)
    if dimension % sub_dimension:
        raise ValueError(f"sub_dimension must divide the width of the encodings {dimension}, got {sub_dimension}")
    if n_rows < 2:
        raise ValueError(f"encodings must hold at least 2 rows, got {n_rows}")
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(n_rows, generator=generator)[: ROWS_PER_WORD * n_words]
    rotation = random_rotation(dimension, seed=seed, device=encodings.device)
    rotated = rotation.apply(encodings[rows.to(encodings.device)])
    subvectors = rotated.view(len(rows), -1, sub_dimension).transpose(0, 1).contiguous()  # (m, n, s)
    parts = subvectors.split(4 if encodings.device.type == "cpu" else len(subvectors))
    codebooks = map_on_cores(lambda part: _fit_codebooks(part, n_words, n_iterations), parts)
    return ProductQuantizer(rotation, torch.cat(codebooks))


def compress(encodings: torch.Tensor, quantizer: ProductQuantizer) -> torch.Tensor:
    """The nearest word of each rotated sub-vector: float32 (n, d) -> uint8 (n, n_subvectors).

    Raises ValueError if d differs from the quantizer's, or a value is not finite.
    """
    check_rows(encodings, quantizer.dimension, "encodings")
    n_subvectors, n_words, _ = quantizer.codebooks.shape
    half_norms = quantizer.codebooks.square().sum(dim=2) / 2
    transposed = quantizer.codebooks.transpose(1, 2).contiguous()
    codes = torch.empty(len(encodings), n_subvectors, dtype=torch.uint8, device=encodings.device)
    group = max(1, rows_per_chunk(4 * n_words * ROWS_TOGETHER, encodings.device))

    def compress_rows(task: tuple[torch.Tensor, torch.Tensor]) -> None:
        rows, row_codes = task
        subvectors = quantizer.rotation.apply(rows).view(len(rows), n_subvectors, -1).transpose(0, 1).contiguous()
        for start in range(0, n_subvectors, group):
            part = slice(start, start + group)
            row_codes[:, part] = _nearest_words(subvectors[part], transposed[part], half_norms[part]).T

    n_together = ROWS_TOGETHER if encodings.device.type == "cpu" else max(1, len(encodings))
    map_on_cores(compress_rows, zip(encodings.split(n_together), codes.split(n_together), strict=True))
    return codes


def compress_features(
    features: FeatureMatrix, *, sub_dimension: int, seed: int, advance: Callable[[int], None] = lambda n: None
) -> tuple[np.ndarray, ProductQuantizer]:
    """Codes of all rows, chunk by chunk, and the quantizer, fitted on a random sample of the rows.

    features: (n, d).   advance: told of the rows of every chunk.
    Returns uint8 (n, d / sub_dimension). With fewer than 256 rows there are as many words as bits can name.
    Raises ValueError if sub_dimension does not divide d, there are fewer than 2 rows, or a feature is not finite.
    """
    n = len(features)
    chosen = np.random.default_rng(seed).permutation(n)[: ROWS_PER_WORD * words_for(n)]
    sample = torch.cat([features[row : row + 1] for row in np.sort(chosen).tolist()])
    quantizer = fit_product_quantizer(sample, sub_dimension=sub_dimension, seed=seed)
    codes = np.empty((n, quantizer.codebooks.shape[0]), np.uint8)
    for start in range(0, n, CHUNK_ROWS):
        rows = slice(start, min(start + CHUNK_ROWS, n))
        codes[rows] = compress(features[rows], quantizer).cpu().numpy()
        advance(rows.stop - rows.start)
    return codes, quantizer


def decompress(codes: torch.Tensor, quantizer: ProductQuantizer) -> torch.Tensor:
    """The rotated encodings that the codes stand for: uint8 (n, n_subvectors) -> float32 (n, d).

    The rotation keeps all dot products and distances: a linear classifier can be trained and applied there.
    Raises ValueError if the number of codes a row differs from the quantizer's.
    """
    n_subvectors, n_words, sub_dimension = quantizer.codebooks.shape
    if codes.ndim != 2 or codes.shape[1] != n_subvectors or codes.dtype != torch.uint8:
        raise ValueError(f"codes must be uint8 (n, {n_subvectors}), got {codes.dtype} {tuple(codes.shape)}")
    table = quantizer.codebooks.view(-1, sub_dimension)
    offsets = torch.arange(n_subvectors, device=codes.device) * n_words
    return torch.nn.functional.embedding(codes + offsets, table).view(len(codes), quantizer.dimension)


def _fit_codebooks(subvectors: torch.Tensor, n_words: int, n_iterations: int) -> torch.Tensor:
    """Lloyd's iterations on many small sets at once: (m, n, s), rows in random order -> (m, n_words, s).

    An unused word stays where it is: a random rotation leaves no far clusters for it to find.
    """
    n_subvectors, _, sub_dimension = subvectors.shape
    centers = subvectors[:, :n_words].clone()
    offsets = n_words * torch.arange(n_subvectors, device=subvectors.device)[:, None]
    rows = subvectors.reshape(-1, sub_dimension)
    for _ in range(n_iterations):
        words = _nearest_words(subvectors, centers.transpose(1, 2).contiguous(), centers.square().sum(dim=2) / 2)
        words = (words + offsets).view(-1)
        sums = torch.zeros_like(centers).view(-1, sub_dimension).index_add_(0, words, rows).view_as(centers)
        counts = torch.bincount(words, minlength=n_subvectors * n_words).view(n_subvectors, n_words, 1)
        centers = torch.where(counts > 0, sums / counts.clamp(min=1), centers)
    return centers


def _nearest_words(subvectors: torch.Tensor, transposed: torch.Tensor, half_norms: torch.Tensor) -> torch.Tensor:
    """Index of the nearest word: subvectors (m, n, s), words (m, s, k), |c|^2 / 2 (m, k) -> int64 (m, n)."""
    n_subvectors, _, n_words = transposed.shape
    chunk_rows = rows_per_chunk(4 * n_subvectors * n_words, subvectors.device)
    scratch = subvectors.new_empty(n_subvectors * min(chunk_rows, subvectors.shape[1]) * n_words)
    words = []
    for chunk in subvectors.split(chunk_rows, dim=1):
        scores = scratch[: n_subvectors * chunk.shape[1] * n_words].view(n_subvectors, -1, n_words)
        words.append(argmax_last(torch.baddbmm(half_norms[:, None], chunk, transposed, beta=-1, out=scores)))
    return torch.cat(words, dim=1)
