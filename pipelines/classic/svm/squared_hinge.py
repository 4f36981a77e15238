"""The squared hinge of k one-vs-rest problems over the same features, and its least value in a subspace.

    f(w) = 1/2 |w|^2 + sum_i c_i max(0, 1 - y_i w.x_i)^2           per class; x_i ends in the bias feature
    gradient    w - 2 sum_i c_i y_i max(0, 1 - y_i w.x_i) x_i

Weights, gradients and directions are float32 (k, d + 1), scores float32 (n, k); sums that decide a step are float64.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

import torch

from bakeoff.pipelines.classic.matrix.feature_store import Features, multiply, multiply_transposed

MAX_NEWTON_STEPS = MAX_LINE_SEARCH_STEPS = 30
# Of the objective: a Newton step that promises less is the last. Finer ones drown in the rounding of float32.
LEAST_PROMISE = 1e-9
TINY = 1e-30  # keeps 0 / 0 of a class without anything left to do at 0


@dataclass(frozen=True)
class SquaredHinge:
    """signs, costs: float32 (n, k), the y and c of the formulas.   bias_feature: appended to every row.
    workers: for the passes over the features."""

    features: Features
    signs: torch.Tensor
    costs: torch.Tensor
    bias_feature: float
    workers: Executor

    def scores(self, vectors: torch.Tensor) -> torch.Tensor:
        """X vectors^T, in one pass over the features: (m, d + 1) -> (n, m)."""
        return multiply(self.features, vectors[:, :-1], self.workers).add_(self.bias_feature * vectors[:, -1])

    def objective(self, weights: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """float64 (k,)."""
        losses = self.costs * self._violations(scores).square()
        return weights.double().square().sum(dim=1) / 2 + losses.sum(dim=0, dtype=torch.float64)

    def gradient(self, weights: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """In one pass. Raises ValueError if a feature is NaN or infinite."""
        slopes = -2 * self.costs * self.signs * self._violations(scores)
        gradient = weights.clone()
        gradient[:, :-1] += multiply_transposed(self.features, slopes, self.workers)
        gradient[:, -1] += self.bias_feature * slopes.sum(dim=0)
        if not torch.isfinite(gradient).all():
            raise ValueError(
                "features must be finite and of moderate size, got NaN, infinity or an overflow of float32"
            )
        return gradient

    def minimize_within(self, scores: torch.Tensor, start: torch.Tensor, first_class: int = 0) -> torch.Tensor:
        """Where in the space of some orthonormal directions every class's f is least, without a pass.

        scores: float32 (n, q), of the directions.   start: coordinates (m, q) of m classes from first_class on.
        Returns such coordinates.
        """

        def minimize(i: int) -> torch.Tensor:
            c = first_class + i
            return minimize_class(scores, self.signs[:, c].contiguous(), self.costs[:, c].contiguous(), start[i])

        return torch.stack(list(self.workers.map(minimize, range(len(start)))))

    def _violations(self, scores: torch.Tensor) -> torch.Tensor:
        return (1 - self.signs * scores).clamp_min(0)


def minimize_class(scores: torch.Tensor, signs: torch.Tensor, costs: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
    """The a of least 1/2 |a|^2 + sum_i c_i max(0, 1 - y_i s_i.a)^2: Newton's method with an exact line search.

    scores: float32 (n, q), the s.   signs, costs: (n,).   start: (q,).   The Hessian is that of the active rows.
    """
    position, lacking = start.double(), 1 - signs * (scores @ start)
    for _ in range(MAX_NEWTON_STEPS):
        active = (lacking > 0).nonzero()[:, 0]
        rows, violations, prices = scores[active], lacking[active], costs[active]
        weighted = rows * prices[:, None]
        gradient = position - 2 * (weighted.T @ (signs[active] * violations)).double()
        hessian = 2 * (weighted.T @ rows).double()
        hessian.diagonal().add_(1)
        step = -torch.linalg.solve(hessian, gradient)
        losses = (prices * violations.square()).sum(dtype=torch.float64)
        if -(gradient @ step) <= LEAST_PROMISE * (position @ position / 2 + losses):
            break
        gained = signs * (scores @ step.float())
        length = line_search(lacking, gained, costs, float(position @ step), float(step @ step))
        position, lacking = position + length * step, lacking - length * gained
    return position.float()


def line_search(lacking: torch.Tensor, gained: torch.Tensor, costs: torch.Tensor, across: float, along: float) -> float:
    """The t >= 0 of least f(w + t p).

    lacking, gained: 1 - y_i w.x_i and y_i p.x_i, (n,).   across, along: w.p and p.p.
    Newton's method on the slope, which is piecewise linear and rises; bisection where it leaves the bracket.
    """
    length, low, high = 1.0, 0.0, float("inf")
    pull = costs * gained
    bends = pull * gained
    for _ in range(MAX_LINE_SEARCH_STEPS):
        violations = torch.add(lacking, gained, alpha=-length).clamp_min_(0)
        slope = across + length * along - 2 * float((pull * violations).sum(dtype=torch.float64))
        bend = along + 2 * float((bends * violations.sign_()).sum(dtype=torch.float64))
        low, high = (length, high) if slope < 0 else (low, length)
        proposed = length - slope / max(bend, TINY)
        if not low <= proposed <= high:
            proposed = (low + high) / 2
        change, length = abs(proposed - length), proposed
        if change <= 1e-4 * length:
            break
    return length


def row_dots(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Inner products of corresponding rows: float64 (k,)."""
    return (left * right).sum(dim=1, dtype=torch.float64)
