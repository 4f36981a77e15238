"""Chapter on changes since an earlier report on the same pictures, from its report.json."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.pipelines.results.run import Clock
from bakeoff.pipelines.results.study import unpack_correct
from bakeoff.reports.canvas.elements import Section, Table, difference_cells, number_cell, share_cell, table_row
from bakeoff.reports.canvas.formats import in_points, listing, plural, ratio, seconds
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.accuracy import PairedDifference, compare_paired, holm
from bakeoff.reports.statistics.comparison import TIME, Comparison, Contestant
from bakeoff.reports.verdict import Answer, Verdict

EVEN_TIMES = (0.8, 1.25)  # a time inside these ratios of another is the same time, measured twice


@dataclass(frozen=True)
class Change:
    """One experiment in both reports.

    score: now, in the measure of this comparison.   test: now minus before, corrected over all experiments in both.
    seconds: before and now, in all.
    """

    contestant: Contestant
    score: float
    test: PairedDifference
    seconds: tuple[float, float]

    @property
    def times(self) -> float:
        return self.seconds[1] / max(self.seconds[0], 1e-9)

    @property
    def time_changed(self) -> bool:
        return not EVEN_TIMES[0] <= self.times <= EVEN_TIMES[1]


@dataclass(frozen=True)
class Changes:
    """base: the earlier file.   answer_before: its verdict.   added, removed: experiments.   clock: of all seconds."""

    base: Path
    answer_before: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[Change, ...]
    clock: Clock


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
    both = [c for name, c in now.items() if name in earlier]
    clock: Clock = "wall clock"
    if "processor time" in (comparison.clock, base.get("comparison", {}).get("clock")):
        clock = "processor time" if all("processor_seconds" in record for record in earlier.values()) else clock
    key = "processor_seconds" if clock == "processor time" else "total_seconds"
    tests = holm(_test(base, c, comparison) for c in both)
    kept = (
        Change(c, comparison.score(c), test, (float(earlier[c.experiment][key]), c.seconds(clock=clock)))
        for c, test in zip(both, tests, strict=True)
    )
    added, removed = (tuple(name for name in a if name not in b) for a, b in ((now, earlier), (earlier, now)))
    return Changes(path, base["answer"], added, removed, tuple(kept), clock)


def _test(base: Mapping[str, Any], contestant: Contestant, comparison: Comparison) -> PairedDifference:
    """Now minus before, by which pictures either runs classified correctly."""
    texts = [run["correct"] for run in base["runs"] if run["experiment"] == contestant.experiment]
    before = np.stack([unpack_correct(text, len(contestant.labels)) for text in texts])
    spread = comparison.spreads[contestant.side]
    return compare_paired(contestant.correct, before, comparison.sample, (spread, spread))


@chapter(10, decisive=True)
def changes_section(changes: Changes, verdict: Verdict) -> Section:
    """Runs that came and went, accuracies and times that moved."""
    parts = [changes_table(changes)] if changes.kept else []
    return Section("changes", "What changed", [describe_changes(changes, verdict.answer)], parts)


def describe_changes(changes: Changes, answer: Answer) -> str:
    shown = [c for c in changes.kept if c.test.is_shown]
    moved = listing([f"{c.contestant.experiment} ({in_points(c.test.difference, signed=True)})" for c in shown])
    times = [c.contestant.experiment for c in changes.kept if c.time_changed]
    both, before = plural(len(changes.kept), "experiment"), changes.answer_before
    verdict = f"is still “{answer}”" if answer == before else f"was “{before}” and is now “{answer}”"
    told = f"Of the {both} in both, accuracy differs for {moved}."
    sentences = [
        f"Compared with {changes.base.name}, an earlier report on the same pictures, the answer {verdict}.",
        f"New: {listing(changes.added)}." if changes.added else "",
        f"No longer there: {listing(changes.removed)}." if changes.removed else "",
        told if shown else f"No difference in accuracy is shown for the {both} in both.",
        f"The {TIME[changes.clock]} differs by a quarter or more for {listing(times)}." if times else "",
    ]
    return " ".join(filter(None, sentences))


def changes_table(changes: Changes) -> Table:
    rows = []
    for change in changes.kept:
        test, contestant = change.test, change.contestant
        scores = map(share_cell, (change.score - test.difference, change.score))
        times = (number_cell(time, seconds) for time in change.seconds)
        found = difference_cells(test.difference, test.interval, test.p_holm)
        cells = (*scores, *found, *times, number_cell(change.times, ratio))
        rows.append(table_row(contestant.experiment, *cells, side=contestant.side, strong=test.is_shown))
    headers = *(f"{TIME[changes.clock]} {when}" for when in ("before", "now")), "ratio"
    columns = ("experiment", "before", "now", "points", "p, Holm", *headers)
    return Table("Every experiment in both reports; 95 % intervals", columns, rows)
