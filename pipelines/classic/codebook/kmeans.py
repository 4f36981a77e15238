"""k-means: a codebook of visual words, by Lloyd's iterations over all descriptors.

The nearest center of x is argmax_k (x . c_k - |c_k|^2 / 2): one matrix product and an argmax, done piece by piece in
the cache. Sums are float32 within a span of rows, float64 across spans.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from scipy.sparse import csc_array

from bakeoff.pipelines.machine.cores import (
    SPAN_ROWS,
    argmax_last,
    check_rows,
    map_on_cores,
    rows_per_chunk,
    sample_rows,
    spans_of,
)
from bakeoff.pipelines.machine.progress import Advance
from bakeoff.pipelines.machine.tracing import is_exporting, untraced

# k-means++ looks at a uniform sample of this many descriptors per word: its picks are random anyway, and choosing
# them from all descriptors costs as much as many iterations.
SAMPLE_ROWS_PER_WORD = 32
# Times the variance: a squared mean beyond is subtracted, or |x - c|^2 = |x|^2 - 2 x.c + |c|^2 would cancel.
FAR = 100.0


@dataclass(frozen=True)
class Codebook:
    """k visual words in d dimensions.

    centers: float32 (k, d).   inertia: sum of squared distances of the training descriptors to the
    centers they were last assigned to (k-means' objective after its last update), to float32 precision.
    Raises ValueError if centers is not a table.
    """

    centers: torch.Tensor
    inertia: float = math.nan

    def __post_init__(self) -> None:
        if self.centers.ndim != 2 or self.centers.dtype != torch.float32:
            raise ValueError(f"centers must be float32 (k, d), got {self.centers.dtype} {tuple(self.centers.shape)}")

    @property
    def n_words(self) -> int:
        return self.centers.shape[0]

    @property
    def dimension(self) -> int:
        return self.centers.shape[1]

    def nearest(self, rows: torch.Tensor) -> torch.Tensor:
        """Index of the nearest center of each of rows (n, d): int64 (n,); the lowest index wins a tie."""
        with untraced():
            origin = far_origin(self.centers)
        if origin is not None:
            return Codebook(self.centers - origin).nearest(rows - origin)
        bias, transposed = -self.centers.square().sum(dim=1) / 2, self.centers.T.contiguous()
        if is_exporting():
            return torch.addmm(bias, rows, transposed).argmax(dim=1)
        words = torch.empty(len(rows), dtype=torch.int64, device=rows.device)
        chunk_rows = rows_per_chunk(4 * self.n_words, rows.device)
        scores = rows.new_empty(min(chunk_rows, len(rows)), self.n_words)
        for chunk, chunk_words in zip(rows.split(chunk_rows), words.split(chunk_rows), strict=True):
            chunk_words.copy_(argmax_last(torch.addmm(bias, chunk, transposed, out=scores[: len(chunk)])))
        return words


def fit_kmeans(
    descriptors: torch.Tensor,
    *,
    n_words: int,
    n_iterations: int = 25,
    seed: int,
    initialization: torch.Tensor | None = None,
    advance: Advance = lambda: None,
) -> Codebook:
    """Choose n_words centers that make the sum of squared distances of the descriptors to them small.

    descriptors: float32 (n, d).   n_iterations: passes over them; fewer if the centers stop moving.
    initialization: centers (n_words, d); by default greedy k-means++ on a sample.   advance: called after every pass.
    A center that no descriptor chose in a whole pass moves to one of the descriptors farthest from their centers.
    Raises ValueError if there are fewer descriptors than words, or a descriptor is not finite.
    """
    check_rows(descriptors)
    if initialization is not None:
        check_rows(initialization, descriptors.shape[1], name="initialization")
        if len(initialization) != n_words:
            raise ValueError(f"initialization must hold n_words = {n_words} centers, got {len(initialization)}")
    elif not 1 <= n_words <= len(descriptors):
        raise ValueError(f"n_words must be between 1 and the number of descriptors {len(descriptors)}, got {n_words}")
    origin = far_origin(descriptors[:SPAN_ROWS])
    if origin is None:
        origin = descriptors.new_zeros(descriptors.shape[1])
    else:
        descriptors = descriptors - origin
    generator = torch.Generator().manual_seed(seed)
    if initialization is None:
        sample = sample_rows(descriptors, SAMPLE_ROWS_PER_WORD * n_words, generator)
        centers = _kmeans_plus_plus(sample, n_words, generator)
    else:
        centers = initialization - origin
    lengths = map_on_cores(lambda span: float(torch.dot(span.flatten(), span.flatten())), spans_of(descriptors))
    inertia, square_norm = math.nan, sum(lengths)
    for _ in range(n_iterations):
        previous = centers
        centers, counts, inertia = _lloyd_pass(descriptors, centers, square_norm)
        centers = _refill_empty(descriptors, centers, counts)
        advance()
        if torch.equal(centers, previous):
            break
    if math.isnan(inertia):
        inertia = sum(float(d.sum(dtype=torch.float64)) for _, d in _distances_by_span(descriptors, centers))
    return Codebook(centers + origin, inertia)


def far_origin(rows: torch.Tensor) -> torch.Tensor | None:
    """The mean (d,) of rows (n, d) if it is so far from 0 that their distances would drown in rounding; else None."""
    mean = rows.mean(dim=0)
    return mean if float(mean.square().sum()) > FAR * float((rows - mean).square().mean(dim=0).sum()) else None


def assign_words(descriptors: torch.Tensor, codebook: Codebook) -> torch.Tensor:
    """Index of the nearest center of each descriptor: float32 (n, d) -> int64 (n,); the lowest index wins a tie.

    Raises ValueError if d differs from the codebook's, or a descriptor is not finite.
    """
    check_rows(descriptors, codebook.dimension)
    return torch.cat(map_on_cores(codebook.nearest, spans_of(descriptors)))


def _kmeans_plus_plus(sample: torch.Tensor, n_words: int, generator: torch.Generator) -> torch.Tensor:
    """Greedy k-means++: of 2 + log(k) candidates drawn by squared distance, keep the one that lowers inertia most.

    Source: Arthur, Vassilvitskii, SODA 2007; the greedy choice as in their section 5 and in scikit-learn.
    """
    n_candidates = 2 + int(math.log(n_words))
    half_norms = sample.square().sum(dim=1) / 2
    chosen = [0]  # the sample is in random order
    nearest = _half_squared_distances(sample, half_norms, torch.tensor([0], device=sample.device))[0]
    for _ in range(n_words - 1):
        thresholds = torch.rand(n_candidates, generator=generator, dtype=torch.float64).to(sample.device)
        cumulative = nearest.cumsum(dim=0, dtype=torch.float64)
        candidates = torch.searchsorted(cumulative, thresholds * cumulative[-1]).clamp_(max=len(sample) - 1)
        distances = torch.minimum(_half_squared_distances(sample, half_norms, candidates), nearest)
        best = int(distances.sum(dim=1).argmin())
        nearest = distances[best]
        chosen.append(int(candidates[best]))
    return sample[torch.tensor(chosen)]


def _half_squared_distances(sample: torch.Tensor, half_norms: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """|x_r - x|^2 / 2 for each of the given rows r and each x of the sample (n, d): (len(rows), n)."""
    products = sample[rows] @ sample.T
    return (half_norms[rows, None] + half_norms - products).clamp_(min=0)


def _lloyd_pass(
    descriptors: torch.Tensor, centers: torch.Tensor, square_norm: float
) -> tuple[torch.Tensor, torch.Tensor, float]:
    """The means (k, d) of the descriptors nearest to each center, their counts (k,), and their inertia about the means.

    An unused center stays. With n_k descriptors of mean m_k, it is square_norm, sum |x|^2, - sum_k n_k |m_k|^2.
    """
    sums, counts = torch.zeros_like(centers, dtype=torch.float64), centers.new_zeros(len(centers), dtype=torch.float64)
    for span_sums, span_counts in map_on_cores(partial(_sum_by_word, centers=centers), spans_of(descriptors)):
        sums += span_sums
        counts += span_counts
    means = sums / counts.clamp(min=1)[:, None]
    inertia = max(0.0, square_norm - float(counts @ means.square().sum(dim=1)))
    return torch.where(counts[:, None] > 0, means.float(), centers), counts, inertia


def _sum_by_word(span: torch.Tensor, centers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Sums (k, d) and counts (k,) of the descriptors nearest to each center."""
    words = Codebook(centers).nearest(span)
    counts = torch.bincount(words, minlength=len(centers))
    if span.device.type != "cpu":
        return torch.zeros_like(centers).index_add_(0, words, span), counts
    # a product with the sparse matrix of assignments: three times as fast as index_add_
    n = len(span)
    chosen = csc_array((np.ones(n, np.float32), words.numpy(), np.arange(n + 1)), shape=(len(centers), n))
    return torch.from_numpy(chosen @ span.numpy()), counts


def _distances_by_span(descriptors: torch.Tensor, centers: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Each span of the descriptors (n, d), with their squared distances (n,) to the nearest centers."""
    codebook = Codebook(centers)

    def measure(span: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return span, (span - centers[codebook.nearest(span)]).square_().sum(dim=1)

    yield from map_on_cores(measure, spans_of(descriptors))


def _refill_empty(descriptors: torch.Tensor, centers: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Move each center without descriptors to one of the descriptors farthest from their centers."""
    empty = (counts == 0).nonzero()[:, 0]
    if len(empty) == 0:
        return centers
    rows, distances = centers.new_empty(0, centers.shape[1]), centers.new_empty(0)
    for span, span_distances in _distances_by_span(descriptors, centers):
        rows, distances = torch.cat([rows, span]), torch.cat([distances, span_distances])
        farthest = distances.topk(min(len(empty), len(distances))).indices
        rows, distances = rows[farthest], distances[farthest]
    refilled = centers.clone()
    refilled[empty[: len(rows)]] = rows[: len(empty)]
    return refilled
