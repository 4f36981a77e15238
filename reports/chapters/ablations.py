"""Chapter on ablations: families joined one by one, and every other setting against its default."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bakeoff.pipelines.results.study import Row, StudyResult, unpack_correct
from bakeoff.reports.canvas.elements import Cell, Section, Table
from bakeoff.reports.canvas.elements import Row as TableRow
from bakeoff.reports.canvas.formats import SPACE, listing, p_number, percent, percent_range, points, points_range
from bakeoff.reports.canvas.settings import distinct, show
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.chapters.sweeps import best, compare, shown_together
from bakeoff.reports.statistics.accuracy import PairedDifference, accuracy_interval, holm

N_FAMILIES = 2  # of tests in this chapter: families joined, and settings against their defaults
Choice = tuple[Row, Row, PairedDifference]
# factor -> what it is called
FACTORS: dict[str, str] = {
    "families": "families joined",
    "words": "visual words",
    "components": "principal components",
    "C": "C of the SVM",
    "width": "hidden units",
    "layers": "hidden layers",
}


@chapter(90, study="ablations")
def ablations_section(study: StudyResult) -> Section:
    families = [row for row in study.rows if row["factor"] == "families"]
    choices = find_choices(study.rows)
    texts = (study.notes[0], describe_families(families), describe_choices(choices))
    parts = (_table(study), *((_choices_table(choices),) if choices else ()))
    return Section("ablations", study.title, tuple(text for text in texts if text), parts)


def describe_families(rows: Sequence[Row]) -> str:
    """What each family adds to those before it, by paired tests that hold together."""
    if len(rows) < 2:
        return ""
    tests = [compare(row, before) for before, row in pairwise(rows)]
    steps = [
        f"{str(row['value']).removeprefix('+ ')} {points(test.difference)}{SPACE}points "
        f"({points_range(test.interval)}{'' if shown else '; not shown'})"
        for row, test, shown in zip(rows[1:], tests, shown_together(tests, N_FAMILIES), strict=True)
    ]
    return (
        f"Joined one by one, the families begin with {rows[0]['value']} at {_accuracy(rows[0])}; then "
        f"{'comes' if len(steps) == 1 else 'come'} {listing(steps)}, which makes {_accuracy(rows[-1])}. What a family "
        "adds depends on those before it: alone and left out it may look different."
    )


def find_choices(rows: Sequence[Row]) -> list[Choice]:
    """(best on validation, default, their paired difference on test) for every line that holds its default.

    The C is chosen on validation by default, and the families have an order of their own.
    """
    choices = []
    for factor in distinct(rows, "factor"):
        for line in distinct([row for row in rows if row["factor"] == factor], "line"):
            own = [row for row in rows if (row["factor"], row["line"]) == (factor, line) and not row["diverged"]]
            default = next((row for row in own if row["default"]), None)
            if factor not in ("families", "C") and default is not None:
                choices.append((best(own), default, compare(best(own), default)))
    return choices


def describe_choices(choices: Sequence[Choice]) -> str:
    """Where another value than the default is better, as far as the test pictures show."""
    if not choices:
        return ""
    shown = shown_together([test for _, _, test in choices], N_FAMILIES)
    better = [
        f"{_name(chosen)} by {points(test.difference)}{SPACE}points with {show(chosen['value'])} instead of "
        f"{show(default['value'])}"
        for (chosen, default, _), test in zip(choices, shown, strict=True)
        if test
    ]
    opening = (
        "For each setting the value that is best on validation was compared with the default on the test pictures. "
    )
    if not better:
        return opening + "No setting is shown to be worth changing here."
    return f"{opening}A difference is shown for {listing(better)}; for the others none is."


def _choices_table(choices: Sequence[Choice]) -> Table:
    adjusted = holm([test.p_value for _, _, test in choices])
    rows = tuple(
        TableRow(
            (
                Cell(FACTORS[str(default["factor"])]),
                Cell(str(default["line"])),
                Cell(show(default["value"]), note=_accuracy(default)),
                Cell(show(chosen["value"]), note=_accuracy(chosen)),
                Cell(points(test.difference), test.difference, points_range(test.interval)),
                Cell(p_number(p), p),
            ),
            default["side"],  # type: ignore[arg-type]
        )
        for (chosen, default, test), p in zip(choices, adjusted, strict=True)
    )
    caption = "The default against the value that is best on validation: test accuracy, paired difference, p after Holm"
    return Table(caption, ("setting", "varied", "default", "best on validation", "points", "p"), rows)


def _name(row: Row) -> str:
    return f"{FACTORS[str(row['factor'])]} ({row['line']})"


def _accuracy(row: Row) -> str:
    return percent(float(row["accuracy"]))  # type: ignore[arg-type]


def _table(study: StudyResult) -> Table:
    columns = ("factor", "varied", "value", "validation", "test accuracy", "95 % interval")
    rows = tuple(TableRow(_cells(row), row["side"]) for row in study.rows)  # type: ignore[arg-type]
    return Table("Accuracy with one setting changed", columns, rows)


def _cells(row: Row) -> tuple[Cell, ...]:
    value = show(row["value"]) + (" (default)" if row["default"] else "")
    factor = FACTORS[str(row["factor"])]
    if row["diverged"]:
        return Cell(factor), Cell(str(row["line"])), Cell(value), *(Cell("diverged", -1.0) for _ in range(3))
    low, high = accuracy_interval(unpack_correct(str(row["correct"]), int(row["n_test"]))[None])  # type: ignore[arg-type]
    shares = (float(row[key]) for key in ("validation_score", "accuracy"))  # type: ignore[arg-type]
    return (
        Cell(factor),
        Cell(str(row["line"])),
        Cell(value),
        *(Cell(percent(share), share) for share in shares),
        Cell(percent_range((low, high)), low),
    )
