"""Small multiples of the ablations: a panel for each factor, all on one axis of accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from matplotlib.axes import Axes

from bakeoff.pipelines.results.study import Row, StudyResult, unpack_correct
from bakeoff.reports.canvas.axes import MARKERS, new_canvas, percent_axis, side_color, styled
from bakeoff.reports.canvas.curve_axes import LEAST_POINTS
from bakeoff.reports.canvas.elements import Cell, Figure, Table
from bakeoff.reports.canvas.elements import Row as TableRow
from bakeoff.reports.canvas.formats import listing, percent, percent_range
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.figures.sweeps import distinct, show
from bakeoff.reports.statistics.accuracy import Interval, accuracy_interval

# factor -> what its panel is called, in the order of the panels
FACTORS: Mapping[str, str] = {
    "families": "families joined",
    "words": "visual words",
    "components": "principal components",
    "C": "C of the SVM",
    "width": "hidden units",
    "layers": "hidden layers",
}
WIDE, N_COLUMNS, ROW_HEIGHT = 680, 3, 235
DASHES = ("-", (0, (5, 2)))


def show_ablations(study: StudyResult) -> Figure | Table:
    """Panels of the factors with five values or more; their table where no factor has so many."""
    factors = [
        f for f in FACTORS if len(distinct([r for r in study.rows if r["factor"] == f], "value")) >= LEAST_POINTS
    ]
    return draw_ablations(study, factors) if factors else replace(_table(study), folded=False)


@styled
def draw_ablations(study: StudyResult, factors: Sequence[str]) -> Figure:
    """Test accuracy by value, a line for each way that a factor was varied; the default has a ring."""
    n_rows = -(-len(factors) // N_COLUMNS)
    canvas, panels = new_canvas(n_rows * ROW_HEIGHT, N_COLUMNS, WIDE, n_rows=n_rows, sharey=True)
    for axes, factor in zip(panels, factors, strict=False):
        _draw_factor(axes, [row for row in study.rows if row["factor"] == factor])
        axes.set_title(FACTORS[factor], color=LIGHT["muted"])
    for axes in panels[len(factors) :]:
        axes.set_axis_off()
    percent_axis(panels[0].yaxis)
    panels[0].margins(y=0.06)
    for axes in panels[::N_COLUMNS]:
        axes.set_ylabel("test accuracy")
    caption = (
        "Test accuracy with one setting changed, on one axis; bars are 95 % intervals. A ring marks what is the "
        "default, of C what validation chooses. Orange squares are hand-crafted, blue circles small perceptrons."
    )
    alt = f"{len(factors)} panels of test accuracy. " + " ".join(_describe_span(study, factor) for factor in factors)
    return Figure("ablations", caption, alt, to_svg(canvas, "ablations", alt), _table(study), wide=True, width=WIDE)


def interval(row: Row) -> Interval:
    """Wilson's, of the row's accuracy on the test pictures."""
    return accuracy_interval(unpack_correct(str(row["correct"]), int(row["n_test"]))[None])  # type: ignore[arg-type]


def _draw_factor(axes: Axes, rows: Sequence[Row]) -> None:
    values, lines = distinct(rows, "value"), distinct(rows, "line")
    color, marker = side_color(str(rows[0]["side"])), MARKERS[str(rows[0]["side"])]
    for line, dashes in zip(lines, DASHES, strict=False):
        known = [row for row in rows if row["line"] == line and not row["diverged"]]
        places = [values.index(row["value"]) for row in known]
        for place, row in zip(places, known, strict=True):
            axes.plot([place, place], interval(row), color=color, linewidth=1.2)
        face = color if dashes == "-" else LIGHT["paper"]
        heights = [_accuracy(row) for row in known]
        axes.plot(
            places, heights, color=color, linestyle=dashes, marker=marker, markersize=5, mfc=face, label=str(line)
        )
    for row in rows:
        if row["default"] and not row["diverged"]:
            place = values.index(row["value"])
            axes.plot(place, _accuracy(row), "o", markersize=13, mfc="none", color=LIGHT["ink"], mew=1.2)
    texts = isinstance(values[0], str)
    axes.set_xticks(range(len(values)), [show(value) for value in values], rotation=25 if texts else 0)
    axes.set_xlim(-0.4, len(values) - 0.6)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    if len(lines) > 1:
        axes.legend(loc="best", fontsize=11)


def _accuracy(row: Row) -> float:
    return float(row["accuracy"])  # type: ignore[arg-type]


def _describe_span(study: StudyResult, factor: str) -> str:
    """The lowest and the highest accuracy of each line."""
    rows = [row for row in study.rows if row["factor"] == factor and not row["diverged"]]
    spans = []
    for line in distinct(rows, "line"):
        shares = [_accuracy(row) for row in rows if row["line"] == line]
        spans.append(f"{line}: {percent(min(shares))} to {percent(max(shares))}")
    return f"{FACTORS[factor]}, {listing(spans)}." if spans else ""


def _table(study: StudyResult) -> Table:
    columns = ("factor", "varied", "value", "validation", "test accuracy", "95 % interval")
    rows = tuple(TableRow(_cells(row), row["side"]) for row in study.rows)  # type: ignore[arg-type]
    return Table("Accuracy with one setting changed", columns, rows, folded=True)


def _cells(row: Row) -> tuple[Cell, ...]:
    value = show(row["value"]) + (" (default)" if row["default"] else "")
    factor = FACTORS[str(row["factor"])]
    if row["diverged"]:
        return Cell(factor), Cell(str(row["line"])), Cell(value), *(Cell("diverged", -1.0) for _ in range(3))
    low, high = interval(row)
    shares = (float(row[key]) for key in ("validation_score", "accuracy"))  # type: ignore[arg-type]
    return (
        Cell(factor),
        Cell(str(row["line"])),
        Cell(value),
        *(Cell(percent(share), share) for share in shares),
        Cell(percent_range((low, high)), low),
    )
