"""Confusion matrices, drawn as plain SVG: hundreds of cells stay small, and follow light and dark."""

from __future__ import annotations

from html import escape

import numpy as np

from bakeoff.reports.canvas.elements import Cell, Figure, Row, Table
from bakeoff.reports.canvas.formats import percent, short
from bakeoff.reports.canvas.svg import root_tag
from bakeoff.reports.canvas.theme import LIGHT, SIDE_COLORS
from bakeoff.reports.statistics.comparison import Contestant
from bakeoff.reports.statistics.metrics import worst_confusions

MAX_LABELED = 40  # above this, class names would be smaller than can be read
MAX_NUMBERED = 20
LEAST_SHARE = 0.06  # of the most frequent mistake; smaller ones are not drawn: they would be invisible


def draw_confusion(contestant: Contestant) -> Figure:
    """Rows are true classes, columns predicted ones; the errors in the side's color, the diagonal in gray."""
    names = contestant.runs[0].class_names
    confusion = contestant.confusion
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    labeled = len(names) <= MAX_LABELED
    margin = 110 if labeled else 24
    size = 520
    cell = (size - margin) / len(names)
    name = f"confusion-{contestant.side}"
    alt = f"Confusion matrix of {contestant.experiment}. {describe_confusions(contestant)}"
    parts = [root_tag(size + 8, size + 4, alt)]
    parts += _cells(shares, margin, cell, LIGHT[SIDE_COLORS[contestant.side]])
    parts += _labels([short(n, 15) for n in names], margin, cell) if labeled else _axis_names(margin, size)
    parts.append("</svg>")
    caption = (
        f"Confusion matrix of {contestant.experiment} ({contestant.side}): rows are true classes, columns the answers, "
        "in percent of the row. Gray is right; the strongest color is the most frequent mistake."
    )
    return Figure(name, caption, alt, "".join(parts), _table(contestant), width=528)


def describe_confusions(contestant: Contestant) -> str:
    """The most frequent mistake, in a sentence."""
    names = contestant.runs[0].class_names
    worst = worst_confusions(contestant.confusion, 1)
    if not worst:
        return f"{contestant.experiment} makes no mistake on the test pictures."
    true, said, share = worst[0]
    return (
        f"The most frequent mistake of {contestant.experiment} is to take {names[true]} for {names[said]}: "
        f"{percent(share)} of its pictures."
    )


def _cells(shares: np.ndarray, margin: float, cell: float, color: str) -> list[str]:
    n = len(shares)
    parts = [
        f'<rect x="{margin}" y="{margin}" width="{n * cell:.1f}" height="{n * cell:.1f}" fill="{LIGHT["panel"]}"/>'
    ]
    font = min(13.0, 0.5 * cell)
    mistakes = shares * (1 - np.eye(n))
    worst = max(float(mistakes.max()), 1e-9)
    for i, j in np.argwhere((mistakes >= LEAST_SHARE * worst) | (np.eye(n) * shares > 0)):
        share = shares[i, j]
        x, y = margin + j * cell, margin + i * cell
        # A power below one spreads the small shares, of which there are more.
        fill, opacity = (LIGHT["neutral"], 0.2 + 0.6 * share) if i == j else (color, 0.85 * (share / worst) ** 0.8)
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{cell - 0.6:.1f}" height="{cell - 0.6:.1f}" '
            f'fill="{fill}" fill-opacity="{opacity:.2f}"/>'
        )
        if n <= MAX_NUMBERED and share >= 0.02:
            ink = LIGHT["paper"] if i != j and opacity > 0.6 else LIGHT["ink"]
            parts.append(
                f'<text x="{x + cell / 2:.1f}" y="{y + cell / 2 + 0.35 * font:.1f}" font-size="{font:.1f}" '
                f'text-anchor="middle" fill="{ink}">{100 * share:.0f}</text>'
            )
    return parts


def _labels(names: list[str], margin: float, cell: float) -> list[str]:
    font = min(13.0, max(7.0, 0.75 * cell))
    parts = []
    for index, name in enumerate(names):
        middle = margin + (index + 0.5) * cell
        text = escape(name)
        parts.append(
            f'<text x="{margin - 6}" y="{middle + 0.35 * font:.1f}" font-size="{font:.1f}" text-anchor="end" '
            f'fill="{LIGHT["ink"]}">{text}</text>'
            f'<text transform="translate({middle + 0.35 * font:.1f} {margin - 6}) rotate(-90)" font-size="{font:.1f}" '
            f'fill="{LIGHT["ink"]}">{text}</text>'
        )
    return parts


def _axis_names(margin: float, size: float) -> list[str]:
    middle = (margin + size) / 2
    return [
        f'<text x="{middle}" y="15" font-size="13" text-anchor="middle" fill="{LIGHT["muted"]}">answer</text>',
        f'<text transform="translate(15 {middle}) rotate(-90)" font-size="13" text-anchor="middle" '
        f'fill="{LIGHT["muted"]}">true class</text>',
    ]


def _table(contestant: Contestant) -> Table:
    names = contestant.runs[0].class_names
    rows = tuple(
        Row((Cell(names[true]), Cell(names[said]), Cell(percent(share), share)))
        for true, said, share in worst_confusions(contestant.confusion, 15)
    )
    columns = ("true class", "answer", "share of the class")
    return Table(f"The most frequent mistakes of {contestant.experiment}", columns, rows, folded=True)
