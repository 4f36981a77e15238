"""Panels of the lecture: grids, plain frames, points of two classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.layout_engine import ConstrainedLayoutEngine

from bakeoff.reports.canvas.axes import WIDTH
from bakeoff.reports.canvas.elements import Figure
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.canvas.theme import LIGHT

Numbers = Mapping[str, np.ndarray]  # the fields of one result, and `made_by`
CLASS_COLORS = (LIGHT["hand"], LIGHT["net"])
CLASS_MARKERS = ("s", "o")
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Chapter:
    """name: anchor.   text: up to five sentences: what to see.   made_by: the functions that computed the figures."""

    name: str
    title: str
    text: str
    figures: tuple[Figure, ...]
    made_by: tuple[str, ...]


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


def scatter_classes(axes: Axes, points: np.ndarray, labels: np.ndarray, size: float = 9) -> None:
    """Orange squares and blue circles."""
    for label, (color, marker) in enumerate(zip(CLASS_COLORS, CLASS_MARKERS, strict=True)):
        x, y = points[labels == label].T
        axes.scatter(x, y, s=size, c=color, marker=marker, linewidths=0.4, edgecolors=LIGHT["paper"])


def number(value: float, digits: int = 2) -> str:
    """Whole numbers as such, others with all their digits; a true minus sign: -4.0 -> −4, -0.197 -> −0.20."""
    return f"{value:.{0 if value == round(value) else digits}f}".replace("-", "−")


def scientific(value: float) -> str:
    """0.0012 -> 1.2 × 10⁻³, 1000.0 -> 10³, 0 -> 0."""
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.1e}".split("e")
    power = "10" + str(int(exponent)).translate(SUPERSCRIPTS)
    return power if mantissa == "1.0" else f"{mantissa.removesuffix('.0')} × {power}"


def to_figure(canvas: Canvas, name: str, caption: str, alt: str) -> Figure:
    return Figure(name, caption, alt, to_svg(canvas, name, alt))
