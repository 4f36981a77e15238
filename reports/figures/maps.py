"""Scatter plot of test pictures in either side's representation, each class with a color, a sign and its name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bakeoff.pipelines.results.study import Row
from bakeoff.reports.canvas.axes import label_points, new_canvas, side_color, styled
from bakeoff.reports.canvas.elements import Figure
from bakeoff.reports.canvas.formats import short
from bakeoff.reports.canvas.svg import to_svg
from bakeoff.reports.canvas.theme import LIGHT

WIDE = 680
# Of a lightness that shows on light and on dark paper; with the signs, 30 classes are told apart.
COLORS = ("#3b82c4", "#c8641e", "#2f9e6e", "#a05fc4", "#c94f62", "#8f8a1f")
SIGNS = ("o", "s", "^", "D", "P")
MOST_NAMED = len(COLORS) * len(SIGNS)  # classes in the legend


@styled
def draw_maps(points: Sequence[Row]) -> Figure:
    """points: rows with side, experiment, x, y and label."""
    names = list(dict.fromkeys(str(row["label"]) for row in sorted(points, key=lambda row: str(row["label"]))))
    sides = list(dict.fromkeys((str(row["side"]), str(row["experiment"])) for row in points))
    legend_rows = -(-min(len(names), MOST_NAMED) // 6)
    canvas, panels = new_canvas(350 + 17 * legend_rows, len(sides), WIDE)
    for axes, (side, experiment) in zip(panels, sides, strict=True):
        _draw_points(axes, [row for row in points if row["side"] == side], names)
        axes.set_title(short(experiment, 30), color=side_color(side))
    if len(names) <= MOST_NAMED:
        handles = [_sign(number, label=short(name, 14)) for number, name in enumerate(names)]
        canvas.legend(handles=handles, loc="outside lower center", ncols=6, fontsize=11, handletextpad=0.1)
    for axes, (side, _) in zip(panels, sides, strict=True):
        places = [_middle([row for row in points if row["side"] == side and row["label"] == name]) for name in names]
        label_points(canvas, axes, places, [short(name, 12) for name in names])
    n_points = sum(row["side"] == sides[0][0] for row in points)
    caption = (
        f"{n_points:,} test pictures, near each other where the representation holds them for alike. A name stands at "
        "the point in the middle of its class, where there is room."
    )
    alt = (
        f"Two maps of {n_points:,} points in {len(names)} classes: the features after scaling, and the net's last "
        "hidden layer. The table tells how often neighbors agree."
    )
    return Figure("maps", caption, alt, to_svg(canvas, "maps", alt), wide=True, width=WIDE)


def _draw_points(axes: Axes, points: Sequence[Row], names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        places = np.array([(row["x"], row["y"]) for row in points if row["label"] == name], float).reshape(-1, 2)
        color, sign = _look(number)
        axes.scatter(places[:, 0], places[:, 1], s=16, c=color, marker=sign, alpha=0.75, linewidths=0)
    axes.set(xticks=[], yticks=[], xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), aspect="equal")
    for spine in axes.spines.values():
        spine.set(visible=True, color=LIGHT["rule"])


def _look(number: int) -> tuple[str, str]:
    return COLORS[number % len(COLORS)], SIGNS[number // len(COLORS) % len(SIGNS)]


def _sign(number: int, label: str) -> Line2D:
    color, sign = _look(number)
    return Line2D([], [], linestyle="none", marker=sign, color=color, markersize=6, label=label)


def _middle(points: Sequence[Row]) -> tuple[float, float]:
    """The point with the smallest sum of distances to the others of its class."""
    places = np.array([(row["x"], row["y"]) for row in points], float)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2).sum(axis=1)
    x, y = places[distances.argmin()]
    return float(x), float(y)
