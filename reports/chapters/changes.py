"""Chapter on changes since an earlier report on the same pictures, from its report.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.pipelines.results.run import Clock
from bakeoff.pipelines.results.study import unpack_correct
from bakeoff.reports.canvas.elements import Cell, Section, Table, TableRow, number_cell, points_cell, share_cell
from bakeoff.reports.canvas.formats import listing, p_number, plural, points, ratio, seconds
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.accuracy import PairedDifference, compare_paired, holm
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.verdict import Answer, Verdict

EVEN_TIMES = (0.8, 1.25)  # a time inside these ratios of another is the same time, measured twice


@dataclass(frozen=True)
class Change:
    """One experiment in both reports.

    before: its score, in the measure of this comparison.   test: now minus before, corrected over all experiments in
    both.   seconds_before, seconds_now: in all.
    """

    contestant: Contestant
    before: float
    test: PairedDifference
    seconds_before: float
    seconds_now: float

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

    @property
    def time(self) -> str:
        """The clock in words."""
        return "processor time" if self.clock == "processor time" else "wall-clock time"


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
        raise ValueError(f"--base must tell which pictures each run got right, {path} does not: redraw that report")
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
    key = "processor_seconds" if clock == "processor time" else "total_seconds"
    both = [c for name, c in now.items() if name in earlier]
    before = [_correct_before(base, c) for c in both]
    spreads = [(comparison.spreads[c.side],) * 2 for c in both]
    pairs = zip(both, before, spreads, strict=True)
    tests = holm(compare_paired(c.correct, then, comparison.sample, spread) for c, then, spread in pairs)
    kept = []
    for c, then, test in zip(both, before, tests, strict=True):
        seconds = float(earlier[c.experiment][key]), c.seconds(clock=clock)
        kept.append(Change(c, float(comparison.sample.mean(then).mean()), test, *seconds))
    added, removed = (tuple(name for name in a if name not in b) for a, b in ((now, earlier), (earlier, now)))
    return Changes(path, base["answer"], added, removed, tuple(kept), clock)


def _common_clock(comparison: Comparison, base: Mapping[str, Any]) -> Clock:
    """Processor time if either report counts in it and the earlier one tells it of all experiments."""
    clocks = {comparison.clock, base.get("comparison", {}).get("clock")}
    told = all("processor_seconds" in record for record in base["experiments"])
    return "processor time" if "processor time" in clocks and told else "wall clock"


def _correct_before(base: Mapping[str, Any], contestant: Contestant) -> np.ndarray:
    """bool (n_seeds, n_test), which pictures the earlier runs classified correctly."""
    texts = [run["correct"] for run in base["runs"] if run["experiment"] == contestant.experiment]
    return np.stack([unpack_correct(text, len(contestant.labels)) for text in texts])


@chapter(10, decisive=True)
def changes_section(changes: Changes, verdict: Verdict) -> Section:
    """Runs that came and went, accuracies and times that moved."""
    parts = (changes_table(changes),) if changes.kept else ()
    return Section("changes", "What changed", (describe_changes(changes, verdict.answer),), parts)


def describe_changes(changes: Changes, answer: Answer) -> str:
    moved = [f"{c.contestant.experiment} ({points(c.test.difference)} points)" for c in changes.kept if c.test.is_shown]
    times = [c.contestant.experiment for c in changes.kept if c.time_changed]
    both, before = plural(len(changes.kept), "experiment"), changes.answer_before
    verdict = f"is still “{answer}”" if answer == before else f"was “{before}” and is now “{answer}”"
    sentences = [
        f"Compared with {changes.base.name}, an earlier report on the same pictures, the answer {verdict}.",
        f"New: {listing(list(changes.added))}." if changes.added else "",
        f"No longer there: {listing(list(changes.removed))}." if changes.removed else "",
        f"Of the {both} in both, accuracy differs for {listing(moved)}."
        if moved
        else f"No difference in accuracy is shown for the {both} in both.",
        f"The {changes.time} differs by a quarter or more for {listing(times)}." if times else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def changes_table(changes: Changes) -> Table:
    times = (f"{changes.time} before", f"{changes.time} now", "ratio")
    columns = ("experiment", "before", "now", "points", "p, Holm", *times)
    return Table("Every experiment in both reports; 95 % intervals", columns, tuple(map(_row, changes.kept)))


def _row(change: Change) -> TableRow:
    test, times = change.test, (change.seconds_before, change.seconds_now)
    cells = (
        Cell(change.contestant.experiment),
        *map(share_cell, (change.before, change.before + test.difference)),
        points_cell(test.difference, test.interval),
        number_cell(test.p_holm, p_number),
        *(number_cell(time, seconds) for time in times),
        number_cell(times[1] / max(times[0], 1e-9), ratio),
    )
    return TableRow(cells, change.contestant.side, test.is_shown)
