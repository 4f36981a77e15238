"""Learning rate schedules as pure functions of the step: a resumed run needs nothing but its step."""

from __future__ import annotations

import math

from bakeoff.pipelines.neural.config import Schedule

START, END = 1 / 25, 1e-4  # of the top rate: where one-cycle begins and ends (Smith, Topin 2018)


def learning_rate_share(schedule: Schedule, step: int, n_steps: int, warmup: float) -> float:
    """The learning rate of a step, 0 <= step < n_steps, as a share of its top.

    constant: 1.   cosine: (1 + cos(pi t)) / 2 with t = step / n_steps.
    one-cycle: half a cosine from 1/25 up to 1 over the share `warmup` of the steps, then half a cosine down to 1e-4.
    triangular: a straight line from 0 up to 1, then a straight line down to 0.
    """
    done, top = step / n_steps, warmup * n_steps
    match schedule:
        case "constant":
            return 1.0
        case "cosine":
            return _half_cosine(1.0, 0.0, done)
        case "one-cycle":
            if step < top:
                return _half_cosine(START, 1.0, step / top)
            return _half_cosine(1.0, END, (step - top) / (n_steps - top))
        case "triangular":
            return step / top if step < top else (n_steps - step) / (n_steps - top)


def _half_cosine(start: float, end: float, done: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
