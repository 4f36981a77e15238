"""The choice of a side's finalist, by its answers to the validation pictures.

Few pictures tell accuracies apart badly: of 300, one more that is right is a third of a point, and the standard error
of a share up to 2.9. Probabilities say more about the same pictures than whether the highest one is right. So among
those that are as accurate as the best but for noise, the one of the least log loss is chosen, after a temperature of
its own. (Groceries, 296 validation pictures: 60.1 and 59.8 % right, losses 1.75 and 1.49; of the test pictures 63.3 and
68.7 %.)
"""

from collections.abc import Sequence

import numpy as np

from bakeoff.pipelines.results.calibrator import fit_temperature, negative_log_likelihood, smoothing_of
from bakeoff.pipelines.results.run import RunResult


def validation_loss(run: RunResult, *, is_balanced: bool = False) -> float:
    """Mean of -log p of the true class on validation, in nats, at the temperature that is best there, with as little
    trust in certainty as `fit_temperature` has.   is_balanced: every class weighs the same."""
    scores, labels = run.validation_scores.astype(np.float64), run.validation_labels
    weights = 1 / np.bincount(labels)[labels] if is_balanced else None
    calibrated = scores / fit_temperature(scores, labels)
    return negative_log_likelihood(calibrated, labels, smoothing_of(labels), weights)


def choose(scores: Sequence[float], losses: Sequence[float], seconds: Sequence[float], n_pictures: int) -> int:
    """Index of the finalist. Noise is a standard error of the best score, and among equals the cheaper one is taken.

    scores: on n_pictures of validation, in 0..1.   losses: `validation_loss`.

    >>> choose([0.601, 0.598, 0.52], [1.75, 1.49, 1.40], [1300, 490, 30], n_pictures=296)
    1
    """
    share = (max(scores) * n_pictures + 1) / (n_pictures + 2)  # Laplace's: all right is not never wrong
    noise = (share * (1 - share) / n_pictures) ** 0.5
    near = [place for place, score in enumerate(scores) if score >= max(scores) - noise]
    return min(near, key=lambda place: (losses[place], -scores[place], seconds[place]))
