"""Linear maps that are learned: PCA, of whole pictures by a randomized method; ZCA whitening; standardization."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import scipy.linalg
import torch

from bakeoff.pipelines.machine.cores import check_finite, iterate_blocks, map_on_cores, spans_of
from bakeoff.pipelines.machine.progress import Advance
from bakeoff.pipelines.machine.tracing import is_exporting

# Directions with less than this share of the largest variance are rounding error: whitening maps them to zero.
SMALLEST_VARIANCE_SHARE = 1e-12
# More directions than asked for, and products with the covariance that turn them towards the largest: the variances of
# pictures fall fast, and those of all directions that are kept are then right to a percent.
OVERSAMPLING, N_PRODUCTS = 16, 3
# A deviation below this share of the mean is what rounding leaves of a constant: float32 steps are 100 times as large.
CONSTANT = 1e-9


@dataclass(frozen=True)
class PCA:
    """The mean and the k directions of largest variance of d-dimensional descriptors.

    mean: float32 (d,).   components: float32 (k, d), orthonormal rows; if whitening, each over its deviation.
    variances: float32 (k,), of the descriptors along the components (divisor n - 1), falling.
    Raises ValueError if the shapes disagree.
    """

    mean: torch.Tensor
    components: torch.Tensor
    variances: torch.Tensor

    def __post_init__(self) -> None:
        if self.components.ndim != 2 or self.components.shape != (len(self.variances), len(self.mean)):
            raise ValueError(
                "mean, components and variances must have shapes (d,), (k, d), (k,), got "
                f"{tuple(self.mean.shape)}, {tuple(self.components.shape)}, {tuple(self.variances.shape)}"
            )


def fit_pca(descriptors: torch.Tensor | Iterable[torch.Tensor], *, n_components: int, whiten: bool = False) -> PCA:
    """Find the n_components directions of largest variance, from the covariance summed in float64.

    descriptors: float32 (n, d), or blocks of it that can be read again.
    whiten: scale so that each projection has variance 1 (a direction without variance is projected to 0).
    The entry of largest magnitude of every component is positive, so the result does not depend on the solver.
    Raises ValueError if n_components exceeds d or n, or a descriptor is not finite.
    """
    mean, covariance, n_rows = _mean_and_covariance(descriptors)
    if not 1 <= n_components <= min(n_rows, len(mean)):
        raise ValueError(f"n_components must be between 1 and min(n, d) = {min(n_rows, len(mean))}, got {n_components}")
    wanted = (len(mean) - n_components, len(mean) - 1)  # the largest; far cheaper than all of thousands
    values, vectors = scipy.linalg.eigh(covariance.cpu().numpy(), subset_by_index=wanted)  # rising
    return _largest_first(mean, torch.from_numpy(values), torch.from_numpy(vectors), whiten)


def fit_randomized_pca(
    descriptors: torch.Tensor | Iterable[torch.Tensor], *, n_components: int, seed: int, whiten: bool = False
) -> PCA:
    """As `fit_pca`, for dimensions whose covariance (d, d) would not fit into memory: it is only multiplied with.

    Source: Halko, Martinsson, Tropp, SIAM Review 2011, algorithm 4.4. Time: 5 passes over the descriptors.
    """
    sums, n_rows = torch.zeros((), dtype=torch.float64), 0
    for block in iterate_blocks(descriptors):
        sums, n_rows = sums + block.sum(dim=0, dtype=torch.float64), n_rows + len(block)
    mean = sums / max(1, n_rows)
    dimension = mean.numel()
    if not 1 <= n_components <= min(n_rows, dimension):
        raise ValueError(f"n_components must be between 1 and min(n, d) = {min(n_rows, dimension)}, got {n_components}")

    def times_covariance(basis: torch.Tensor) -> torch.Tensor:
        product = torch.zeros_like(basis, dtype=torch.float64)
        for block in iterate_blocks(descriptors, checked=True):
            centered = block - mean.float()
            product += centered.T @ (centered @ basis)
        return (product / max(1, n_rows - 1)).float()

    width = min(n_components + OVERSAMPLING, n_rows, dimension)
    basis = torch.randn(dimension, width, generator=torch.Generator().manual_seed(seed)).to(mean.device)
    for _ in range(N_PRODUCTS):
        basis = torch.linalg.qr(times_covariance(basis)).Q
    inside = (basis.T @ times_covariance(basis)).double()  # the covariance within the subspace
    values, vectors = torch.linalg.eigh((inside + inside.T) / 2)
    return _largest_first(mean, values[-n_components:], basis.double() @ vectors[:, -n_components:], whiten)


def _largest_first(mean: torch.Tensor, values: torch.Tensor, vectors: torch.Tensor, whiten: bool) -> PCA:
    """values: rising, float64 (k,).   vectors: (d, k)."""
    variances = values.to(mean).flip(0).clamp(min=0)
    components = vectors.to(mean).flip(1).T
    largest = components.gather(1, components.abs().argmax(dim=1, keepdim=True))
    components = components * largest.sign()
    if whiten:
        kept = variances > SMALLEST_VARIANCE_SHARE * variances[0]
        components = components * torch.where(kept, variances.rsqrt(), 0.0)[:, None]
    return PCA(mean.float(), components.float().contiguous(), variances.float())


def project(descriptors: torch.Tensor, pca: PCA) -> torch.Tensor:
    """(x - mean) components^T: float32 (..., d) -> (..., k).

    Raises ValueError if d differs from the PCA's, or a descriptor is not finite.
    """
    return _center_and_multiply(descriptors, pca.mean, pca.components.T, "descriptors")


@dataclass(frozen=True)
class ZCA:
    """mean: float32 (d,).   matrix: float32 (d, d), symmetric.   Raises ValueError if the shapes disagree."""

    mean: torch.Tensor
    matrix: torch.Tensor

    def __post_init__(self) -> None:
        if self.matrix.shape != (len(self.mean), len(self.mean)):
            raise ValueError(
                f"mean (d,) and matrix (d, d) disagree: got {tuple(self.mean.shape)} and {tuple(self.matrix.shape)}"
            )


def fit_zca(patches: torch.Tensor | Iterable[torch.Tensor], *, regularizer: float = 0.1) -> ZCA:
    """matrix = V (D + regularizer I)^(-1/2) V^T, with V D V^T the covariance of the patches.

    patches: float32 (n, d), contrast-normalized, or blocks of it that can be read again.
    regularizer: positive; in the patches' squared unit. 0.1 suits patches of unit contrast (Coates, Ng, Lee 2011).
    Raises ValueError if the regularizer is not positive, or a patch is not finite.
    """
    if regularizer <= 0:
        raise ValueError(f"regularizer must be positive, got {regularizer}")
    mean, covariance, _ = _mean_and_covariance(patches)
    values, vectors = torch.linalg.eigh(covariance)
    matrix = (vectors * (values.clamp(min=0) + regularizer).rsqrt()) @ vectors.T
    return ZCA(mean.float(), matrix.float())


def whiten(patches: torch.Tensor, zca: ZCA) -> torch.Tensor:
    """(x - mean) matrix: float32 (..., d) -> (..., d).

    Raises ValueError if d differs from the ZCA's, or a patch is not finite.
    """
    return _center_and_multiply(patches, zca.mean, zca.matrix, "patches")


@dataclass(frozen=True)
class Standardizer:
    """mean, scale: float64 (d,), on the CPU; scale is the deviation (divisor n), or 1 for a constant feature."""

    mean: torch.Tensor
    scale: torch.Tensor


def fit_standardizer(chunks: Iterable[torch.Tensor], advance: Advance = lambda n: None) -> Standardizer:
    """Mean and deviation of every column, in one pass over chunks of rows.

    chunks: (n_i, d) each, float32 or float64.   advance: told of the rows of every chunk.
    A constant feature gets scale 1, so that it becomes 0 and not NaN.
    Chunks are merged by the formula of Chan, Golub and LeVeque (1979), in float64: it does not cancel where the mean
    is large against the deviation.
    Raises ValueError if there are no rows, or a value is NaN or infinite.
    """
    n_seen, mean = 0, torch.zeros((), dtype=torch.float64)
    squares = mean
    for chunk in (rows.double() for rows in chunks):
        n_new = len(chunk)
        advance(n_new)
        chunk_mean = chunk.mean(dim=0)
        gap = chunk_mean - mean
        share = n_new / (n_seen + n_new)
        squares = squares + (chunk - chunk_mean).square().sum(dim=0) + gap.square() * n_seen * share
        mean, n_seen = mean + gap * share, n_seen + n_new
    if n_seen == 0:
        raise ValueError("features must hold at least one row, got none")
    if not torch.isfinite(squares).all():
        raise ValueError("features must be finite, got NaN or infinity")
    deviation = (squares / n_seen).sqrt()
    scale = torch.where(deviation > CONSTANT * mean.abs(), deviation, 1.0)
    return Standardizer(mean.cpu(), scale.cpu())


def standardize(rows: torch.Tensor, standardizer: Standardizer, columns: slice = slice(None)) -> torch.Tensor:
    """(rows - mean) / scale: float32 (n, d), on the device of the rows; computed in float64 if that is what they are.

    columns: of all features, those that the rows have.
    Raises ValueError if the number of features differs from the standardizer's.
    """
    mean, scale = standardizer.mean[columns], standardizer.scale[columns]
    if rows.ndim != 2 or rows.shape[1] != len(mean):
        raise ValueError(f"rows must have shape (n, {len(mean)}) to match the standardizer, got {tuple(rows.shape)}")
    return ((rows - mean.to(rows)) / scale.to(rows)).float()


def _mean_and_covariance(
    descriptors: torch.Tensor | Iterable[torch.Tensor],
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Mean (d,) and covariance (d, d; divisor n - 1) in float64, and the number of rows n, in one pass.

    Products are taken about the first block's mean, so that a large common offset does not cost precision.
    """
    origin, first, second, n_rows = torch.empty(0), torch.empty(0), torch.empty(0), 0
    for block in iterate_blocks(descriptors):
        if n_rows == 0:
            origin = block.mean(dim=0)
            first = torch.zeros_like(origin, dtype=torch.float64)
            second = first.new_zeros(len(origin), len(origin))
        for span_first, span_second in map_on_cores(partial(_moments_about, origin), spans_of(block)):
            first += span_first
            second += span_second
        n_rows += len(block)
    if n_rows == 0:
        raise ValueError("descriptors must hold at least one row, got none")
    first = first / n_rows
    covariance = (second - n_rows * torch.outer(first, first)) / max(1, n_rows - 1)
    return origin + first, covariance, n_rows


def _moments_about(origin: torch.Tensor, span: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    centered = span - origin
    return centered.sum(dim=0), centered.T @ centered


def _center_and_multiply(vectors: torch.Tensor, mean: torch.Tensor, matrix: torch.Tensor, name: str) -> torch.Tensor:
    """(x - mean) matrix, on every core: float32 (..., d) -> (..., k).

    Raises ValueError, which says `name`, if d differs from the mean's, or a vector is not finite.
    """
    if vectors.shape[-1] != len(mean):
        raise ValueError(f"{name} must have shape (..., {len(mean)}), got {tuple(vectors.shape)}")
    if is_exporting():
        return (vectors - mean) @ matrix
    rows = vectors.reshape(-1, len(mean))
    products = rows.new_empty(len(rows), matrix.shape[1])

    def multiply_span(span: tuple[torch.Tensor, torch.Tensor]) -> None:
        check_finite(span[0], name)
        torch.mm(span[0] - mean, matrix, out=span[1])

    map_on_cores(multiply_span, zip(spans_of(rows), spans_of(products), strict=True))
    return products.unflatten(0, vectors.shape[:-1])
