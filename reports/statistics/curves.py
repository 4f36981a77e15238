"""Curves from the rows of a study: accuracy over one quantity, paired tests, and where two curves cross."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bakeoff.pipelines.results.run import Side
from bakeoff.pipelines.results.study import Row, unpack_correct
from bakeoff.reports.statistics.accuracy import PairedDifference, accuracy_interval, compare_paired, holm
from bakeoff.reports.statistics.chance import Interval, Sample, SeedSpread, pool_seeds

N_RESAMPLES = 1000


@dataclass(frozen=True)
class Point:
    """correct: bool (n_seeds, n_test), which test pictures were classified correctly at `x`.   rows: one per seed.

    trained: False if a net of these did not fit its own training pictures: such a point says nothing about pictures.
    tested: the test pictures, with their groups and weights; by default each by itself.
    Raises ValueError if they are not as many as were classified.
    """

    x: float
    correct: np.ndarray
    rows: tuple[Row, ...]
    trained: bool = True
    tested: Sample | None = None

    def __post_init__(self) -> None:
        if self.tested and len(self.tested.labels) != self.correct.shape[1]:
            raise ValueError(
                f"a study must be about the {len(self.tested.labels)} test pictures of its task, got answers for "
                f"{self.correct.shape[1]}: delete it and run `bakeoff study` again"
            )

    @cached_property
    def sample(self) -> Sample:
        return self.tested or Sample(np.zeros(self.correct.shape[1], int))

    @property
    def accuracy(self) -> float:
        """The measure of the comparison: balanced accuracy where the sample is balanced."""
        return float(self.sample.mean(self.correct).mean())

    @property
    def validation_score(self) -> float:
        return float(np.mean([row["validation_score"] for row in self.rows]))

    @cached_property
    def interval(self) -> Interval:
        return accuracy_interval(self.correct, self.sample, self.spread)

    @cached_property
    def spread(self) -> SeedSpread:
        return pool_seeds([self.correct], self.sample)

    def minus(self, other: "Point") -> PairedDifference:
        """The paired test of the difference, on the same test pictures."""
        return compare_paired(self.correct, other.correct, self.sample, (self.spread, other.spread))


@dataclass(frozen=True)
class Curve:
    """One experiment. points: by ascending x, at least one."""

    experiment: str
    side: Side
    points: tuple[Point, ...]

    def at(self, x: float) -> Point | None:
        return next((point for point in self.points if point.x == x), None)

    @property
    def xs(self) -> list[float]:
        return [point.x for point in self.points]

    @property
    def trained(self) -> "Curve":
        """The same with only the points that sentences, tests and crossings may rest on."""
        return replace(self, points=tuple(point for point in self.points if point.trained))


def read_curves(rows: Sequence[Row], x: Callable[[Row], float], tested: Sample | None = None) -> list[Curve]:
    """One curve for each experiment, the hand-crafted first, in the order of the rows.

    rows: with experiment, side, n_test, correct and did_not_train (False where there is none).   x: the quantity of a
    row; rows of one x are seeds of one point.   tested: the test pictures, as in `Point`.
    """

    def point(x: float, rows: Sequence[Row]) -> Point:
        correct = np.stack([unpack_correct(row["correct"], row["n_test"]) for row in rows])
        return Point(x, correct, tuple(rows), not any(row.get("did_not_train") for row in rows), tested)

    groups: dict[tuple[Side, str], dict[float, list[Row]]] = {}
    for row in rows:
        key: tuple[Side, str] = (row["side"], row["experiment"])
        groups.setdefault(key, {}).setdefault(x(row), []).append(row)
    curves = [
        Curve(experiment, side, tuple(point(at, found) for at, found in sorted(points.items())))
        for (side, experiment), points in groups.items()
    ]
    return sorted(curves, key=lambda curve: curve.side != "hand-crafted")


def compare_curves(first: Curve, second: Curve) -> dict[float, PairedDifference]:
    """First minus second at every x that both have, corrected together (Holm)."""
    tests = {a.x: a.minus(b) for a in first.points for b in [second.at(a.x)] if b}
    return dict(zip(tests, holm(tests.values()), strict=True))


def find_crossing(first: Curve, second: Curve, *, seed: int = 0) -> tuple[float, Interval | None] | None:
    """Where the sign of first minus second last changes, x interpolated in its logarithm; None if it never does.

    Its 95 % interval by bootstrap over test pictures, or their groups, with a draw from what is known of the seeds
    (`Point.spread`) added at every point; None where fewer than 95 % of the resamples cross.
    """
    pairs = [(a, b) for a in first.points for b in [second.at(a.x)] if b is not None]
    position = np.log([a.x for a, _ in pairs])
    crossing = _last_crossing(position, np.array([a.accuracy - b.accuracy for a, b in pairs]))
    if crossing is None:
        return None
    rng, units = np.random.default_rng(seed), pairs[0][0].sample.units
    n_units = int(units.max()) + 1
    counts = rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=N_RESAMPLES).astype(np.float32)[:, units]
    differences = np.stack([_resample(a, counts, rng) - _resample(b, counts, rng) for a, b in pairs], axis=1)
    found = [at for row in differences for at in [_last_crossing(position, row)] if at is not None]
    if len(found) < 0.95 * N_RESAMPLES:
        return float(np.exp(crossing)), None
    low, high = np.exp(np.quantile(found, [0.025, 0.975]))
    return float(np.exp(crossing)), (float(low), float(high))


def _resample(point: Point, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Accuracies (n_resamples,) over seeds and over test pictures. counts: (n_resamples, n_test), how often drawn."""
    deviation = point.spread.deviation(point.accuracy) / np.sqrt(len(point.correct))
    over_seeds = deviation * rng.standard_t(point.spread.freedom, size=len(counts))
    shares, strata = point.correct.mean(axis=0, dtype=np.float32), point.sample.strata
    inside = [strata == stratum for stratum in range(int(strata.max()) + 1)]
    means = [counts[:, own] @ shares[own] / np.maximum(counts[:, own].sum(axis=1), 1) for own in inside]
    return np.asarray(np.mean(means, axis=0) + over_seeds)


def _last_crossing(position: np.ndarray, difference: np.ndarray) -> float | None:
    """Where the straight line between two neighbors of opposite sign last meets zero; a tie between them is where."""
    unequal = np.flatnonzero(difference)
    changes = np.flatnonzero(difference[unequal[:-1]] * difference[unequal[1:]] < 0)
    if len(changes) == 0:
        return None
    before, after = unequal[changes[-1]], unequal[changes[-1] + 1]
    if after > before + 1:
        return float(position[before + 1 : after].mean())
    share = difference[before] / (difference[before] - difference[after])
    return float(position[before] + share * (position[after] - position[before]))
