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
choices for validation (Perronnin, Akata, Harchaoui, Schmid, CVPR 2012): `on_epoch` tells the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

Chunks = Callable[[], Iterable[tuple[Any, np.ndarray]]]  # starts a new round over the stream with every call
POWER = 3
TRIAL_ROWS = 1000
TRIAL_FACTORS = tuple(2.0**power for power in range(-6, 9))  # of 1 / mean |x|^2, the step that solves one row
POWER_ITERATIONS = 20  # for the largest mean square; an error of some percent does no harm


@dataclass(frozen=True)
class SgdSettings:
    """C, positive_weight: of the objective above.

    batch_size: rows a step; larger ones use the processor better and make fewer steps.
    n_epochs: rounds over the stream, at most.
    learning_rate: gamma_0; None finds the best of TRIAL_FACTORS / mean |x|^2 on TRIAL_ROWS rows of the first chunk.
    """

    C: float = 1.0
    positive_weight: float = 1.0
    batch_size: int = 32
    n_epochs: int = 20
    learning_rate: float | None = None

    def __post_init__(self) -> None:
        for name in ("C", "positive_weight", "batch_size", "n_epochs", "learning_rate"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be positive, got {value}")


@dataclass(frozen=True)
class SgdSvm:
    """scores = features @ weights.T + bias.

    weights: float32 (k, d).   bias: float32 (k,).   n_epochs, n_steps: taken.   learning_rate: gamma_0.
    """

    weights: np.ndarray
    bias: np.ndarray
    n_epochs: int
    n_steps: int
    learning_rate: float


def train_linear_svm_sgd(
    chunks: Chunks,
    *,
    n_samples: int,
    n_classes: int,
    settings: SgdSettings,
    seed: int,
    decode: Callable[[Any], np.ndarray | torch.Tensor] = lambda chunk: chunk,
    on_epoch: Callable[[SgdSvm], bool] = lambda svm: False,
) -> SgdSvm:
    """Train every class against the rest, rows in random order within their chunk.

    chunks: called once an epoch; gives pairs of a chunk and its labels, int (n_chunk,), 0 .. n_classes-1. Chunks should
        mix the classes: only their inside is shuffled.
    n_samples: rows of an epoch.
    decode: turns a chunk (codes, say) into features (n_chunk, d), any float dtype; memory is that of one decoded chunk.
    on_epoch: sees the average so far after every epoch, and returns True to stop.
    Raises ValueError if a label is out of range, the stream is empty or of one class, a shape is wrong, or a feature or
        weight is not finite.
    """
    generator = torch.Generator().manual_seed(seed)
    descent: _Descent | None = None
    epoch, stopped = 0, False
    while epoch < settings.n_epochs and not stopped:
        classes_seen: set[int] = set()
        for chunk, chunk_labels in chunks():
            features, labels = _read(decode(chunk), chunk_labels, n_classes)
            classes_seen.update(labels.unique().tolist())
            descent = descent or _start(features, labels, n_classes, n_samples, settings)
            order = torch.randperm(len(features), generator=generator).to(features.device)
            for rows in order.split(settings.batch_size):
                descent.step(features[rows], labels[rows])
        if descent is None or len(classes_seen) < 2:
            raise ValueError(f"the stream must hold at least two classes, got {sorted(classes_seen)}")
        epoch += 1
        svm = descent.average_svm(epoch)
        stopped = on_epoch(svm)
    return svm


class _Descent:
    """weights, average: float32 (k, d), and the same of the bias (k,)."""

    def __init__(
        self,
        n_classes: int,
        d: int,
        device: torch.device,
        shrinkage: float,
        rate: float,
        bias_rate: float,
        settings: SgdSettings,
    ):
        self.weights, self.bias = torch.zeros(n_classes, d, device=device), torch.zeros(n_classes, device=device)
        self.average, self.average_bias = self.weights.clone(), self.bias.clone()
        self.shrinkage, self.first_rate, self.bias_rate, self.settings = shrinkage, rate, bias_rate, settings
        self.n_steps = 0

    def step(self, features: torch.Tensor, labels: torch.Tensor) -> None:
        """One mini-batch: features (b, d), labels (b,)."""
        rate = self.first_rate * (1 + self.shrinkage * self.first_rate * self.n_steps) ** -0.75
        scores = torch.addmm(self.bias, features, self.weights.T)
        slopes = _slopes(scores, labels, self.settings)  # (b, k)
        keep = 1 - rate * self.shrinkage
        self.weights.addmm_(slopes.T, features, beta=keep, alpha=-rate / len(features))
        bias_rate = rate * self.bias_rate
        self.bias.mul_(1 - bias_rate * self.shrinkage).sub_(slopes.mean(dim=0), alpha=bias_rate)
        share = (POWER + 1) / (self.n_steps + POWER + 1)
        self.average.lerp_(self.weights, share)
        self.average_bias.lerp_(self.bias, share)
        self.n_steps += 1

    def average_svm(self, n_epochs: int) -> SgdSvm:
        if not torch.isfinite(self.average).all():
            raise ValueError(
                f"the weights are not finite after {self.n_steps} steps: the features hold NaN or infinity, or the "
                f"learning rate {self.first_rate:g} is too large"
            )
        return SgdSvm(
            self.average.cpu().numpy().copy(),
            self.average_bias.cpu().numpy().copy(),
            n_epochs,
            self.n_steps,
            self.first_rate,
        )

    def mean_objective(self, features: torch.Tensor, labels: torch.Tensor) -> float:
        """lambda / 2 |w|^2 + mean loss of the current weights, summed over classes; infinite after an overflow."""
        scores = torch.addmm(self.bias, features, self.weights.T)
        signs, costs = _signs_and_costs(labels, scores.shape[1], self.settings)
        losses = (1 - signs * scores).clamp_min(0).square()
        norm = self.weights.square().sum() + self.bias.square().sum()
        value = float(self.shrinkage / 2 * norm + (costs * losses).sum(dim=1).mean())
        return value if np.isfinite(value) else np.inf


def _start(
    features: torch.Tensor, labels: torch.Tensor, n_classes: int, n_samples: int, settings: SgdSettings
) -> _Descent:
    """A descent at 0 with the learning rate that did best on the first rows."""

    order = torch.randperm(len(features), generator=torch.Generator().manual_seed(0))[:TRIAL_ROWS].to(features.device)
    features, labels = features[order], labels[order]
    bias_rate = min(1.0, _largest_mean_square(features))
    shrinkage = 1 / (n_samples * settings.C)

    def descent(rate: float) -> _Descent:
        return _Descent(n_classes, features.shape[1], features.device, shrinkage, rate, bias_rate, settings)

    if settings.learning_rate is not None:
        return descent(settings.learning_rate)
    base = 1 / max(1 + float(features.square().sum(dim=1).mean()), 1e-12)

    def trial(rate: float) -> float:
        attempt = descent(rate)
        for start in range(0, len(features), settings.batch_size):
            rows = slice(start, start + settings.batch_size)
            attempt.step(features[rows], labels[rows])
        return attempt.mean_objective(features, labels)

    return descent(min((base * factor for factor in TRIAL_FACTORS), key=trial))


def _largest_mean_square(features: torch.Tensor) -> float:
    """max over unit vectors v of mean_i (v . x_i)^2, by power iteration from the longest row; 1 for features that are
    all 0."""
    direction = features[features.square().sum(dim=1).argmax()]
    value = 0.0
    for _ in range(POWER_ITERATIONS):
        direction = direction / direction.norm().clamp_min(1e-30)
        direction = features.T @ (features @ direction) / len(features)
        value = float(direction.norm())
    return value or 1.0


def _signs_and_costs(labels: torch.Tensor, n_classes: int, settings: SgdSettings) -> tuple[torch.Tensor, torch.Tensor]:
    """float32 (b, k) each."""
    own = torch.nn.functional.one_hot(labels, n_classes).float()
    return 2 * own - 1, 1 + (settings.positive_weight - 1) * own


def _slopes(scores: torch.Tensor, labels: torch.Tensor, settings: SgdSettings) -> torch.Tensor:
    """The derivative of every row's loss by its scores: float32 (b, k)."""
    signs, costs = _signs_and_costs(labels, scores.shape[1], settings)
    return -2 * costs * signs * (1 - signs * scores).clamp_min(0)


def _read(features: Any, labels: np.ndarray, n_classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    """float32 (n, d) and int64 (n,), checked."""
    rows, classes = torch.as_tensor(features).float(), torch.as_tensor(labels)
    if rows.ndim != 2 or classes.shape != rows.shape[:1]:
        raise ValueError(
            f"a chunk must be features (n, d) and labels (n,), got {tuple(rows.shape)} and {tuple(classes.shape)}"
        )
    if len(classes) and (int(classes.min()) < 0 or int(classes.max()) >= n_classes):
        raise ValueError(f"labels must lie in 0..{n_classes - 1}, got {int(classes.min())}..{int(classes.max())}")
    return rows, classes.long().to(rows.device)
