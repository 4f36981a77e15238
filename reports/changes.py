"""Comparison with an earlier report on the same pictures, from its report.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    difference, interval: now minus before.   p_value: Holm-adjusted over all experiments in both.
    """

    contestant: Contestant
    before: float
    difference: float
    interval: Interval
    p_value: float
    seconds_before: float
    seconds_now: float

    @property
    def is_shown(self) -> bool:
        """True if the accuracies differ by more than chance explains."""
        outside = not self.interval[0] <= 0 <= self.interval[1]
        return outside and self.p_value < 0.05

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
    if any("correct" not in run for run in record["runs"]):
        raise ValueError(f"--base must tell which pictures each run got right, {path} does not: make that report anew")
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


def _correct_before(base: Mapping[str, Any], experiment: str, contestant: Contestant) -> np.ndarray:
    """bool (n_seeds, n_test), which pictures the earlier runs classified correctly."""
    texts = [run["correct"] for run in base["runs"] if run["experiment"] == experiment]
    return np.stack([unpack_correct(text, len(contestant.labels)) for text in texts])


def _compare(
    comparison: Comparison, contestant: Contestant, earlier: Mapping[str, Any], correct: np.ndarray, clock: Clock
) -> Change:
    key = "processor_seconds" if clock == "processor time" else "total_seconds"
    spread = comparison.spreads[contestant.side]
    test = compare_paired(contestant.correct, correct, comparison.sample, (spread, spread))
    before = float(comparison.sample.mean(correct).mean())
    times = float(earlier[key]), contestant.seconds(clock=clock)
    return Change(contestant, before, test.difference, test.interval, test.p_value, *times)


def _adjust(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The same with Holm's correction."""
    adjusted = holm([change.p_value for change in changes])
    return tuple(replace(change, p_value=p) for change, p in zip(changes, adjusted, strict=True))
