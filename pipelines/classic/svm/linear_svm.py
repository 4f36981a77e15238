"""One-vs-rest linear SVM with the squared hinge, all classes at once, by a search in a growing shared subspace.

For each class, with signs y_i = +1 for its rows and -1 for all others, and a constant 1 appended to every x_i, so that
the bias is the last weight and is regularized with the others:

    min_w  f(w) = 1/2 |w|^2 + sum_i c_i max(0, 1 - y_i w.x_i)^2

c_i is C, times a class weight if asked. This is the objective of liblinear's L2R_L2LOSS_SVC and of scikit-learn's
`LinearSVC(loss="squared_hinge")`.

What costs time is reading the features, so passes over them are what the solver saves. A step takes two: one for the
gradients of all k classes, one for the scores of the rows along those gradients. The gradients join a space of
directions whose scores are known, and every class then goes to its minimum over the whole space - the gradients of the
other classes and of all earlier steps included - without a pass. A relative precision of 1e-3 takes 3 to 5 steps on
overlapping classes, 12 on separable ones; half of what L-BFGS takes with a Nystrom preconditioner. The space does not
depend on C: the next C starts from the minimum over it. A pass reads n * d values; memory beyond the features is the
space, at most MOST_DIRECTIONS rows of length n and of length d for every CLASSES_TOGETHER classes.

Where a gradient lies in the space, so that nothing new is to be had, the minimum over the space was not precise enough:
from then on it is computed in float64, and at the end the objective is taken of the weights themselves. Columns of very
different size are scaled (`column_scale`); the objective stays that of the features as they are.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix, Features, as_matrix
from bakeoff.pipelines.classic.svm.direction_space import DirectionSpace, column_scale, empty_space
from bakeoff.pipelines.classic.svm.squared_hinge import TINY, ClassWeight, SquaredHinge, check_labels, signs_and_costs
from bakeoff.pipelines.machine.cores import one_worker_per_core

# Classes that search one space together. The work inside a space grows with the cube of their number, and hardly helps
# beyond some: with a hundred classes it would cost more than the passes.
CLASSES_TOGETHER = 16
# The stopping guess looks at this many steps, and trusts only shrinking factors between these two.
RATE_STEPS, FASTEST_RATE, SLOWEST_RATE = 4, 0.5, 0.9
# The proof is that f is 1-strongly convex: f(w) - f* <= |gradient|^2 / 2. On image features it is 100 to 1000 times too
# cautious, so the guess is believed once the proof is this near.
PROOF_SLACK = 100
# With it, of 240 trials a few missed their tolerance, by a third at most, where C separates the classes.
GUESS_ERROR = 4


@dataclass(frozen=True)
class LinearSvm:
    """scores = features @ weights.T + bias.

    weights: float32 (k, d).   bias: float32 (k,).
    Of the search that found them, the rest: objective: f summed over the classes.   n_iterations: steps.
    n_passes: times that all features were read.
    converged: whether the tolerance is known to be reached; never where float32 or the allowed steps do not suffice.
    """

    weights: np.ndarray
    bias: np.ndarray
    objective: float = math.nan
    n_iterations: int = 0
    n_passes: int = 0
    converged: bool = True


# Told of every step, for progress: the objective after it, and the passes over the features so far.
OnStep = Callable[[float, int], None]


def train_linear_svm(
    features: Features,
    labels: np.ndarray | torch.Tensor,
    *,
    n_classes: int,
    C: float,  # noqa: N803 - the field's name
    class_weight: ClassWeight = None,
    tolerance: float = 1e-4,
    max_iterations: int = 1000,
    initial: LinearSvm | None = None,
    spaces: list[DirectionSpace] | None = None,
    on_step: OnStep = lambda objective, n_passes: None,
) -> LinearSvm:
    """Train every class against the rest.

    features: (n, d), float32 or float16, read in chunks.   labels: int (n,), 0 .. n_classes-1; a class may be absent,
        but not all but one.
    class_weight: factors (k,) on the cost of every class's own rows - with two classes, of the other rows too - as in
        scikit-learn; "balanced" stands for n / (n_classes * rows of the class).
    tolerance: how far above its optimum, relatively, the objective may be (`_is_within` says how that is known).
    initial: start from these weights.   spaces: what earlier calls with the same features have learned about them, []
        at first; this call adds to it.
    Raises ValueError if a setting or label is out of range, shapes disagree, or a feature is NaN or infinite.
    """
    features = as_matrix(features)
    signs, costs = signs_and_costs(check_labels(features, labels, n_classes, C), n_classes, C, class_weight)
    spaces = [] if spaces is None else spaces
    with one_worker_per_core() as workers:
        scale = spaces[0].scale if spaces else column_scale(features, float(costs.mean()))
        problem = SquaredHinge(features, signs, costs, scale, workers)
        spaces[:] = spaces or [empty_space(features.shape[0], scale) for _ in _together(n_classes)]
        return _minimize(problem, spaces, initial, tolerance, max_iterations, on_step)


def with_more_rows(spaces: list[DirectionSpace], features: FeatureMatrix) -> list[DirectionSpace]:
    """The spaces for a training on the rows that they are of, and below them those of the features (m, d)."""
    extended = []
    with one_worker_per_core() as workers:
        for space in spaces:
            vectors = space.directions * space.scale
            scores = features.multiply(vectors[:, :-1], workers).add_(vectors[:, -1])
            extended.append(replace(space, scores=torch.cat([space.scores, scores])))
    return extended


def _minimize(
    problem: SquaredHinge,
    spaces: list[DirectionSpace],
    initial: LinearSvm | None,
    tolerance: float,
    max_iterations: int,
    on_step: OnStep,
) -> LinearSvm:
    weights = _start(initial, problem)
    n_passes = _widen(spaces, weights, problem)
    weights, scores, _ = _descend(spaces, weights, problem)
    gradient, n_passes = problem.gradient(weights, scores), n_passes + 1
    objectives = [problem.objective(weights, scores)]
    converged = precise = stuck = False
    while len(objectives) <= max_iterations and not converged and not stuck:
        widened = _widen(spaces, gradient, problem)
        stuck, precise = precise and not widened, precise or not widened
        weights, scores, promise = _descend(spaces, weights, problem, precise=precise)
        objectives.append(problem.objective(weights, scores))
        gradient, n_passes = problem.gradient(weights, scores), n_passes + widened + 1
        on_step(float(objectives[-1].sum()), n_passes)
        rest, promise = (gradient, 0.0) if widened else (_outside(spaces, gradient), promise)
        converged = _is_within(tolerance, objectives, rest / problem.scale, promise)
    objective = float(objectives[-1].sum())
    if precise:  # the features were hard on float32: what the weights themselves reach is what counts
        claimed, objective = objective, float(problem.objective(weights, problem.scores(weights)).sum())
        converged, n_passes = converged and objective <= claimed * (1 + tolerance), n_passes + 1
    weights = weights * problem.scale
    return LinearSvm(
        weights=weights[:, :-1].contiguous().cpu().numpy(),
        bias=weights[:, -1].cpu().numpy(),
        objective=objective,
        n_iterations=len(objectives) - 1,
        n_passes=n_passes,
        converged=converged,
    )


def _outside(spaces: list[DirectionSpace], rows: torch.Tensor) -> torch.Tensor:
    groups = zip(spaces, _together(len(rows)), strict=True)
    return torch.cat([space.outside(rows[group]) for space, group in groups])


def _together(n_classes: int) -> list[slice]:
    """Even groups of at most CLASSES_TOGETHER classes."""
    n_groups = -(-n_classes // CLASSES_TOGETHER)
    edges = [n_classes * i // n_groups for i in range(n_groups + 1)]
    return [slice(*pair) for pair in pairwise(edges)]


def _widen(spaces: list[DirectionSpace], candidates: torch.Tensor, problem: SquaredHinge) -> int:
    """Add what is new in the classes' candidates (k, d + 1) to their spaces; the passes that it took, 0 or 1."""
    new = [space.new_in(candidates[group]) for space, group in zip(spaces, _together(len(candidates)), strict=True)]
    if not any(map(len, new)):
        return 0
    scores = problem.scores(torch.cat(new)).split([len(directions) for directions in new], dim=1)
    for space, directions, along in zip(spaces, new, scores, strict=True):
        space.add(directions, along)
    return 1


