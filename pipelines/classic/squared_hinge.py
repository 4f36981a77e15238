"""The squared hinge of k one-vs-rest problems over the same features: objective, gradient, exact line search.

    f(w) = 1/2 |w|^2 + sum_i c_i max(0, 1 - y_i w.x_i)^2           per class; x_i ends in the bias feature
    gradient    w - 2 sum_i c_i y_i max(0, 1 - y_i w.x_i) x_i

Weights, gradients and directions are float32 (k, d + 1), scores float32 (n, k); sums that decide a step are float64.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

import torch

from pipelines.classic.feature_store import Features, accumulate

MAX_LINE_SEARCH_STEPS = 30
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
        """X vectors^T, in one pass over the features."""
        scores = torch.empty_like(self.signs)
        bias = self.bias_feature * vectors[:, -1]

        def visit(rows: slice, x: torch.Tensor, total: torch.Tensor) -> None:
            # twice as fast as x @ vectors.T, whose result has few columns
            torch.add((vectors[:, :-1] @ x.T).T, bias, out=scores[rows])

        accumulate(self.features, (), visit, self.workers)
        return scores

    def objective(self, weights: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """float64 (k,)."""
        losses = self.costs * self._violations(scores).square()
        return weights.double().square().sum(dim=1) / 2 + losses.sum(dim=0, dtype=torch.float64)

    def gradient(self, weights: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """In one pass. Raises ValueError if a feature is NaN or infinite."""
        slopes = -2 * self.costs * self.signs * self._violations(scores)

        def visit(rows: slice, x: torch.Tensor, total: torch.Tensor) -> None:
            total[:, :-1].addmm_(slopes[rows].T, x)

        gradient = weights + accumulate(self.features, tuple(weights.shape), visit, self.workers)
        gradient[:, -1] += self.bias_feature * slopes.sum(dim=0)
        if not torch.isfinite(gradient).all():
            raise ValueError(
                "features must be finite and of moderate size, got NaN, infinity or an overflow of float32"
            )
        return gradient

    def curvature_strengths(self, scores: torch.Tensor) -> torch.Tensor:
        """The s of the Hessian's approximation I + s X^T X: the mean of 2 c, or 0 where not active. float32 (k,)."""
        return 2 * (self.costs * (self._violations(scores) > 0)).mean(dim=0)

    def line_search(
        self, weights: torch.Tensor, scores: torch.Tensor, direction: torch.Tensor, direction_scores: torch.Tensor
    ) -> torch.Tensor:
        """The t >= 0 of every class that minimizes f(w + t direction), from scores alone, without a pass: float32 (k,).

        Newton's method on the slope, which is piecewise linear and rises; bisection where it leaves the bracket.
        """
        across, along = row_dots(weights, direction), row_dots(direction, direction)
        lengths, low, high = torch.ones_like(across), torch.zeros_like(across), torch.full_like(across, torch.inf)
        pull = self.costs * direction_scores
        for _ in range(MAX_LINE_SEARCH_STEPS):
            violations = self._violations(scores + lengths.float() * direction_scores)
            slope = across + lengths * along - 2 * (pull * self.signs * violations).sum(dim=0, dtype=torch.float64)
            bend = along + 2 * (pull * direction_scores * (violations > 0)).sum(dim=0, dtype=torch.float64)
            low, high = torch.where(slope < 0, lengths, low), torch.where(slope > 0, lengths, high)
            proposed = lengths - slope / bend.clamp_min(TINY)
            proposed = torch.where((proposed < low) | (proposed > high), (low + high) / 2, proposed)
            moved, lengths = (proposed - lengths).abs(), proposed
            if (moved <= 1e-4 * lengths).all():
                break
        return lengths.float()

    def _violations(self, scores: torch.Tensor) -> torch.Tensor:
        return (1 - self.signs * scores).clamp_min(0)


def row_dots(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Inner products of corresponding rows: float64 (k,)."""
    return (left * right).sum(dim=1, dtype=torch.float64)
