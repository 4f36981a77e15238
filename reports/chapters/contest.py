"""Chapters on the contest: what either side tried within its budget, and what size and budget bought.

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
from bakeoff.reports.canvas.elements import Cell, Figure, Section, Table, TableRow, number_cell, share_cell
from bakeoff.reports.canvas.formats import SPACE, listing, percent, plural, seconds
from bakeoff.reports.chapters.chapter import chapter
from bakeoff.reports.statistics.comparison import SIDES, Comparison
from bakeoff.reports.statistics.growth import number, spending, tried


@chapter(50, study="contest")
def contest_section(study: StudyResult, comparison: Comparison | None = None) -> Section:
    measure = comparison.measure if comparison else "accuracy"
    paragraphs = [describe_budget(study, side) for side in study.settings["spent"]]
    paragraphs.append(describe_lead(study.rows))
    return Section(
        "contest", study.title, tuple(paragraphs), (draw_spending(study, measure), rung_table(study.rows, measure))
    )


@chapter(51, study="contest")
def sizes_section(study: StudyResult, comparison: Comparison | None = None) -> Section | None:
    """What larger pictures bought either side; None where there was one size."""
    table = size_table(study.rows, comparison.measure if comparison else "accuracy")
    if table is None:
        return None
    text = (
        "A side's first row has its best result at each size, whatever the configuration and its time; the rows below "
        "it compare one configuration with itself at other sizes. Larger pictures take more time, so a "
        "budget may end before a side gets to them."
    )
    return Section("sizes", "What larger pictures buy", (text,), (table,))


def describe_budget(study: StudyResult, side: str) -> str:
    """What one side did with its budget: how many rungs, which is its finalist, and what it did not get to."""
    mine, name = [row for row in study.rows if row["side"] == side], f"{side[0].upper()}{side[1:]}"
    finalist = next((row for row in mine if row["is_finalist"]), None)
    if finalist is None:
        return f"{name}: nothing could be finished within {seconds(study.settings['budget'])} of processor time."
    n_seeds = int(number(finalist["n_seeds"]))
    seeds = f", run with {n_seeds} seeds" if n_seeds > 1 else ""
    text = (
        f"{name}: {seconds(study.settings['spent'][side])} of {seconds(study.settings['budget'])} of processor time "
        f"went into {len(tried(study.rows, side))} of {plural(len(mine), 'configuration')}. The finalist, chosen on "
        f"validation, is {finalist['experiment']} ({percent(number(finalist['validation_score']))} there{seeds})."
    )
    for outcome, why in (
        ("not reached", "Not started, because they would not have finished within the budget"),
        (
            "passed over",
            "Skipped, because a related configuration had made validation worse or a richer one was better",
        ),
    ):
        names = [str(row["experiment"]) for row in mine if row["outcome"] == outcome]
        text += f" {why}: {listing(names)}." if names else ""
    return text


def describe_lead(rows: Sequence[Row]) -> str:
    """At which budgets the lead on validation changed hands, as far as the budgets reach."""
    events = sorted((x, side, y) for side in SIDES for x, y in zip(*spending(rows, side), strict=True))
    best: dict[str, float] = dict.fromkeys(SIDES, 0.0)
    leaders: list[tuple[float, str]] = []
    for spent, side, score in events:
        best[side] = score
        leader = max(SIDES, key=lambda side: best[side])
        if min(best.values()) > 0 and (not leaders or leaders[-1][1] != leader):
            leaders.append((spent, leader))
    if len(leaders) == 1:
        return (
            f"Once both sides had finished something, after {seconds(leaders[0][0])}, the {leaders[0][1]} side was "
            "ahead on validation throughout."
        )
    changes = listing([f"{leader} from {seconds(spent)}" for spent, leader in leaders])
    return f"The lead on validation changed with the time spent: {changes}."


@styled
def draw_spending(study: StudyResult, measure: str = "accuracy") -> Figure:
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
    axes.set_ylabel(f"best {measure} on validation")
    side_legend(axes, sides, "lower right")
    caption = f"What a budget buys: the best {measure} on validation that each side had reached by then."
    return finish(canvas, "spending", caption, f"{caption} {describe_lead(study.rows)}")


def rung_table(rows: Sequence[Row], measure: str = "accuracy") -> Table:
    columns = ("configuration", "validation", "training", "processor time", "outcome")
    caption = f"Every configuration in the order tried, with its {measure} on validation and accuracy on training"
    return Table(caption, columns, tuple(map(_rung_row, rows)), folded=True)


def _rung_row(row: Row) -> TableRow:
    def known(key: str) -> float | None:
        return None if row[key] is None else number(row[key])

    cells = (
        Cell(str(row["experiment"])),
        *(share_cell(known(key)) for key in ("validation_score", "train_score")),
        number_cell(None if row["validation_score"] is None else known("seconds"), seconds),
        Cell("finalist" if row["is_finalist"] else str(row["outcome"]), note=str(row["remark"])),
    )
    return TableRow(cells, side=row["side"], strong=bool(row["is_finalist"]))  # type: ignore[arg-type]


def size_table(rows: Sequence[Row], measure: str = "accuracy") -> Table | None:
    """Each side's best at each picture size, then each configuration that it tried at several; None for one size."""
    found = [row for row in rows if row["validation_score"] is not None]
    sizes = sorted({int(number(row["image_size"])) for row in found})
    if len(sizes) < 2:
        return None
    table = []
    for side in (side for side in (*SIDES, "frozen") if tried(rows, side)):
        same: dict[str, list[Row]] = {"best": tried(rows, side)}
        for row in tried(rows, side):
            steps = f", {number(row['steps']):,.0f} steps" if row["steps"] else ""
            same.setdefault(f"{row['recipe']}{steps}", []).append(row)
        for name, tries in same.items():
            if name == "best" or len({row["image_size"] for row in tries}) > 1:
                scores = [[number(r["validation_score"]) for r in tries if r["image_size"] == s] for s in sizes]
                cells = (
                    Cell(name, note=side if name == "best" else ""),
                    *(share_cell(max(x, default=None)) for x in scores),
                )
                table.append(TableRow(cells, side=side, strong=name == "best"))  # type: ignore[arg-type]
    columns = ("configuration", *(f"{size}{SPACE}px" for size in sizes))
    return Table(f"{measure.capitalize()} on validation by picture size", columns, tuple(table))
