"""Figure on selective classification: accuracy against coverage."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.reports.canvas.axes import MARKERS, new_canvas, percent_axis, side_color, side_handles, styled
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Table
from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.statistics.comparison import Contestant
from bakeoff.reports.statistics.selective import SelectiveCurve

COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.5, 0.3)
N_DRAWN = 200  # points of a curve: more would not be seen
LEAST_COVERAGE = 0.05  # below, a curve is a few pictures' chance


@styled
def draw_selective(contestants: Sequence[Contestant], curves: Sequence[SelectiveCurve]) -> Figure:
    """One curve for each finalist."""
    canvas, (axes,) = new_canvas(270)
    for contestant, curve in zip(contestants, curves, strict=True):
        n = len(curve.coverage)
        first = max(int(LEAST_COVERAGE * n), 1) - 1
        shown = sorted({*range(first, n, max((n - first) // N_DRAWN, 1)), n - 1})
        dashes = "-" if contestant.side == "hand-crafted" else (0, (5, 2))
        axes.plot(curve.coverage[shown], curve.accuracy[shown], color=side_color(contestant.side), linestyle=dashes)
        axes.plot(1, curve.accuracy[-1], marker=MARKERS[contestant.side], color=side_color(contestant.side))
    axes.set(xlim=(0, 1.02), xlabel="share of the pictures that is answered, the surest first", ylabel="share right")
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    percent_axis(axes.xaxis)
    percent_axis(axes.yaxis)
    axes.legend(handles=side_handles(), loc="lower left")
    alt = "Accuracy against coverage of both finalists. " + " ".join(
        f"{contestant.experiment}: {percent(curve.accuracy_at(1.0))} of all, {percent(curve.accuracy_at(0.5))} of the "
        "surest half."
        for contestant, curve in zip(contestants, curves, strict=True)
    )
    caption = (
        "Selective accuracy: share right among the pictures of highest confidence (after temperature scaling). At the "
        "right end every picture is answered."
    )
    return Figure("selective", caption, alt, to_svg(canvas, "selective", alt), _table(contestants, curves))


def _table(contestants: Sequence[Contestant], curves: Sequence[SelectiveCurve]) -> Table:
    rows = tuple(
        Row(
            (
                Cell(contestant.experiment),
                *(Cell(percent(curve.accuracy_at(c)), curve.accuracy_at(c)) for c in COVERAGES),
                Cell(f"{curve.area:.4f}", curve.area),
            ),
            contestant.side,
        )
        for contestant, curve in zip(contestants, curves, strict=True)
    )
    columns = ("experiment", *(f"surest {100 * c:.0f} %" if c < 1 else "all" for c in COVERAGES), "mean risk")
    return Table("Accuracy at a coverage; mean risk is the area under the risk-coverage curve", columns, rows)