def _descend(
    spaces: list[DirectionSpace], weights: torch.Tensor, problem: SquaredHinge, *, precise: bool = False
) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Every class's minimum over its space, and its scores: float32 (k, d + 1), (n, k). weights: of these spaces.

    precise: computed in float64, and so are the scores.   Returns also what `minimize_within` left, over all classes.
    """
    scores, left = torch.empty_like(problem.signs, dtype=torch.float64 if precise else torch.float32), 0.0
    for space, group in zip(spaces, _together(len(weights)), strict=True):
        start = space.coordinates(weights[group])
        reached, promises = problem.minimize_within(space, start, group.start, precise=precise)
        weights[group] = reached.float() @ space.directions
        scores[:, group] = space.scores.to(scores) @ reached.T.to(scores)
        space.shrink(reached.float())
        left += float(promises.sum())
    return weights, scores, left


def predict_scores(features: Features, svm: LinearSvm) -> np.ndarray:
    """float32 (n, k): the signed distance from every class's plane, times |weights|.

    Raises ValueError if the features do not have the svm's d columns.
    """
    features, expected = as_matrix(features), svm.weights.shape[1]
    if features.shape[1] != expected:
        raise ValueError(f"features must have shape (n, {expected}) to match the svm, got {features.shape}")
    weights, bias = (torch.from_numpy(array).to(features.device) for array in (svm.weights, svm.bias))
    with one_worker_per_core() as workers:
        return features.multiply(weights, workers).add_(bias).cpu().numpy()


def _start(initial: LinearSvm | None, problem: SquaredHinge) -> torch.Tensor:
    """Weights float32 (k, d + 1), the last column for the bias feature."""
    n_classes, d = problem.signs.shape[1], problem.features.shape[1]
    if initial is None:
        return torch.zeros(n_classes, d + 1, device=problem.signs.device)
    if initial.weights.shape != (n_classes, d):
        raise ValueError(f"initial.weights must have shape {(n_classes, d)} (classes, d), got {initial.weights.shape}")
    weights = torch.from_numpy(np.hstack([initial.weights, initial.bias[:, None]])).float()
    return weights.to(problem.signs.device) / problem.scale


def _is_within(tolerance: float, objectives: list[torch.Tensor], gradient: torch.Tensor, promise: float) -> bool:
    """Whether the objective is within tolerance of its optimum: proven, or guessed and proven for PROOF_SLACK times it.

    The guess: the decreases of every class go on shrinking at the rate of the latest steps.
    """
    allowed = tolerance * float(objectives[-1].sum())
    bound = float(gradient.square().sum(dim=1, dtype=torch.float64).sum()) / 2 + promise
    if bound <= allowed or bound > PROOF_SLACK * allowed or len(objectives) < 4:
        return bound <= allowed
    decreases = -torch.stack(objectives[-1 - RATE_STEPS :]).diff(dim=0).clamp_max(-TINY)
    rate = (decreases[-1] / decreases[0]).pow(1 / (len(decreases) - 1)).clamp(FASTEST_RATE, SLOWEST_RATE)
    return GUESS_ERROR * float((decreases[-1] * rate / (1 - rate)).sum()) <= allowed
