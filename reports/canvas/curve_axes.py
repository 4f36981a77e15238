"""Curves of accuracy over one quantity: a line for each experiment with its 95 % intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes

from bakeoff.reports.canvas.axes import MARKERS, finish, new_canvas, percent_axis, side_color, styled
from bakeoff.reports.canvas.elements import Cell, Figure, Table, number_cell, table_row
from bakeoff.reports.canvas.formats import listing, percent, percent_range, short
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.statistics.curves import Curve

# Curves of one side share its color; they differ by the dashes, and from the fifth on by gray marks.
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.8)), (0, (6, 2, 1.5, 2)))
ROOM = 4  # more curves leave no room for the legend beside them
LEAST_POINTS = 5  # fewer are a table: a line through them would suggest more than was measured
UNTRAINED = "did not train"
Scale = Literal["sizes", "shares"]


def show_curves(
    name: str, table: Table, curves: Sequence[Curve], *, scale: Scale = "sizes", measure: str = "accuracy"
) -> Figure | Table:
    """Accuracy over a quantity: the figure of five points or more, else their table.

    table: of `curves_table`.   scale: of x; sizes are logarithmic, with a tick at every point.
    """
    if max(len(curve.points) for curve in curves) < LEAST_POINTS:
        return table
    return _draw(name, table, curves, scale, measure)


@styled
def _draw(name: str, table: Table, curves: Sequence[Curve], scale: Scale, measure: str) -> Figure:
    canvas, (axes,) = new_canvas(320)
    if scale == "sizes":
        size_axis(axes, [x for curve in curves for x in curve.xs])
    else:
        percent_axis(axes.xaxis)
    draw_curves(axes, curves)
    axes.set(xlabel=f"{table.columns[1]}{' (logarithmic)' if scale == 'sizes' else ''}", ylabel=f"test {measure}")
    caption = f"{table.caption}; bands are 95 % intervals over test pictures and seeds."
    if any(not point.trained for curve in curves for point in curve.points):
        caption += " A hollow mark is a net that did not train."
    ends = [f"{curve.experiment} {percent(curve.points[-1].accuracy)}" for curve in curves]
    return finish(canvas, name, caption, f"{table.caption}. At the right end: {listing(ends)}.", table)


def draw_curves(axes: Axes, curves: Sequence[Curve]) -> None:
    """Lines, dots and bands of the curves, on an axis of percent; hollow marks where a net did not train."""
    drawn, lines = dict.fromkeys(MARKERS, 0), []
    for curve in curves:
        again, style = divmod(drawn[curve.side], len(DASHES))
        drawn[curve.side] += 1
        color, shown = side_color(curve.side), curve.trained
        marks: dict[str, Any] = {"color": color, "marker": MARKERS[curve.side], "markersize": 5.5}
        lines += axes.plot(
            shown.xs,
            [point.accuracy for point in shown.points],
            linestyle=DASHES[style],
            markerfacecolor=LIGHT["neutral"] if again else color,
            label=short(curve.experiment, 22),
            **marks,
        )
        hollow = [(point.x, point.accuracy) for point in curve.points if not point.trained]
        if hollow:
            axes.plot(*zip(*hollow, strict=True), linestyle="none", markerfacecolor=LIGHT["paper"], **marks)
        if shown.points:
            low, high = zip(*(point.interval for point in shown.points), strict=True)
            axes.fill_between(shown.xs, low, high, color=color, alpha=0.14, linewidth=0)
    percent_axis(axes.yaxis)
    if len(curves) <= ROOM:
        axes.legend(loc="best", handlelength=3)
    else:  # beside the axes, in the order of the lines' right ends
        order = np.argsort([-curve.points[-1].accuracy for curve in curves], kind="stable")
        beside: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1, 0.5), "handlelength": 3}
        axes.legend(handles=[lines[i] for i in order], **beside)


def size_axis(axes: Axes, sizes: Sequence[float]) -> None:
    """Logarithmic x axis with a tick at every number of pictures, of close ones only the last."""
    kept: list[float] = []
    for size in sorted(set(sizes), reverse=True):
        if not kept or size < kept[-1] / 1.7:
            kept.append(size)
    axes.set_xscale("log")
    axes.set_xticks(kept, [f"{size:,.0f}" for size in kept])
    axes.minorticks_off()


def curves_table(
    caption: str, quantity: str, curves: Sequence[Curve], show: Callable[[float], str], measure: str = "accuracy"
) -> Table:
    """Every point. show: the text of an x."""
    rows = []
    for curve in curves:
        for point in curve.points:
            share = number_cell(point.accuracy, percent, "" if point.trained else UNTRAINED)
            interval = Cell(percent_range(point.interval), point.interval[0])
            facts = number_cell(point.x, show), number_cell(len(point.rows), str)
            rows.append(table_row(curve.experiment, *facts, share, interval, side=curve.side))
    return Table(caption, ("experiment", quantity, "seeds", f"test {measure}", "95 % interval"), rows)
