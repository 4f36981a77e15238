"""The chapter on the contest: what either side tried within its budget, and what size and budget bought.

All scores here are on validation pictures; the finalists' test scores stand on the first screen.
"""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.pipelines.results.study import Row, StudyResult
from bakeoff.reports.canvas.axes import (
    MARKERS,
    finish,
    new_canvas,
    percent_axis,
    seconds_axis,
    side_color,
    side_legend,
    styled,
)
from bakeoff.reports.canvas.elements import Cell, Figure, Section, Table, number_cell
from bakeoff.reports.canvas.elements import Row as TableRow
from bakeoff.reports.canvas.formats import SPACE, listing, percent, seconds
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.growth import number, spending, tried

SIDES = ("hand-crafted", "end-to-end")


@chapter(50, study="contest")
def contest_section(study: StudyResult) -> Section:
    paragraphs = [describe_budget(study, side) for side in study.settings["spent"]]
    paragraphs.append(describe_lead(study.rows))
    parts: tuple[Table | Figure, ...] = (draw_spending(study), rung_table(study.rows))
    sizes = size_table(study.rows)
    return Section("contest", study.title, tuple(paragraphs), (*parts, sizes) if sizes else parts)


def describe_budget(study: StudyResult, side: str) -> str:
    """What one side did with its budget: how many rungs, which is its finalist, and what it did not get to."""
    mine = [row for row in study.rows if row["side"] == side]
    finalist = next((row for row in mine if row["is_finalist"]), None)
    if finalist is None:
        return f"{side[0].upper()}{side[1:]}: nothing could be finished within {seconds(study.settings['budget'])}."
    n_seeds, score = number(finalist["n_seeds"]), number(finalist["validation_score"])
    seeds = f", run with {n_seeds:.0f} seeds" if n_seeds > 1 else ""
    spent, budget = study.settings["spent"][side], study.settings["budget"]
    text = (
        f"{side[0].upper()}{side[1:]}: {seconds(spent)} of {seconds(budget)} of processor time were spent on "
        f"{len(tried(study.rows, side))} of {len(mine)} configurations. The finalist, chosen on validation, is "
        f"{finalist['experiment']} ({percent(score)} there{seeds})."
    )
    unreached = [str(row["experiment"]) for row in mine if row["outcome"] == "not reached"]
    if unreached:
        text += f" Not reached, for they would not have finished: {listing(unreached)}."
    passed = [str(row["experiment"]) for row in mine if row["outcome"] == "passed over"]
    if passed:
        text += (
            " Passed over, because a step towards them had made validation worse or a richer or larger one did better: "
            f"{listing(passed)}."
        )
    return text


def describe_lead(rows: Sequence[Row]) -> str:
    """At which budgets the lead on validation changed hands, as far as the budgets reach."""
    events = sorted((x, side, y) for side in SIDES for x, y in zip(*spending(rows, side), strict=True))
    best = dict.fromkeys(SIDES, 0.0)
    leaders: list[tuple[float, str]] = []
    for spent, side, score in events:
        best[side] = score
        leader = max(SIDES, key=best.__getitem__)
        if min(best.values()) > 0 and (not leaders or leaders[-1][1] != leader):
            leaders.append((spent, leader))
    if len(leaders) == 1:
        return (
            f"From {seconds(leaders[0][0])} on, when both sides had finished something, the {leaders[0][1]} side was "
            "ahead on validation for the rest of this contest."
        )
    changes = listing([f"{leader} from {seconds(spent)}" for spent, leader in leaders])
    return f"Who was ahead on validation changed with the time spent: {changes}."


@styled
def draw_spending(study: StudyResult) -> Figure:
    """Best validation score against processor time spent, a staircase for each side."""
    canvas, (axes,) = new_canvas(250)
    budget = study.settings["budget"]
    first, sides = budget, [side for side in study.settings["spent"] if tried(study.rows, side)]
    for side in sides:
        spent, best = spending(study.rows, side)
        first = min(first, spent[0])
        axes.step([*spent, max(budget, spent[-1])], [*best, best[-1]], where="post", color=side_color(side))
        axes.plot(spent, best, MARKERS[side], color=side_color(side), markersize=5)
    seconds_axis(axes, max(first / 2, 0.01), budget * 1.2)
    percent_axis(axes.yaxis)
    axes.set_xlabel("processor time spent")
    axes.set_ylabel("best accuracy on validation")
    side_legend(axes, sides, "lower right")
    caption = "What a budget buys: the best validation score that each side had after so much processor time."
    alt = f"{caption} {describe_lead(study.rows)}"
    return finish(canvas, "spending", caption, alt)


def rung_table(rows: Sequence[Row]) -> Table:
    columns = ("configuration", "picture size", "validation", "training", "estimate", "processor time", "outcome")
    return Table("Every configuration, in the order tried", columns, tuple(map(_rung_row, rows)), folded=True)


def _rung_row(row: Row) -> TableRow:
    def known(key: str) -> float | None:
        return None if row[key] is None else number(row[key])

    cells = (
        Cell(str(row["experiment"])),
        number_cell(known("image_size"), f"{{:.0f}}{SPACE}px".format),
        *(number_cell(known(key), percent) for key in ("validation_score", "train_score")),
        number_cell(known("expected_seconds"), seconds),
        number_cell(None if row["validation_score"] is None else known("seconds"), seconds),
        Cell("finalist" if row["is_finalist"] else str(row["outcome"]), note=str(row["remark"])),
    )
    return TableRow(cells, side=row["side"], strong=bool(row["is_finalist"]))  # type: ignore[arg-type]


def size_table(rows: Sequence[Row]) -> Table | None:
    """The best validation score of each side at each picture size; None where there was one size."""
    sizes = sorted({int(number(row["image_size"])) for row in rows if row["validation_score"] is not None})
    if len(sizes) < 2:
        return None
    table = []
    for side in (side for side in (*SIDES, "frozen") if tried(rows, side)):
        cells = [Cell(side)]
        for size in sizes:
            scores = [number(r["validation_score"]) for r in tried(rows, side) if r["image_size"] == size]
            cells.append(number_cell(max(scores, default=None), percent))
        table.append(TableRow(tuple(cells), side=side))  # type: ignore[arg-type]
    columns = ("side", *(f"{size}{SPACE}px" for size in sizes))
    return Table("What size bought: the best validation score at each size of the pictures", columns, tuple(table))
