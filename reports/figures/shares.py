"""Figures on overlap: both, one or none right as stacked bars."""

from __future__ import annotations

from bakeoff.reports.canvas.elements import Cell, Figure, Row, Table
from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.canvas.svg import root_tag
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.statistics.overlap import Overlap

BAR_WIDTH = 540
NAMES = ("both right", "only hand-crafted", "only end-to-end", "both wrong")
FILLS = tuple(LIGHT[name] for name in ("neutral", "hand", "net", "ink"))
INKS = tuple(LIGHT[name] for name in ("ink", "paper", "paper", "paper"))  # of a number on it


def draw_overlap(overlap: Overlap) -> Figure:
    """One bar over all test pictures, cut into both right, one right, none right."""
    text = ", ".join(f"{name} {percent(share)}" for name, share in zip(NAMES, _shares(overlap), strict=True))
    alt = f"Bar of all test pictures: {text}."
    parts = [root_tag(BAR_WIDTH, 92, alt), *_bar(overlap, 0, 0, BAR_WIDTH, 46, 14), *_legend(65), "</svg>"]
    rows = tuple(
        Row((Cell(name), Cell(percent(share), share))) for name, share in zip(NAMES, _shares(overlap), strict=True)
    )
    table = Table("Who is right", ("pictures", "share of the test split"), rows, folded=True)
    return Figure(
        "overlap", "All test pictures by who classifies them correctly, in percent.", alt, "".join(parts), table
    )


def _shares(overlap: Overlap) -> tuple[float, ...]:
    return overlap.both_right, overlap.only_first, overlap.only_second, overlap.both_wrong


def _bar(overlap: Overlap, left: float, top: float, width: float, height: float, font: float) -> list[str]:
    """Its four parts, with the percent in those that have room for it."""
    parts = []
    x = left
    for share, fill, ink in zip(_shares(overlap), FILLS, INKS, strict=True):
        length = share * width
        parts.append(
            f'<rect x="{x:.1f}" y="{top}" width="{max(length - 1.5, 0):.1f}" height="{height}" rx="2" fill="{fill}"/>'
        )
        if length > 3 * font:
            parts.append(
                f'<text x="{x + length / 2:.1f}" y="{top + height / 2 + 0.36 * font:.1f}" font-size="{font}" '
                f'text-anchor="middle" fill="{ink}">{100 * share:.1f}</text>'
            )
        x += length
    return parts


def _legend(top: float) -> list[str]:
    step = BAR_WIDTH / len(NAMES)
    return [
        f'<rect x="{index * step:.0f}" y="{top}" width="11" height="11" rx="2" fill="{fill}"/>'
        f'<text x="{index * step + 16:.0f}" y="{top + 10}" font-size="12.5" fill="{LIGHT["ink"]}">{name}</text>'
        for index, (name, fill) in enumerate(zip(NAMES, FILLS, strict=True))
    ]
