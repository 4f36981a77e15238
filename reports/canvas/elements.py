"""Elements of a report, free of any format: tables, figures, sections.

The texts are plain; each format escapes them itself.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from bakeoff.pipelines.results.run import Side
from bakeoff.reports.canvas.formats import p_number, percent, percent_range, points, points_range
from bakeoff.reports.canvas.svg import inline_svg


@dataclass(frozen=True)
class Cell:
    """text: as shown.   value: to sort by, None for text.   note: a smaller second line."""

    text: str
    value: float | None = None
    note: str = ""


def number_cell(value: float | None, show: Callable[[float], str], note: str = "") -> Cell:
    """The value as `show` writes it, sorted by itself; a dash for None."""
    return Cell("–", None, note) if value is None else Cell(show(value), float(value), note)


def share_cell(share: float | None, interval: tuple[float, float] | None = None) -> Cell:
    """A share in 0..1 as percent, its interval below it."""
    return number_cell(share, percent, percent_range(interval) if interval else "")


def difference_cells(difference: float, interval: tuple[float, float], p: float) -> tuple[Cell, Cell]:
    """A difference of shares in points, its interval below it; and the p-value of its test."""
    return number_cell(difference, points, points_range(interval)), number_cell(p, p_number)


@dataclass(frozen=True)
class TableRow:
    """The first cell is the row's header. side: gives it the side's mark.   strong: a finalist."""

    cells: tuple[Cell, ...]
    side: Side | None = None
    strong: bool = False


def table_row(*cells: Cell | str | None, side: Side | None = None, strong: bool = False) -> TableRow:
    """A row of cells, of plain texts, and of dashes for None."""
    return TableRow(tuple(c if isinstance(c, Cell) else Cell(c or "–") for c in cells), side, strong)


@dataclass(frozen=True)
class Table:
    """caption: what the table holds.   columns: headers; a column is numeric if one of its cells has a value."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[TableRow]
    folded: bool = False

    @property
    def numeric(self) -> tuple[bool, ...]:
        return tuple(any(row.cells[i].value is not None for row in self.rows) for i in range(len(self.columns)))


@dataclass(frozen=True)
class Figure:
    """name: file stem and id.   alt: what a person who cannot see it should know.

    picture: SVG text, or PNG bytes shown without smoothing at `width` pixels.   table: its numbers.
    """

    kind: ClassVar[str] = "figure"
    name: str
    caption: str
    alt: str
    picture: str | bytes
    table: Table | None = None
    width: int = 540

    @property
    def is_svg(self) -> bool:
        return isinstance(self.picture, str)

    @property
    def file_name(self) -> str:
        return f"{self.name}.{'svg' if self.is_svg else 'png'}"

    @property
    def inline(self) -> str:
        """Markup of an SVG, or the data URI of a PNG."""
        if isinstance(self.picture, str):
            return inline_svg(self.picture)
        return "data:image/png;base64," + base64.b64encode(self.picture).decode()


@dataclass(frozen=True)
class Section:
    """name: id and anchor.   paragraphs come before the parts.   Backticks in a text mark code.

    folded: shut until the reader opens it.
    """

    name: str
    title: str
    paragraphs: Sequence[str] = ()
    parts: Sequence[Table | Figure] = ()
    folded: bool = True
