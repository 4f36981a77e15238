"""One-vs-rest linear SVM by averaged stochastic gradient descent over a stream: features that need never be together.

For each class, with signs y_i = +1 for its rows and -1 for all others, and a constant 1 appended to every x_i, so that
the bias is a weight as the others:

    min_w  1/2 |w|^2 + C sum_i c_i loss(y_i w.x_i),   loss(m) = max(0, 1 - m)^2

c_i is `positive_weight` for the class's own rows, else 1. Divided by n C it is lambda / 2 |w|^2 + mean loss with
lambda = 1 / (n C). A mini-batch B moves all classes at once, in two matrix products:

    w <- w - gamma_t (lambda w + mean_B c_i loss'(y_i w.x_i) y_i x_i),    gamma_t = gamma_0 (1 + lambda gamma_0 t)^-3/4

The bias moves at gamma_t times the largest mean square of the features along any direction, if that is below 1. Its own
feature is the constant 1: against vectors of unit length in thousands of dimensions, whose mean square along any
direction is about 0.01, it would be the steepest valley by far, and bound gamma for all other weights.

The rate is Xu's and Bottou's for averaging (Xu, arXiv:1107.2490, 2011; Bottou, Stochastic gradient descent tricks,
2012); gamma_0 is found as Bottou does, by trial on the first chunk. What is returned is the average of all w_t with
weights that grow as t^POWER (Shamir and Zhang, ICML 2013, equation 4): it forgets the start, and so needs no further
setting that says when averaging begins. The balance of positives to negatives, and stopping early as a regularizer, are
choices for validation (Perronnin, Akata, Harchaoui, Schmid, CVPR 2012), and so for the caller.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

# Starts a new round over the stream with every call: features float32 (n, d) and labels int64 (n,) of every chunk.
Chunks = Callable[[], Iterable[tuple[Tensor, Tensor]]]
POWER = 3
TRIAL_ROWS = 1000
TRIAL_FACTORS = tuple(2.0**power for power in range(-6, 9))  # of 1 / mean |x|^2, the step that solves one row
POWER_ITERATIONS = 20  # for the largest mean square; an error of some percent does no harm


@dataclass(frozen=True)
class SgdSettings:
    """C, positive_weight: of the objective above.

    batch_size: rows a step; larger ones use the processor better and make fewer steps.
    """

    C: float = 1.0
    positive_weight: float = 1.0
    batch_size: int = 32

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"{name} must be positive, got {value}")


def descend(chunks: Chunks, n_samples: int, n_classes: int, settings: SgdSettings, *, seed: int) -> Iterator["Descent"]:
    """Train every class against the rest, rows in random order within their chunk; the same descent after every epoch,
    for as many as are asked for.

    chunks: mix the classes, for only their inside is shuffled.   n_samples: rows of an epoch.
    gamma_0 is the best of TRIAL_FACTORS / mean |x|^2 on TRIAL_ROWS rows of the first chunk.
    Raises ValueError if a feature or weight is not finite.
    """
    generator = torch.Generator().manual_seed(seed)
    descent: Descent | None = None
    while True:
        for features, labels in chunks():
            descent = descent or _start(features, labels, n_classes, n_samples, settings)
            order = torch.randperm(len(features), generator=generator).to(features.device)
            for rows in order.split(settings.batch_size):
                descent.step(features[rows], labels[rows])
        assert descent is not None
        if not torch.isfinite(descent.average).all():
            raise ValueError(
                f"the weights are not finite after {descent.n_steps} steps: the features hold NaN or infinity, or the "
                f"learning rate {descent.first_rate:g} is too large"
            )
        yield descent


class Descent:
    """weights, average: float32 (k, d), and the same of the bias (k,).   first_rate: gamma_0.

    A linear SVM is the average: scores = features @ average.T + average_bias.
    """

    def __init__(self, start: Tensor, settings: SgdSettings, shrinkage: float, first_rate: float, bias_rate: float):
        self.weights, self.bias = start.clone(), start.new_zeros(len(start))
        self.average, self.average_bias = self.weights.clone(), self.bias.clone()
        self.settings, self.n_steps = settings, 0
        self.shrinkage, self.first_rate, self.bias_rate = shrinkage, first_rate, bias_rate

    def step(self, features: Tensor, labels: Tensor) -> None:
        """One mini-batch: features (b, d), labels (b,)."""
        rate = self.first_rate * (1 + self.shrinkage * self.first_rate * self.n_steps) ** -0.75
        scores, signs, costs = self._scores_signs_and_costs(features, labels)
        slopes = -2 * costs * signs * (1 - signs * scores).clamp_min(0)  # (b, k)
        self.weights.addmm_(slopes.T, features, beta=1 - rate * self.shrinkage, alpha=-rate / len(features))
        bias_rate = rate * self.bias_rate
        self.bias.mul_(1 - bias_rate * self.shrinkage).sub_(slopes.mean(dim=0), alpha=bias_rate)
        share = (POWER + 1) / (self.n_steps + POWER + 1)
        self.average.lerp_(self.weights, share)
        self.average_bias.lerp_(self.bias, share)
        self.n_steps += 1

    def mean_objective(self, features: Tensor, labels: Tensor) -> float:
        """lambda / 2 |w|^2 + mean loss of the current weights, summed over classes; infinite after an overflow."""
        scores, signs, costs = self._scores_signs_and_costs(features, labels)
        losses = (1 - signs * scores).clamp_min(0).square()
        norm = self.weights.square().sum() + self.bias.square().sum()
        value = float(self.shrinkage / 2 * norm + (costs * losses).sum(dim=1).mean())
        return value if np.isfinite(value) else np.inf

    def _scores_signs_and_costs(self, features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """float32 (b, k) each."""
        own = torch.nn.functional.one_hot(labels, len(self.weights)).float()
        costs = 1 + (self.settings.positive_weight - 1) * own
        return torch.addmm(self.bias, features, self.weights.T), 2 * own - 1, costs


def _start(features: Tensor, labels: Tensor, n_classes: int, n_samples: int, settings: SgdSettings) -> Descent:
    """A descent at 0 with the learning rate that did best on the first rows."""
    order = torch.randperm(len(features), generator=torch.Generator().manual_seed(0))[:TRIAL_ROWS].to(features.device)
    features, labels = features[order], labels[order]
    zeros = features.new_zeros(n_classes, features.shape[1])
    shrinkage, bias_rate = 1 / (n_samples * settings.C), min(1.0, _largest_mean_square(features))
    base = 1 / max(1 + float(features.square().sum(dim=1).mean()), 1e-12)

    def trial(rate: float) -> float:
        attempt = Descent(zeros, settings, shrinkage, rate, bias_rate)
        for batch in zip(features.split(settings.batch_size), labels.split(settings.batch_size), strict=True):
            attempt.step(*batch)
        return attempt.mean_objective(features, labels)

    rate = min((base * factor for factor in TRIAL_FACTORS), key=trial)
    return Descent(zeros, settings, shrinkage, rate, bias_rate)


def _largest_mean_square(features: Tensor) -> float:
    """max over unit vectors v of mean_i (v . x_i)^2, by power iteration from the longest row; 1 for features that are
    all 0."""
    direction = features[features.square().sum(dim=1).argmax()]
    value = 0.0
    for _ in range(POWER_ITERATIONS):
        direction = direction / direction.norm().clamp_min(1e-30)
        direction = features.T @ (features @ direction) / len(features)
        value = float(direction.norm())
    return value or 1.0
