"""Chapter on changes since an earlier report."""

from __future__ import annotations

from bakeoff.reports.canvas.elements import Cell, Row, Section, Table, number_cell, points_cell, share_cell
from bakeoff.reports.canvas.formats import listing, p_number, plural, points, ratio, seconds
from bakeoff.reports.changes import Change, Changes
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.verdict import Answer, Verdict


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
        f"The {_time(changes)} differs by a quarter or more for {listing(times)}." if times else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _time(changes: Changes) -> str:
    return "processor time" if changes.clock == "processor time" else "wall-clock time"


def changes_table(changes: Changes) -> Table:
    times = (f"{_time(changes)} before", f"{_time(changes)} now", "ratio")
    columns = ("experiment", "before", "now", "points", "p, Holm", *times)
    return Table("Every experiment in both reports; 95 % intervals", columns, tuple(map(_row, changes.kept)))


def _row(change: Change) -> Row:
    test, times = change.test, (change.seconds_before, change.seconds_now)
    cells = (
        Cell(change.contestant.experiment),
        *map(share_cell, (change.before, change.before + test.difference)),
        points_cell(test.difference, test.interval),
        number_cell(test.p_holm, p_number),
        *(number_cell(time, seconds) for time in times),
        number_cell(times[1] / max(times[0], 1e-9), ratio),
    )
    return Row(cells, change.contestant.side, test.is_shown)
