"""Figures on overlap: both, one or none right as stacked bars, for all pictures and class by class."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bakeoff.reports.canvas.elements import Cell, Figure, Row, Table
from bakeoff.reports.canvas.formats import percent, short
from bakeoff.reports.canvas.svg import root_tag
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.statistics.overlap import Overlap

BAR_WIDTH = 540
NAMES = ("both right", "only hand-crafted", "only end-to-end", "both wrong")
FILLS = tuple(LIGHT[name] for name in ("neutral", "hand", "net", "ink"))
INKS = tuple(LIGHT[name] for name in ("ink", "paper", "paper", "paper"))  # of a number on it
LABEL_WIDTH, ROW_HEIGHT = 120, 24
MAX_CLASSES = 20  # more would make a figure longer than a page; the table has all


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


def draw_overlap_by_class(class_names: Sequence[str], overlaps: Sequence[Overlap | None]) -> Figure:
    """One bar for each class, from the hand-crafted side's strongest to the end-to-end side's."""
    ranked = sorted(
        ((name, overlap) for name, overlap in zip(class_names, overlaps, strict=True) if overlap is not None),
        key=lambda item: item[1].only_second - item[1].only_first,
    )
    shown = ranked if len(ranked) <= MAX_CLASSES else [*ranked[: MAX_CLASSES // 2], *ranked[-MAX_CLASSES // 2 :]]
    (first, most_hand), (last, most_net) = ranked[0], ranked[-1]
    alt = (
        f"Bars of {len(shown)} classes. The hand-crafted side gains most on {first}, where it alone is right on "
        f"{percent(most_hand.only_first)}; the end-to-end side on {last}, where it alone is right on "
        f"{percent(most_net.only_second)}."
    )
    height = ROW_HEIGHT * len(shown) + 32
    parts = [root_tag(BAR_WIDTH, height, alt)]
    for index, (name, overlap) in enumerate(shown):
        y = ROW_HEIGHT * index
        parts.append(
            f'<text x="{LABEL_WIDTH - 8}" y="{y + 14}" font-size="12.5" text-anchor="end" fill="{LIGHT["ink"]}">'
            f"{escape(short(name, 16))}</text>"
        )
        parts += _bar(overlap, LABEL_WIDTH, y, BAR_WIDTH - LABEL_WIDTH, ROW_HEIGHT - 5, 11.5)
    parts += [*_legend(height - 14), "</svg>"]
    some = "" if len(shown) == len(ranked) else f" The {len(shown)} classes at the two ends of {len(ranked)} are shown."
    caption = (
        "The same for each class, in percent of its test pictures: on top the classes where the hand-crafted side "
        f"gains most over the other.{some}"
    )
    return Figure("overlap-by-class", caption, alt, "".join(parts), _class_table(ranked))


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


def _class_table(ranked: Sequence[tuple[str, Overlap]]) -> Table:
    rows = tuple(
        Row((Cell(name), *(Cell(percent(share), share) for share in _shares(overlap)))) for name, overlap in ranked
    )
    return Table("Who is right, class by class", ("class", *NAMES), rows, folded=True)
