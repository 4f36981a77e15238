"""Comparison with an earlier report on the same pictures, from its report.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.pipelines.results.run import Clock
from bakeoff.pipelines.results.study import unpack_correct
from bakeoff.reports.statistics.accuracy import compare_paired, holm
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.statistics.seeds import Interval

EVEN_TIMES = (0.8, 1.25)  # a time inside these ratios of another is the same time, measured twice


@dataclass(frozen=True)
class Change:
    """One experiment in both reports.

    before: its score, in the measure of this comparison.   seconds_before, seconds_now: in all.
    difference, interval: now minus before.   p_value: Holm-adjusted over all experiments in both; None if the earlier
    report does not tell picture by picture, then the interval joins those of the two accuracies as if independent.
    """

    contestant: Contestant
    before: float
    difference: float
    interval: Interval
    p_value: float | None
    seconds_before: float
    seconds_now: float

    @property
    def is_shown(self) -> bool:
        """True if the accuracies differ by more than chance explains."""
        outside = not self.interval[0] <= 0 <= self.interval[1]
        return outside and (self.p_value is None or self.p_value < 0.05)

    @property
    def time_changed(self) -> bool:
        return not EVEN_TIMES[0] <= self.seconds_now / max(self.seconds_before, 1e-9) <= EVEN_TIMES[1]


@dataclass(frozen=True)
class Changes:
    """base: the earlier file.   answer_before: its verdict, "enough" ...   added, removed: names of experiments.

    clock: of the seconds in `kept`.
    """

    base: Path
    answer_before: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[Change, ...]
    clock: Clock = "wall clock"


def read_base(path: Path) -> dict[str, Any]:
    """An earlier report.json. Raises ValueError, naming the file, if it is missing or none."""
    try:
        record = json.loads(path.read_bytes())
        missing = {"dataset", "fingerprint", "answer", "experiments", "runs"} - record.keys()
    except (OSError, ValueError, AttributeError) as error:
        raise ValueError(f"--base must name the report.json of an earlier report, {path} is none ({error})") from error
    if missing:
        raise ValueError(f"--base must name the report.json of an earlier report, {path} lacks {min(missing)}")
    return record


def find_changes(comparison: Comparison, base: Mapping[str, Any], path: Path) -> Changes:
    """Experiment by experiment. Raises ValueError if the earlier report is about other pictures."""
    if base["fingerprint"] != comparison.task.fingerprint:
        raise ValueError(
            f"{path} is about {base['dataset']} {base['fingerprint'][:8]}, this report about {comparison.task.dataset} "
            f"{comparison.task.fingerprint[:8]}: accuracies on different pictures do not compare"
        )
    earlier = {record["experiment"]: record for record in base["experiments"]}
    now = {c.experiment: c for c in comparison.ranked}
    clock = _common_clock(comparison, base)
    kept = [
        _compare(comparison, c, earlier[name], _correct_before(base, name, c), clock)
        for name, c in now.items()
        if name in earlier
    ]
    return Changes(
        path,
        base["answer"],
        tuple(name for name in now if name not in earlier),
        tuple(name for name in earlier if name not in now),
        _adjust(kept),
        clock,
    )


def _common_clock(comparison: Comparison, base: Mapping[str, Any]) -> Clock:
    """Processor time if either report counts in it and the earlier one tells it of all experiments."""
    clocks = {comparison.clock, base.get("comparison", {}).get("clock")}
    told = all("processor_seconds" in record for record in base["experiments"])
    return "processor time" if "processor time" in clocks and told else "wall clock"


def _correct_before(base: Mapping[str, Any], experiment: str, contestant: Contestant) -> np.ndarray | None:
    """bool (n_seeds, n_test), which pictures the earlier runs classified correctly; None if the report does not say."""
    texts = [run.get("correct") for run in base["runs"] if run["experiment"] == experiment]
    if not texts or None in texts:
        return None
    return np.stack([unpack_correct(text, len(contestant.labels)) for text in texts])


def _compare(
    comparison: Comparison,
    contestant: Contestant,
    earlier: Mapping[str, Any],
    correct: np.ndarray | None,
    clock: Clock,
) -> Change:
    before = float(earlier["accuracy"])
    key = "processor_seconds" if clock == "processor time" else "total_seconds"
    times = float(earlier[key]), contestant.seconds(clock=clock)
    if correct is not None:
        spread = comparison.spreads[contestant.side]
        test = compare_paired(contestant.correct, correct, comparison.sample, (spread, spread))
        before = float(comparison.sample.mean(correct).mean())
        return Change(contestant, before, test.difference, test.interval, test.p_value, *times)
    difference = contestant.accuracy - before
    now = comparison.accuracy_interval(contestant)
    interval = join_intervals(contestant.accuracy, now, before, earlier["accuracy_interval"])
    return Change(contestant, before, difference, interval, None, *times)


def join_intervals(first: float, of_first: Interval, second: float, of_second: Sequence[float]) -> Interval:
    """Interval of first - second from the intervals of two independent shares.

    Source: Newcombe, Statistics in Medicine 1998, method 10. On the same pictures it is wider than it ought to be.
    """
    difference = first - second
    low = difference - np.hypot(first - of_first[0], of_second[1] - second)
    high = difference + np.hypot(of_first[1] - first, second - of_second[0])
    return float(low), float(high)


def _adjust(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The same with Holm's correction over those that were tested."""
    tested = [c for c in changes if c.p_value is not None]
    adjusted = dict(zip(map(id, tested), holm([c.p_value for c in tested if c.p_value is not None]), strict=True))
    return tuple(
        Change(c.contestant, c.before, c.difference, c.interval, adjusted[id(c)], c.seconds_before, c.seconds_now)
        if id(c) in adjusted
        else c
        for c in changes
    )
