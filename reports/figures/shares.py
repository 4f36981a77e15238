"""Who is right where: the four cells as one bar."""

from __future__ import annotations

from reports.elements import Cell, Figure, Row, Table
from reports.formats import percent
from reports.overlap import Overlap
from reports.svg import root_tag
from reports.theme import LIGHT

BAR_WIDTH = 540


def draw_overlap(overlap: Overlap) -> Figure:
    """One bar over all test pictures, cut into both right, one right, none right."""
    cells = (
        ("both right", overlap.both_right, LIGHT["neutral"], LIGHT["ink"]),
        ("only hand-crafted", overlap.only_first, LIGHT["hand"], LIGHT["paper"]),
        ("only end-to-end", overlap.only_second, LIGHT["net"], LIGHT["paper"]),
        ("both wrong", overlap.both_wrong, LIGHT["ink"], LIGHT["paper"]),
    )
    text = ", ".join(f"{name} {percent(share)}" for name, share, _, _ in cells)
    alt = f"Bar of all test pictures: {text}."
    parts = [root_tag(BAR_WIDTH, 92, alt)]
    x = 0.0
    for index, (name, share, fill, ink) in enumerate(cells):
        width = share * BAR_WIDTH
        parts.append(f'<rect x="{x:.1f}" y="0" width="{max(width - 1.5, 0):.1f}" height="46" rx="2" fill="{fill}"/>')
        if width > 44:
            parts.append(
                f'<text x="{x + width / 2:.1f}" y="28" font-size="14" text-anchor="middle" fill="{ink}">'
                f"{100 * share:.1f}</text>"
            )
        left = index * BAR_WIDTH / 4
        parts.append(
            f'<rect x="{left:.0f}" y="65" width="11" height="11" rx="2" fill="{fill}"/>'
            f'<text x="{left + 16:.0f}" y="75" font-size="12.5" fill="{LIGHT["ink"]}">{name}</text>'
        )
        x += width
    parts.append("</svg>")
    rows = tuple(Row((Cell(name), Cell(percent(share), share))) for name, share, _, _ in cells)
    table = Table("Who is right", ("pictures", "share of the test split"), rows, folded=True)
    return Figure("overlap", "All test pictures by who names them correctly, in percent.", alt, "".join(parts), table)
