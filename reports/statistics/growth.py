"""Extrapolation of a contest: what ten times the budget may still bring a side.

A side's error on validation falls with the time it spends, about as a power of it. The power is that of its own
search so far, from the best that it had after a tenth of its time, or from its first result, to its best at the end;
but at most MOST_POWER, for a net whose first training was too short to learn anything falls from chance level, and does
so only once. Simulated searches: tests/reports/statistics/test_growth.py.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bakeoff.pipelines.results.study import Row, StudyResult

TIMES = 10  # the budget that is asked about, in budgets
MOST_POWER = 0.4  # of the time: in ten times the time an error falls to 40 % at best


@dataclass(frozen=True)
class Growth:
    """How a side's lowest error on validation, in 0..1, fell, and over how many times the time.

    gain: what it would fall by in ten times the time, if it went on so, within MOST_POWER.
    """

    before: float
    now: float
    times: float

    @property
    def gain(self) -> float:
        if self.now <= 0 or self.before <= self.now or self.times <= 1:
            return 0.0
        power = min(math.log(self.before / self.now) / math.log(self.times), MOST_POWER)
        return self.now * (1 - TIMES**-power)


def tried(rows: Sequence[Row], side: str) -> list[Row]:
    """In the order in which they were tried."""
    return [row for row in rows if row["side"] == side and row["validation_score"] is not None]


def spending(rows: Sequence[Row], side: str) -> tuple[list[float], list[float]]:
    """(processor seconds spent so far, best validation score so far), a point for each rung."""
    spent, best, points = 0.0, 0.0, []
    for row in tried(rows, side):
        spent, best = spent + row["seconds"], max(best, row["validation_score"])
        points.append((spent, best))
    return [x for x, _ in points], [y for _, y in points]


def growth(contest: StudyResult, side: str) -> Growth:
    """Of a side in the contest. Raises ValueError if it finished nothing."""
    spent, best = spending(contest.rows, side)
    if not spent:
        raise ValueError(f"the {side} side has finished nothing in this contest")
    early = max((i for i, seconds in enumerate(spent) if seconds <= spent[-1] / TIMES), default=0)
    return Growth(1 - best[early], 1 - best[-1], spent[-1] / max(spent[early], 1e-9))
