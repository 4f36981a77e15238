"""Chapter on changes since an earlier report."""

from __future__ import annotations

from bakeoff.reports.canvas.elements import Cell, Row, Section, Table, number_cell
from bakeoff.reports.canvas.formats import listing, p_number, percent, plural, points, points_range, ratio, seconds
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
    verdict = (
        f"it is still “{answer}”" if answer == changes.answer_before else f"“{changes.answer_before}” became “{answer}”"
    )
    sentences = [
        f"Against the earlier report {changes.base.name} on the same pictures: the answer, {verdict}.",
        f"New: {listing(list(changes.added))}." if changes.added else "",
        f"No longer there: {listing(list(changes.removed))}." if changes.removed else "",
        f"Of {plural(len(changes.kept), 'experiment')} in both, accuracy differs for {listing(moved)}."
        if moved
        else f"No difference of accuracy is shown for the {plural(len(changes.kept), 'experiment')} in both.",
        f"The {changes.clock} differs by a quarter or more for {listing(times)}." if times else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def changes_table(changes: Changes) -> Table:
    rows = tuple(_row(change) for change in changes.kept)
    times = (f"{changes.clock} before", f"{changes.clock} now", "times as long")
    columns = ("experiment", "before", "now", "points", "p, Holm", *times)
    return Table("Every experiment in both reports; 95 % intervals", columns, rows)


def _row(change: Change) -> Row:
    test, times = change.test, (change.seconds_before, change.seconds_now)
    cells = (
        Cell(change.contestant.experiment),
        number_cell(change.before, percent),
        number_cell(change.before + test.difference, percent),
        number_cell(test.difference, points, points_range(test.interval)),
        number_cell(test.p_holm, p_number),
        *(number_cell(time, seconds) for time in times),
        number_cell(times[1] / max(times[0], 1e-9), ratio),
    )
    return Row(cells, change.contestant.side, test.is_shown)
