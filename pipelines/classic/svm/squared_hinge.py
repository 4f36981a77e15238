"""The squared hinge of k one-vs-rest problems over the same features, and its least value in a subspace.

    f(w) = 1/2 |w|^2 + sum_i c_i max(0, 1 - y_i w.x_i)^2           per class; x_i ends in a 1, the bias's feature
    gradient    w - 2 sum_i c_i y_i max(0, 1 - y_i w.x_i) x_i

Weights, gradients and directions are float32 (k, d + 1), scores (n, k); sums that decide a step are float64.
The weights that go in and out are w / scale, column by column: features of very different sizes, or of none that
float32 can square, then look alike to who searches, and f is the same.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix
from bakeoff.pipelines.classic.svm.direction_space import DirectionSpace

ClassWeight = Literal["balanced"] | Sequence[float] | np.ndarray | None
MAX_NEWTON_STEPS, MAX_LINE_SEARCH_STEPS = {torch.float32: 30, torch.float64: 300}, 30
# Of the objective: a Newton step that promises less is the last. Finer ones drown in the rounding of float32.
LEAST_PROMISE = 1e-9
LEAST_LENGTH = 2.0 ** (2 - MAX_LINE_SEARCH_STEPS)  # of a step: shorter, the line search has found no way down
# Of the Hessian's largest diagonal value: keeps a direction that no row and hardly the metric sees solvable.
RIDGE = 1e-13
TINY = 1e-30  # keeps 0 / 0 of a class without anything left to do at 0


@dataclass(frozen=True)
class SquaredHinge:
    """signs, costs: float32 (n, k), the y and c of the formulas.   scale: float32 (d + 1,).
    workers: for the passes over the features."""

    features: FeatureMatrix
    signs: torch.Tensor
    costs: torch.Tensor
    scale: torch.Tensor
    workers: Executor

    def scores(self, vectors: torch.Tensor) -> torch.Tensor:
        """X vectors^T, in one pass over the features: (m, d + 1) -> (n, m)."""
        vectors = vectors * self.scale
        return self.features.multiply(vectors[:, :-1], self.workers).add_(vectors[:, -1])

    def objective(self, weights: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """float64 (k,)."""
        losses = self.costs * (1 - self.signs * scores).clamp_min(0).square()
        lengths = (weights.double() * self.scale).square().sum(dim=1)
        return lengths / 2 + losses.sum(dim=0, dtype=torch.float64)

    def gradient(self, weights: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """By the weights that go in, in one pass. Raises ValueError if a feature is NaN or infinite."""
        slopes = (-2 * self.costs * self.signs * (1 - self.signs * scores).clamp_min(0)).float()
        gradient = weights * self.scale
        gradient[:, :-1] += self.features.multiply_transposed(slopes, self.workers)
        gradient[:, -1] += slopes.sum(dim=0)
        if not torch.isfinite(gradient).all():
            raise ValueError(
                "features must be finite and of moderate size, got NaN, infinity or an overflow of float32"
            )
        return gradient * self.scale

    def minimize_within(
        self, space: DirectionSpace, start: torch.Tensor, first_class: int = 0, *, precise: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Where in a space every class's f is least, without a pass.

        start: coordinates (m, q) of m classes from first_class on.   precise: all in float64, for twice the time.
        Returns such coordinates, float64 (m, q), and what is still to be gained there by Newton's method, float64 (m,).
        """
        scores = space.scores.double() if precise else space.scores

        def minimize(i: int) -> tuple[torch.Tensor, torch.Tensor]:
            signs, costs = (table[:, first_class + i].to(scores).contiguous() for table in (self.signs, self.costs))
            return minimize_class(scores, signs, costs, start[i], space.metric)

        reached, promises = zip(*self.workers.map(minimize, range(len(start))), strict=True)
        return torch.stack(reached), torch.stack(promises)


def minimize_class(
    scores: torch.Tensor, signs: torch.Tensor, costs: torch.Tensor, start: torch.Tensor, metric: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The a of least 1/2 a.M a + sum_i c_i max(0, 1 - y_i s_i.a)^2: Newton's method with an exact line search.

    scores: (n, q), the s, of the dtype to compute in.   signs, costs: (n,).   start: (q,).   metric: float64 (q, q),
    the M.   The Hessian is that of the active rows.
    Returns a, float64 (q,), and twice what the quadratic model promises of the step that was not taken, float64 ().
    """
    position, lacking, promise = start.double(), 1 - signs * (scores @ start.to(scores)), metric.new_zeros(())
    for _ in range(MAX_NEWTON_STEPS[scores.dtype] if len(start) else 0):
        active = (lacking > 0).nonzero()[:, 0]
        rows, violations, prices = scores[active], lacking[active], costs[active]
        weighted = rows * prices[:, None]
        gradient = metric @ position - 2 * (weighted.T @ (signs[active] * violations)).double()
        hessian = 2 * (weighted.T @ rows).double() + metric
        hessian.diagonal().add_(RIDGE * hessian.diagonal().max())
        step = -torch.linalg.solve(hessian, gradient)
        promise = (gradient @ step).abs()
        losses = (prices * violations.square()).sum(dtype=torch.float64)
        if -(gradient @ step) <= LEAST_PROMISE * (position @ metric @ position / 2 + losses):
            break
        gained = signs * (scores @ step.to(scores))
        across, along = float(position @ metric @ step), float(step @ metric @ step)
        length = line_search(lacking, gained, costs, across, along)
        position, lacking = position + length * step, lacking - length * gained
        if length <= LEAST_LENGTH:
            break
    return position, promise


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


def check_labels(features: FeatureMatrix, labels: np.ndarray | torch.Tensor, n_classes: int, C: float) -> torch.Tensor:  # noqa: N803
    """The labels as int64 (n,) on the device of the features; ValueError where they, C or a shape are out of range."""
    if C <= 0:
        raise ValueError(f"C must be positive, got {C}")
    if 0 in features.shape:
        raise ValueError(f"features must have shape (n, d) with n and d at least 1, got {features.shape}")
    labels = torch.as_tensor(labels)
    if labels.shape != (features.shape[0],) or labels.is_floating_point():
        expected = f"integers of shape ({features.shape[0]},) to match the features"
        raise ValueError(f"labels must be {expected}, got {labels.dtype} {tuple(labels.shape)}")
    least, most = int(labels.min()), int(labels.max())
    if least < 0 or most >= n_classes:
        raise ValueError(f"labels must lie in 0..{n_classes - 1}, got {least}..{most}")
    if least == most:
        raise ValueError(f"labels must hold at least two classes, got only class {least}")
    return labels.long().to(features.device)


def signs_and_costs(
    labels: torch.Tensor,
    n_classes: int,
    C: float,  # noqa: N803
    class_weight: ClassWeight,
) -> tuple[torch.Tensor, torch.Tensor]:
    """float32 (n, k) each."""
    own = torch.nn.functional.one_hot(labels, n_classes).float()
    signs = 2 * own - 1
    if class_weight is None:
        return signs, torch.full_like(signs, C)
    if isinstance(class_weight, str):
        balance = len(labels) / (n_classes * own.sum(dim=0).clamp_min(1))  # (k,)
    else:
        balance = torch.as_tensor(class_weight).to(own)
    if balance.shape != (n_classes,) or not (balance > 0).all():
        raise ValueError(f"class_weight must hold {n_classes} positive factors, got {class_weight}")
    others = balance.flip(0) if n_classes == 2 else torch.ones_like(balance)
    return signs, C * torch.where(own > 0, balance, others)
