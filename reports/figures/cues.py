"""Figures on cues: example pictures, and the heat map of accuracy by cue and method, as plain SVG."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np

from bakeoff.reports.canvas.axes import side_color
from bakeoff.reports.canvas.curve_axes import UNTRAINED
from bakeoff.reports.canvas.elements import Cell, Figure, Row, Table
from bakeoff.reports.canvas.formats import listing, percent, percent_range, short
from bakeoff.reports.canvas.pictures import place_picture
from bakeoff.reports.canvas.svg import root_tag
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.statistics.curves import Curve, Point

WIDTH, LEFT, TOP, CELL_HEIGHT = 540, 132, 30, 40
PICTURE = 31  # side of an example
Matrix = Mapping[str, Mapping[str, tuple[Curve, Point]]]


def draw_cue_examples(pictures: Mapping[str, np.ndarray]) -> Figure:
    """pictures: cue -> uint8 (2 * n_classes, h, w, c), two of each class, class by class; a row for each cue."""
    n_shown = max(len(images) for images in pictures.values())
    gap = (WIDTH - LEFT - n_shown * PICTURE) / (n_shown / 2)
    height = len(pictures) * (PICTURE + 12)
    alt = f"Small synthetic pictures in {len(pictures)} rows, two of each class: {listing(list(pictures))}."
    parts = [root_tag(WIDTH, height, alt)]
    for row, (cue, images) in enumerate(pictures.items()):
        top = row * (PICTURE + 12)
        parts.append(_text(LEFT - 8, top + 0.62 * PICTURE, cue, anchor="end"))
        for column, image in enumerate(images):
            left = LEFT + column * PICTURE + column // 2 * gap
            parts.append(place_picture(image, round(left, 1), top, PICTURE - 1))
    parts.append("</svg>")
    caption = (
        "Two test pictures of each class, in pairs. In a row the classes differ in that cue alone (in “all”, in all "
        "four at once); everything else is left to chance."
    )
    return Figure("cue-examples", caption, alt, "".join(parts), width=WIDTH)


def draw_cue_matrix(found: Matrix, chance: float) -> Figure:
    """A cell is as strong as its accuracy is above guessing.

    found: cue -> method -> its curve and point.   Rows are methods, in their side's color; columns are cues.
    """
    cues = list(found)
    methods = list(dict.fromkeys(method for row in found.values() for method in row))
    width, height = (WIDTH - LEFT) / len(cues), TOP + CELL_HEIGHT * len(methods) + 4
    alt = "Accuracies by method and cue. " + " ".join(_describe_method(found, method) for method in methods)
    parts = [root_tag(WIDTH, height, alt)]
    parts += [_text(LEFT + (i + 0.5) * width, TOP - 10, cue, anchor="middle") for i, cue in enumerate(cues)]
    for j, method in enumerate(methods):
        top = TOP + j * CELL_HEIGHT
        parts.append(_text(LEFT - 8, top + 0.62 * CELL_HEIGHT, short(method), anchor="end"))
        parts += [
            _cell(LEFT + i * width, top, width, *found[cue][method], chance)
            for i, cue in enumerate(cues)
            if method in found[cue]
        ]
    parts.append("</svg>")
    caption = (
        f"Test accuracy in percent. The stronger the color, the further above guessing ({percent(chance)}); orange "
        "rows are hand-crafted, blue ones end to end. A star marks a net that did not train."
    )
    return Figure("cue-matrix", caption, alt, "".join(parts), _table(found, methods), width=WIDTH)


def _cell(left: float, top: float, width: float, curve: Curve, point: Point, chance: float) -> str:
    strength = max(0.0, (point.accuracy - chance) / (1 - chance))
    opacity = 0.06 + 0.86 * strength**1.3
    ink = LIGHT["paper"] if opacity > 0.6 else LIGHT["ink"]
    text = f"{100 * point.accuracy:.0f}" + ("" if point.trained else " *")
    number = _text(left + width / 2, top + 0.62 * CELL_HEIGHT, text, anchor="middle", color=ink)
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width - 2:.1f}" height="{CELL_HEIGHT - 2}" '
        f'fill="{side_color(curve.side)}" fill-opacity="{opacity:.2f}"/>{number}'
    )


def _text(x: float, y: float, text: str, *, anchor: str, color: str = LIGHT["ink"]) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="13.5" text-anchor="{anchor}" fill="{color}">{escape(text)}</text>'


def _describe_method(found: Matrix, method: str) -> str:
    shares = [
        f"{cue} {percent(row[method][1].accuracy)}{_untrained(row[method][1])}"
        for cue, row in found.items()
        if method in row
    ]
    return f"{method}: {listing(shares)}."


def _untrained(point: Point) -> str:
    return "" if point.trained else f" ({UNTRAINED})"


def _table(found: Matrix, methods: list[str]) -> Table:
    rows = tuple(
        Row(
            (
                Cell(method),
                Cell(cue),
                Cell(percent(point.accuracy), point.accuracy, "" if point.trained else UNTRAINED),
                Cell(percent_range(point.interval), point.interval[0]),
            ),
            curve.side,
        )
        for method in methods
        for cue, row in found.items()
        if method in row
        for curve, point in [row[method]]
    )
    return Table("Accuracy by method and cue", ("method", "cue", "test accuracy", "95 % interval"), rows, folded=True)
