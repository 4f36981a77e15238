"""One-vs-rest linear SVM with the squared hinge, all classes at once: preconditioned L-BFGS with an exact line search.

For each class, with signs y_i = +1 for its rows and -1 for all others, and a constant b (`intercept_scaling`) appended
to every x_i, so that the bias is b times the last weight and is regularized with the others:

    min_w  f(w) = 1/2 |w|^2 + sum_i c_i max(0, 1 - y_i w.x_i)^2

c_i is C, times a class weight if asked. This is the objective of liblinear's L2R_L2LOSS_SVC and of scikit-learn's
`LinearSVC(loss="squared_hinge", intercept_scaling=b)`.

What costs time is reading the features, so passes over them are what the solver saves. A step takes two: one for the
scores of the direction of all k classes - with them the line search is exact and free - and one for the gradient. A
Nystrom sketch of X^T X preconditions every step, scaled by each class's share of active rows; it saves the many steps
that strong common directions cost L-BFGS. A relative precision of 1e-3 takes 6 to 10 steps on overlapping
classes, 30 where C is so large that classes separate; of 1e-6 about twice as many. A pass reads n * d values; memory
beyond the features is a few matrices (n, k) and about 30 (k, d).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch

from pipelines.classic.chunks import one_worker_per_core
from pipelines.classic.feature_store import Features, device_of, read_rows, row_chunks
from pipelines.classic.lbfgs import CurvaturePairs
from pipelines.classic.nystrom import GramSketch, sketch_gram
from pipelines.classic.squared_hinge import TINY, SquaredHinge, row_dots

ClassWeight = Literal["balanced"] | Sequence[float] | np.ndarray | None

# The stopping guess looks at this many steps, and trusts only shrinking factors between these two.
RATE_STEPS, FASTEST_RATE, SLOWEST_RATE = 4, 0.5, 0.9
# The proof is that f is 1-strongly convex: f(w) - f* <= |gradient|^2 / 2. On image features it is 100 to 1000 times too
# cautious, so the guess is believed once the proof is this near.
PROOF_SLACK = 100
GUESS_ERROR = (
    4  # with it, of 240 trials a few missed their tolerance, by a third at most, where C separates the classes
)


@dataclass(frozen=True)
class LinearSvm:
    """scores = features @ weights.T + bias.

    weights: float32 (k, d).   bias: float32 (k,).   objective: f summed over the classes.
    n_iterations: steps.   n_passes: times that all features were read.
    converged: whether the tolerance was reached within the allowed steps.
    """

    weights: np.ndarray
    bias: np.ndarray
    objective: float
    n_iterations: int
    n_passes: int
    converged: bool


@dataclass(frozen=True)
class Step:
    """One step, for progress: the objective before and after it, and the passes over the features so far."""

    before: float
    objective: float
    n_passes: int


def train_linear_svm(
    features: Features,
    labels: np.ndarray | torch.Tensor,
    *,
    n_classes: int,
    C: float,  # noqa: N803 - the field's name
    class_weight: ClassWeight = None,
    intercept_scaling: float = 1.0,
    tolerance: float = 1e-4,
    max_iterations: int = 1000,
    initial: LinearSvm | None = None,
    sketch: GramSketch | None = None,
    on_step: Callable[[Step], None] = lambda step: None,
) -> LinearSvm:
    """Train every class against the rest.

    features: (n, d), float32 or float16, read in chunks.   labels: int (n,), 0 .. n_classes-1; a class may be absent,
        but not all but one.
    class_weight: factors (k,) on the cost of every class's own rows - with two classes, of the other rows too - as in
        scikit-learn; "balanced" stands for n / (n_classes * rows of the class).
    tolerance: how far above its optimum, relatively, the objective may be (`_is_within` says how that is known).
    initial: start from these weights.   sketch: of the same features, to share between calls.
    Raises ValueError if a setting or label is out of range, shapes disagree, or a feature is NaN or infinite.
    """
    signs, costs = _signs_and_costs(check_labels(features, labels, n_classes, C), n_classes, C, class_weight)
    sketch = sketch or sketch_gram(features, bias_feature=float(intercept_scaling))
    with one_worker_per_core() as workers:
        problem = SquaredHinge(features, signs, costs, float(intercept_scaling), workers)
        return _minimize(problem, initial, sketch, tolerance, max_iterations, on_step)


def _minimize(
    problem: SquaredHinge,
    initial: LinearSvm | None,
    sketch: GramSketch,
    tolerance: float,
    max_iterations: int,
    on_step: Callable[[Step], None],
) -> LinearSvm:
    weights, scores, n_passes = _start(initial, problem)
    gradient, n_passes = problem.gradient(weights, scores), n_passes + 1
    objectives, pairs, converged = [problem.objective(weights, scores)], CurvaturePairs(), False
    while len(objectives) <= max_iterations and not converged:
        precondition = partial(sketch.precondition, strengths=problem.curvature_strengths(scores))
        direction = pairs.direction(gradient, precondition)
        direction_scores = problem.scores(direction)
        lengths = problem.line_search(weights, scores, direction, direction_scores)
        scores += lengths * direction_scores
        moved = lengths[:, None] * direction
        weights = weights + moved
        objectives.append(problem.objective(weights, scores))
        previous, gradient = gradient, problem.gradient(weights, scores)
        pairs.remember(moved, gradient - previous)
        n_passes += 2
        on_step(Step(float(objectives[-2].sum()), float(objectives[-1].sum()), n_passes))
        converged = _is_within(tolerance, objectives, gradient)
    return LinearSvm(
        weights=weights[:, :-1].contiguous().cpu().numpy(),
        bias=problem.bias_feature * weights[:, -1].cpu().numpy(),
        objective=float(objectives[-1].sum()),
        n_iterations=len(objectives) - 1,
        n_passes=n_passes,
        converged=converged,
    )


def predict_scores(features: Features, svm: LinearSvm) -> np.ndarray:
    """float32 (n, k): the signed distance from every class's plane, times |weights|.

    Raises ValueError if the features do not have the svm's d columns.
    """
    if len(features.shape) != 2 or features.shape[1] != svm.weights.shape[1]:
        expected = svm.weights.shape[1]
        raise ValueError(f"features must have shape (n, {expected}) to match the svm, got {tuple(features.shape)}")
    device = device_of(features)
    transposed, bias = torch.from_numpy(svm.weights.T).to(device), torch.from_numpy(svm.bias).to(device)
    scores = np.empty((features.shape[0], len(svm.bias)), np.float32)
    for rows in row_chunks(features):
        scores[rows] = torch.addmm(bias, read_rows(features, rows), transposed).cpu().numpy()
    return scores


@dataclass(frozen=True)
class CostChoice:
    """The C of the best validation accuracy; among equals the smallest.

    trials: for every C, `{"settings": {"C": c}, "validation_score": accuracy, "seconds": s}`.
    """

    C: float
    svm: LinearSvm
    trials: tuple[dict[str, Any], ...]


def choose_cost(
    features: Features,
    labels: np.ndarray | torch.Tensor,
    validation_features: Features,
    validation_labels: np.ndarray,
    *,
    costs: Sequence[float],
    clock: Callable[[], float],
    n_classes: int,
    **settings: Any,
) -> CostChoice:
    """Train with every C, from small to large, each from the solution before; they share one sketch.

    costs: the C to try.   clock: returns seconds, such as time.perf_counter.   settings: of `train_linear_svm`.
    Raises ValueError if costs is empty, and as `train_linear_svm` does.
    """
    if not costs:
        raise ValueError("costs must hold at least one C, got none")
    check_labels(features, labels, n_classes, min(costs))
    sketch = sketch_gram(features, bias_feature=settings.get("intercept_scaling", 1.0))
    svm, svms, accuracies, trials = None, [], [], []
    for cost in sorted(costs):
        start = clock()
        svm = train_linear_svm(features, labels, n_classes=n_classes, C=cost, initial=svm, sketch=sketch, **settings)
        accuracy = float((predict_scores(validation_features, svm).argmax(axis=1) == validation_labels).mean())
        svms.append(svm)
        accuracies.append(accuracy)
        trials.append({"settings": {"C": cost}, "validation_score": accuracy, "seconds": clock() - start})
    best = int(np.argmax(accuracies))
    return CostChoice(sorted(costs)[best], svms[best], tuple(trials))


def check_labels(features: Features, labels: np.ndarray | torch.Tensor, n_classes: int, C: float) -> torch.Tensor:  # noqa: N803
    """The labels as int64 (n,) on the device of the features; ValueError where they, C or a shape are out of range."""
    if C <= 0:
        raise ValueError(f"C must be positive, got {C}")
    if len(features.shape) != 2 or 0 in features.shape:
        raise ValueError(f"features must have shape (n, d) with n and d at least 1, got {tuple(features.shape)}")
    labels = torch.as_tensor(labels)
    if labels.shape != (features.shape[0],) or labels.is_floating_point():
        expected = f"integers of shape ({features.shape[0]},) to match the features"
        raise ValueError(f"labels must be {expected}, got {labels.dtype} {tuple(labels.shape)}")
    least, most = int(labels.min()), int(labels.max())
    if least < 0 or most >= n_classes:
        raise ValueError(f"labels must lie in 0..{n_classes - 1}, got {least}..{most}")
    if least == most:
        raise ValueError(f"labels must hold at least two classes, got only class {least}")
    return labels.long().to(device_of(features))


def _signs_and_costs(
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


def _start(initial: LinearSvm | None, problem: SquaredHinge) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Weights float32 (k, d + 1), the last column for the bias feature; their scores; the passes that these took."""
    n_classes, d = problem.signs.shape[1], problem.features.shape[1]
    if initial is None:
        return torch.zeros(n_classes, d + 1, device=problem.signs.device), torch.zeros_like(problem.signs), 0
    if initial.weights.shape != (n_classes, d):
        raise ValueError(f"initial.weights must have shape {(n_classes, d)} (classes, d), got {initial.weights.shape}")
    last = initial.bias[:, None] / problem.bias_feature
    weights = torch.from_numpy(np.hstack([initial.weights, last])).float().to(problem.signs.device)
    return weights, problem.scores(weights), 1


def _is_within(tolerance: float, objectives: list[torch.Tensor], gradient: torch.Tensor) -> bool:
    """Whether the objective is within tolerance of its optimum: proven, or guessed and proven for PROOF_SLACK times it.

    The guess: the decreases of every class go on shrinking at the rate of the latest steps.
    """
    allowed = tolerance * float(objectives[-1].sum())
    bound = float(row_dots(gradient, gradient).sum()) / 2
    if bound <= allowed or bound > PROOF_SLACK * allowed or len(objectives) < 4:
        return bound <= allowed
    decreases = -torch.stack(objectives[-1 - RATE_STEPS :]).diff(dim=0).clamp_max(-TINY)
    rate = (decreases[-1] / decreases[0]).pow(1 / (len(decreases) - 1)).clamp(FASTEST_RATE, SLOWEST_RATE)
    return GUESS_ERROR * float((decreases[-1] * rate / (1 - rate)).sum()) <= allowed
