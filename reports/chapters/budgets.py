"""Chapters on the contest: what either side tried within its budget, and what size and budget bought.

All scores here are on validation pictures; the finalists' test scores stand on the first screen.
"""

from collections.abc import Sequence

from bakeoff.pipelines.results.study import Row, StudyResult
from bakeoff.reports.canvas import axes as draw
from bakeoff.reports.canvas.elements import Cell, Figure, Section, Table, number_cell, share_cell, table_row
from bakeoff.reports.canvas.formats import SPACE, listing, percent, plural, seconds
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.comparison import SIDES, Comparison
from bakeoff.reports.statistics.growth import spending, tried

WHY_NOT = {
    "not reached": "Not started, because they would not have finished within the budget",
    "passed over": "Skipped, because a related configuration had made validation worse or a richer one was better",
}


@chapter(50, study="contest")
def contest_section(study: StudyResult, comparison: Comparison) -> Section:
    paragraphs = [describe_budget(study, side) for side in study.settings["spent"]]
    parts = draw_spending(study, comparison.measure), rung_table(study.rows, comparison.measure)
    return Section("contest", study.title, paragraphs, parts)


@chapter(51, study="contest")
def sizes_section(study: StudyResult, comparison: Comparison) -> Section | None:
    """What larger pictures bought either side; None where there was one size."""
    text = (
        "A side's first row has its best result at each size, whatever the configuration and its time; the rows below "
        "it compare one configuration with itself at other sizes. Larger pictures take more time, so a "
        "budget may end before a side gets to them."
    )
    table = size_table(study.rows, comparison.measure)
    return Section("sizes", "What larger pictures buy", [text], [table]) if table else None


def describe_budget(study: StudyResult, side: str) -> str:
    """What one side did with its budget: how many rungs, which is its finalist, and what it did not get to."""
    mine, name = [row for row in study.rows if row["side"] == side], f"{side[0].upper()}{side[1:]}"
    finalist = next((row for row in mine if row["is_finalist"]), None)
    if finalist is None:
        return f"{name}: nothing could be finished within {seconds(study.settings['budget'])} of processor time."
    seeds = f", run with {finalist['n_seeds']} seeds" if finalist["n_seeds"] > 1 else ""
    text = (
        f"{name}: {seconds(study.settings['spent'][side])} of {seconds(study.settings['budget'])} of processor time "
        f"went into {len(tried(study.rows, side))} of {plural(len(mine), 'configuration')}. The finalist, chosen on "
        f"validation, is {finalist['experiment']} ({percent(finalist['validation_score'])} there{seeds})."
    )
    for outcome, why in WHY_NOT.items():
        names = [row["experiment"] for row in mine if row["outcome"] == outcome]
        text += f" {why}: {listing(names)}." if names else ""
    return text


@draw.styled
def draw_spending(study: StudyResult, measure: str) -> Figure:
    """Best validation score against processor time spent, a staircase for each side."""
    canvas, (axes,) = draw.new_canvas(250)
    budget = study.settings["budget"]
    first, told, sides = budget, [], [side for side in study.settings["spent"] if tried(study.rows, side)]
    for side in sides:
        spent, best = spending(study.rows, side)
        first, color = min(first, spent[0]), draw.side_color(side)
        axes.step([*spent, max(budget, spent[-1])], [*best, best[-1]], where="post", color=color)
        axes.plot(spent, best, draw.MARKERS[side], color=color, markersize=5)
        told.append(f"the {side} side rises from {percent(best[0])} to {percent(best[-1])}")
    draw.seconds_axis(axes, max(first / 2, 0.01), budget * 1.2)
    draw.percent_axis(axes.yaxis)
    axes.set(xlabel="processor time spent", ylabel=f"best {measure} on validation")
    draw.side_legend(axes, sides, "lower right")
    caption = f"What a budget buys: the best {measure} on validation that each side had reached by then."
    return draw.finish(canvas, "spending", caption, f"{caption} From first to last {listing(told)}.")


def rung_table(rows: Sequence[Row], measure: str) -> Table:
    found = []
    for one in rows:
        scores = map(share_cell, (one["validation_score"], one["train_score"]))
        time = number_cell(None if one["validation_score"] is None else one["seconds"], seconds)
        outcome = Cell("finalist" if one["is_finalist"] else one["outcome"], note=one["remark"])
        cells = (one["experiment"], *scores, time, outcome)
        found.append(table_row(*cells, side=one["side"], strong=one["is_finalist"]))
    columns = ("configuration", "validation", "training", "processor time", "outcome")
    caption = f"Every configuration in the order tried, with its {measure} on validation and accuracy on training"
    return Table(caption, columns, found, folded=True)


def size_table(rows: Sequence[Row], measure: str) -> Table | None:
    """Each side's best at each picture size, then each configuration that it tried at several; None for one size."""
    sizes = sorted({one["image_size"] for one in rows if one["validation_score"] is not None})
    if len(sizes) < 2:
        return None
    found = []
    for side in (*SIDES, "frozen"):
        same: dict[str, list[Row]] = {"best": tried(rows, side)}
        for one in tried(rows, side):
            steps = f", {one['steps']:,.0f} steps" if one["steps"] else ""
            same.setdefault(f"{one['recipe']}{steps}", []).append(one)
        for name, tries in same.items():
            is_best = name == "best"
            if (is_best and tries) or len({one["image_size"] for one in tries}) > 1:
                scores = ([r["validation_score"] for r in tries if r["image_size"] == s] for s in sizes)
                cells = (share_cell(max(of_size, default=None)) for of_size in scores)
                found.append(table_row(Cell(name, note=side if is_best else ""), *cells, side=side, strong=is_best))
    columns = ("configuration", *(f"{size}{SPACE}px" for size in sizes))
    return Table(f"{measure.capitalize()} on validation by picture size", columns, found)
