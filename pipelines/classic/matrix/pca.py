"""Principal component analysis: of descriptors from their covariance, of whole pictures by a randomized method."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import scipy.linalg
import torch

from bakeoff.pipelines.classic.matrix.covariance import center_and_multiply, mean_and_covariance
from bakeoff.pipelines.machine.chunks import iterate_blocks

# Directions with less than this share of the largest variance are rounding error: whitening maps them to zero.
SMALLEST_VARIANCE_SHARE = 1e-12
# More directions than asked for, and products with the covariance that turn them towards the largest: the variances of
# pictures fall fast, and those of all directions that are kept are then right to a percent.
OVERSAMPLING, N_PRODUCTS = 16, 3


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
    mean, covariance, n_rows = mean_and_covariance(descriptors)
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
    return center_and_multiply(descriptors, pca.mean, pca.components.T, "descriptors")
