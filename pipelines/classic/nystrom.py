"""A preconditioner from a thin sketch of the features: it makes linear solvers indifferent to a few strong directions.

Image features share strong directions (their mean above all), and the Hessian I + c X^T X of a regularized linear model
is then badly conditioned. The Nystrom approximation X^T X ~ U L U^T of rank r costs two thin products and removes the r
strongest. Source: Frangella, Tropp, Udell, Randomized Nystrom Preconditioning, SIAM J. Matrix Anal. Appl. 2023,
algorithms 2.1 and 5.1. Differs: the Gram matrix is that of evenly spaced blocks of rows, scaled up to all rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from pipelines.classic.chunks import one_worker_per_core
from pipelines.classic.feature_store import Features, device_of, read_rows

RANK = 128  # its sketch costs about as much as three passes over a 10-class problem, and saves more
BLOCK_ROWS = 64  # read together; many small blocks cover matrices whose rows are sorted by class
N_PARTS = 4  # of the blocks, for the cores; a constant, so that results do not depend on their number
LEAST_ROWS, SHARE_OF_ROWS = 2048, 1 / 5  # of the sketch: directions as strong as these show in few rows


@dataclass(frozen=True)
class GramSketch:
    """X^T X is close to vectors @ diag(values) @ vectors.T, X having a last column of bias features.

    vectors: float32 (d + 1, r), orthonormal columns.   values: float32 (r,), not negative, descending.
    """

    vectors: torch.Tensor
    values: torch.Tensor

    def precondition(self, residuals: torch.Tensor, strengths: torch.Tensor) -> torch.Tensor:
        """(I + c X^T X)^-1 residual, up to a factor: with c L as it is on U, and c times the least value elsewhere.

        residuals: float32 (k, d + 1).   strengths: float32 (k,), the c of every row.   Returns float32 (k, d + 1).
        """
        curvatures = 1 + strengths[:, None] * self.values  # (k, r)
        corrections = curvatures[:, -1:] / curvatures - 1
        return residuals + (residuals @ self.vectors * corrections) @ self.vectors.T


def sketch_gram(features: Features, *, bias_feature: float, rank: int = RANK) -> GramSketch:
    """Sketch X^T X from a share of the rows; deterministic.

    features: (n, d).   bias_feature: the constant appended to every row.   The rank is at most the number of rows read
    and d + 1. Memory: six float32 matrices (d + 1, rank).
    Raises ValueError if a feature that was read is NaN or infinite.
    """
    n, d = features.shape
    starts = _block_starts(n)
    n_read = sum(min(BLOCK_ROWS, n - start) for start in starts)
    test = torch.randn(d + 1, min(rank, n_read, d + 1), generator=torch.Generator().manual_seed(0))
    test = test.to(device_of(features))

    def multiply(some_starts: list[int]) -> torch.Tensor:
        """X^T X test, over the rows of some blocks."""
        product = torch.zeros_like(test)
        for start in some_starts:
            rows = read_rows(features, slice(start, min(start + BLOCK_ROWS, n)))
            projected = rows @ test[:-1] + bias_feature * test[-1]
            product[:-1].addmm_(rows.T, projected)
            product[-1] += bias_feature * projected.sum(dim=0)
        return product

    with one_worker_per_core() as workers:
        test = torch.linalg.qr(test).Q.contiguous()
        sketch = sum(workers.map(multiply, [starts[i::N_PARTS] for i in range(N_PARTS)]), torch.zeros_like(test))
        if not torch.isfinite(sketch).all():
            raise ValueError(
                "features must be finite and of moderate size, got NaN, infinity or an overflow of float32"
            )
        return _from_products(test, sketch * (n / n_read))


def _block_starts(n: int) -> list[int]:
    if n <= LEAST_ROWS:
        return list(range(0, n, BLOCK_ROWS))
    n_blocks = max(LEAST_ROWS, int(n * SHARE_OF_ROWS)) // BLOCK_ROWS
    return [(2 * block + 1) * n // (2 * n_blocks) - BLOCK_ROWS // 2 for block in range(n_blocks)]


def _from_products(test: torch.Tensor, sketch: torch.Tensor) -> GramSketch:
    """A (test)(test^T A test)^-1 (A test)^T by a shifted Cholesky factor: stable where A has no full rank."""
    test, sketch = test.double(), sketch.double()
    shift = 1e-5 * float(torch.linalg.matrix_norm(sketch)) + torch.finfo(torch.float32).tiny
    shifted = sketch + shift * test
    core = test.T @ shifted
    factor = torch.linalg.cholesky((core + core.T) / 2)
    root = torch.linalg.solve_triangular(factor, shifted.T, upper=False).T  # (d + 1, r)
    # The shift keeps the root's condition below 1e3, so its Gram matrix tells its singular vectors well enough.
    values, right = torch.linalg.eigh(root.T @ root)
    values, right = values.flip(0).clamp_min(shift), right.flip(1)
    return GramSketch((root @ right / values.sqrt()).float(), (values - shift).float())
