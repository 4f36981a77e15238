"""Figures of the lecture: their names, grids of panels, plain frames, points of two classes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, NullLocator

from bakeoff.reports.canvas.axes import styled
from bakeoff.reports.canvas.elements import Figure
from bakeoff.reports.canvas.svg import root_tag, to_svg
from bakeoff.reports.canvas.theme import LIGHT

WIDTH = 400  # points: on a phone 374 px wide, so that a label of 12 points has 11 px
CLASS_COLORS = (LIGHT["hand"], LIGHT["net"])
CLASS_MARKERS = ("s", "o")
LOOKS = (("net", "-", "o"), ("hand", "--", "s"), ("frozen", "-.", "^"), ("ink", ":", "v"))  # color, line, marker
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
Markup = tuple[float, float, str]  # width, height, elements of an SVG


@dataclass(frozen=True)
class Drawing:
    """draw: gives a canvas, or markup.   variables: of the chapter, by parameter of `draw`."""

    draw: Callable[..., Canvas | Markup]
    variables: Mapping[str, str]


FIGURES: dict[str, Drawing] = {}


def drawn(name: str, **variables: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a drawing function under a figure's name. Each parameter gets the chapter's variable of the same name.

    variables: those whose names differ, by parameter.
    """

    def enter(draw: Callable[..., Any]) -> Callable[..., Any]:
        FIGURES[name] = Drawing(styled(draw), {p: variables.get(p, p) for p in inspect.signature(draw).parameters})
        return draw

    return enter


def figure(name: str, variables: Mapping[str, Any], *, caption: str = "", alt: str = "") -> Figure:
    """Draw a figure from a chapter's variables. Raises KeyError for a name that is none and for a missing variable."""
    drawing = FIGURES[name]
    found = drawing.draw(**{parameter: _as_saved(variables[name]) for parameter, name in drawing.variables.items()})
    if isinstance(found, Canvas):
        return Figure(name, caption, alt, to_svg(found, name, alt))
    width, height, markup = found
    return Figure(name, caption, alt, root_tag(width, height, alt) + markup + "</svg>")


def _as_saved(value: Any) -> Any:
    """A variable of a notebook as it would be read from a saved chapter: mappings of arrays."""
    value = vars(value) if hasattr(value, "__dataclass_fields__") else value
    if isinstance(value, dict):
        return {key: _as_saved(inner) for key, inner in value.items()}
    return np.asarray(value) if isinstance(value, list | tuple) else value


def panels(n_rows: int, n_columns: int, height: float, **options: Any) -> tuple[Canvas, np.ndarray]:
    """A canvas as wide as the page's column and its axes (n_rows, n_columns)."""
    layout = ConstrainedLayoutEngine(w_pad=4 / 72, h_pad=5 / 72)
    canvas = Canvas(figsize=(WIDTH / 72, height / 72), layout=layout)
    return canvas, canvas.subplots(n_rows, n_columns, squeeze=False, **options)


def bare(axes: Axes, *, equal: bool = True) -> None:
    """No ticks and no frame; a unit is as long upright as across."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    if equal:
        axes.set_aspect("equal")


def logarithmic(axis: Any) -> None:
    """Ticks as powers of ten."""
    axis._set_axes_scale("log")
    axis.set_major_formatter(FuncFormatter(lambda value, _: scientific(value)))
    axis.set_minor_locator(NullLocator())


def scatter_classes(axes: Axes, points: np.ndarray, labels: np.ndarray, size: float = 7) -> None:
    """Orange squares and blue circles."""
    for label, (color, marker) in enumerate(zip(CLASS_COLORS, CLASS_MARKERS, strict=True)):
        x, y = points[labels == label].T
        axes.scatter(x, y, s=size, c=color, marker=marker, linewidths=0.4, edgecolors=LIGHT["paper"])


def boundary(axes: Axes, field: np.ndarray, half: float) -> None:
    """The two sides of a margin (m, m) on a square of this half side, and the line between them."""
    line = np.linspace(-half, half, len(field))
    top = float(np.abs(field).max()) + 1
    axes.contourf(line, line, field, [-top, 0, top], colors=CLASS_COLORS, alpha=0.16)
    axes.contour(line, line, field, [0], colors=LIGHT["ink"], linewidths=1.4)
    axes.set_xlim(-half, half)
    axes.set_ylim(-half, half)
    bare(axes)


def number(value: float, digits: int = 2) -> str:
    """Whole numbers as such, others with all their digits; a true minus sign: -4.0 -> −4, -0.197 -> −0.20."""
    return f"{value:.{0 if value == round(value) else digits}f}".replace("-", "−")


def scientific(value: float) -> str:
    """0.0012 -> 1.2 × 10⁻³, 1000.0 -> 10³, 0.1 -> 0.1, 0 -> 0."""
    if value == 0 or 0.1 <= value < 100:
        return f"{value:.2g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    power = "10" + str(int(exponent)).translate(SUPERSCRIPTS)
    return power if mantissa == "1.0" else f"{mantissa.removesuffix('.0')} × {power}"
