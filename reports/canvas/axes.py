"""Canvas of every drawn figure: axes, the marks of the sides, labels that do not collide, curves with intervals."""

import functools
import warnings
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter
from matplotlib.transforms import Bbox

from bakeoff.reports.canvas.elements import Cell, Figure, Table, number_cell, table_row
from bakeoff.reports.canvas.formats import listing, percent, percent_range, short
from bakeoff.reports.canvas.svg import STYLE, to_svg
from bakeoff.reports.canvas.theme import LIGHT, SIDE_COLORS
from bakeoff.reports.statistics.curves import Curve

WIDTH, WIDE = 540, 680  # points: of the column, and of a figure that may leave it
MARKERS = {"hand-crafted": "s", "end-to-end": "o", "frozen": "^"}
# Curves of one side share its color; they differ by the dashes, and from the fifth on by gray marks.
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.8)), (0, (6, 2, 1.5, 2)))
ROOM = 4  # more curves leave no room for the legend beside them
LEAST_POINTS = 5  # fewer are a table: a line through them would suggest more than was measured
UNTRAINED = "did not train"
Scale = Literal["sizes", "shares"]
P = ParamSpec("P")
R = TypeVar("R")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function under the report's matplotlib settings.

    A class name may hold signs that matplotlib's font lacks; the browser has them, so that warning is dropped.
    """

    @functools.wraps(draw)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.rc_context(STYLE), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            return draw(*args, **kwargs)

    return wrapper


def new_canvas(height: float, n_columns: int = 1, width: float = WIDTH) -> tuple[Canvas, list[Axes]]:
    """A canvas of `width` x `height` points and its axes, side by side, with lines behind what is drawn."""
    layout = ConstrainedLayoutEngine(w_pad=2 / 72, h_pad=4 / 72)
    canvas = Canvas(figsize=(width / 72, height / 72), layout=layout)
    panels = list(canvas.subplots(1, n_columns, squeeze=False).flat)
    for axes in panels:
        axes.grid(axis="y")
    return canvas, panels


def finish(canvas: Canvas, name: str, caption: str, alt: str, table: Table | None = None) -> Figure:
    """The drawn canvas as a figure of the report. alt: what a person who cannot see it should know."""
    width = round(72 * canvas.get_figwidth())
    return Figure(name, caption, alt, to_svg(canvas, name, alt), table, width=width)


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """A row for each name, from the top, without an axis line."""
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def side_color(side: str) -> str:
    return LIGHT[SIDE_COLORS[side]]


def percent_axis(axis: Any) -> None:
    """Ticks of a share in 0..1 as percent."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))


def seconds_axis(axes: Axes, low: float, high: float) -> None:
    """Logarithmic x axis with ticks that people use for durations."""
    ticks = [(0.001, "1 ms"), (0.01, "10 ms"), (0.1, "0.1 s"), (1, "1 s"), (10, "10 s"), (60, "1 min")]
    ticks += [(600, "10 min"), (3600, "1 h"), (36000, "10 h"), (360000, "100 h")]
    shown = [(value, text) for value, text in ticks if low <= value <= high]
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks([value for value, _ in shown], [text for _, text in shown])
    axes.minorticks_off()


def side_legend(axes: Axes, sides: Sequence[str] = ("hand-crafted", "end-to-end"), loc: str | None = None) -> None:
    """The marks of the sides, above the axes or at `loc` inside."""
    handles = [
        Line2D([], [], linestyle="none", marker=MARKERS[side], color=side_color(side), markersize=8, label=side)
        for side in sides
    ]
    above: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 3}
    axes.legend(handles=handles, borderpad=0, handletextpad=0.3, **({"loc": loc} if loc else above))


def label_points(
    canvas: Canvas, axes: Axes, positions: Sequence[tuple[float, float]], texts: Sequence[str | None]
) -> None:
    """Write each text beside its point, where it covers neither a point nor a text already written.

    positions: data coordinates, in order of importance; a text of None marks a point without a label.
    A label with no free place is left out: the table of results has every name.
    """
    canvas.draw_without_rendering()
    taken = [Bbox.from_bounds(x - 5, y - 5, 10, 10) for x, y in axes.transData.transform(positions)]
    bounds = axes.get_window_extent()
    for position, text in zip(positions, texts, strict=True):
        for dx, dy in product((9, -9), (0, 10, -10)) if text else ():
            label = axes.annotate(
                text or "",
                position,
                (dx, dy),
                textcoords="offset points",
                fontsize=12,
                ha="left" if dx > 0 else "right",
                va="center",
            )
            label.set_in_layout(False)  # it takes no room from the axes
            box = label.get_window_extent()
            if bounds.x0 <= box.x0 and box.x1 <= bounds.x1 and not box.count_overlaps(taken):
                taken.append(box)
                break
            label.remove()


@styled
def show_curves(
    name: str, table: Table, curves: Sequence[Curve], *, scale: Scale = "sizes", measure: str = "accuracy"
) -> Figure | Table:
    """Accuracy over a quantity: the figure of five points or more, else their table.

    table: of `curves_table`.   scale: of x; sizes are logarithmic, with a tick at every point.
    """
    if max(len(curve.points) for curve in curves) < LEAST_POINTS:
        return table
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
