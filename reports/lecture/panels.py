"""Figures of the lecture: their names, their grids of axes, curves, points of two classes."""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, NullLocator

from bakeoff.reports.canvas.axes import percent_axis, styled
from bakeoff.reports.canvas.svg import root_tag, to_svg
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.lecture.text import scientific

WIDTH = 400  # points: on a phone 374 px wide, so that a label of 12 points has 11 px
CLASS_COLORS = (LIGHT["hand"], LIGHT["net"])
LOOKS = (("net", "-", "o"), ("hand", "--", "s"), ("frozen", "-.", "^"), ("ink", ":", "v"))  # color, line, marker
Markup = tuple[float, float, str]  # width, height, elements of an SVG
Variables = SimpleNamespace  # those of a chapter: as they are in its notebook, or as they were saved
FIGURES: dict[str, Callable[[Variables], Canvas | Markup]] = {}


def drawn(
    name: str, n_rows: int = 0, n_columns: int = 0, height: float = 0, *, wide_rows: Sequence[int] = (), **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter under a figure's name a function that draws a chapter's variables on axes, row by row, of a canvas as wide
    as the page's column (a wide row has only one); or, without a grid, a function that gives markup."""
    names: Any = [[row * n_columns + i * (row not in wide_rows) for i in range(n_columns)] for row in range(n_rows)]

    def enter(draw: Callable[..., Any]) -> Callable[..., Any]:
        def on_canvas(v: Variables) -> Canvas:
            layout = ConstrainedLayoutEngine(w_pad=4 / 72, h_pad=5 / 72)
            canvas = Canvas(figsize=(WIDTH / 72, height / 72), layout=layout)
            draw(v, *canvas.subplot_mosaic(names, **options).values())
            return canvas

        FIGURES[name] = styled(on_canvas if n_rows else draw)
        return draw

    return enter


def draw(name: str, variables: Mapping[str, Any], alt: str) -> str:
    """SVG of a figure. Raises KeyError for a name that is none, AttributeError for a variable that is missing."""
    from bakeoff.reports.lecture import features, functions, graphs, nets  # noqa: F401  (they enter their figures)

    found = FIGURES[name](Variables(**variables))
    if isinstance(found, Canvas):
        return to_svg(found, name, alt)
    width, height, markup = found
    return root_tag(width, height, alt) + markup + "</svg>"


def bare(axes: Axes, title: str = "", *, equal: bool = True) -> None:
    """No ticks and no frame; a unit is as long upright as across."""
    axes.set(xticks=[], yticks=[], title=title, aspect="equal" if equal else "auto")
    axes.spines[:].set_visible(False)


def logarithmic(*axes: Any) -> None:
    """Ticks as powers of ten."""
    for axis in axes:
        axis._set_axes_scale("log")
        axis.set_major_formatter(FuncFormatter(lambda value, _: scientific(value)))
        axis.set_minor_locator(NullLocator())


def shares(axes: Axes, x_ticks: np.ndarray | None = None) -> None:
    """Percents upright, with lines to read them by; across powers of a few units, if ticks for them are given."""
    percent_axis(axes.yaxis)
    axes.grid(axis="y")
    if x_ticks is not None:
        axes.set_xscale("log")
        axes.set_xticks(x_ticks, [f"{tick}" for tick in x_ticks])
        axes.minorticks_off()


def curve(
    axes: Axes, x: np.ndarray, y: np.ndarray, half: np.ndarray | None = None, look: int = 0, label: str = ""
) -> None:
    """A line with marks, and a bar of this half length at each; the looks differ in color, line and mark."""
    color, line, marker = LOOKS[look]
    axes.errorbar(
        x, y, half, color=LIGHT[color], linestyle=line, marker=marker, markersize=5, capsize=3, label=label or None
    )


def scatter_classes(axes: Axes, points: np.ndarray, labels: np.ndarray) -> None:
    """Orange squares and blue circles."""
    for label, (color, marker) in enumerate(zip(CLASS_COLORS, "so", strict=True)):
        x, y = points[labels == label].T
        axes.scatter(x, y, s=7, c=color, marker=marker, linewidths=0.4, edgecolors=LIGHT["paper"])


def boundary(axes: Axes, field: np.ndarray, points: np.ndarray, labels: np.ndarray, title: str = "") -> None:
    """The two sides of a margin (m, m) on a square, the line between them, and points of the two classes."""
    half = 1.3  # of the square's side
    line = np.linspace(-half, half, len(field))
    top = float(np.abs(field).max()) + 1
    axes.contourf(line, line, field, [-top, 0, top], colors=CLASS_COLORS, alpha=0.16)
    axes.contour(line, line, field, [0], colors=LIGHT["ink"], linewidths=1.4)
    axes.set(xlim=(-half, half), ylim=(-half, half))
    scatter_classes(axes, points, labels)
    bare(axes, title)
