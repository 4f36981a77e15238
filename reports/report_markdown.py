"""Markdown format of a report: report.md, and figures/ beside it."""

from __future__ import annotations

import re
from pathlib import Path

from bakeoff.pipelines.results.files import write_atomically
from bakeoff.reports.canvas.elements import Cell, Figure, Gallery, Table
from bakeoff.reports.canvas.svg import standalone_svg
from bakeoff.reports.canvas.theme import environment
from bakeoff.reports.report import Report


def escape_markdown(text: str) -> str:
    """One line in which no sign has a meaning in Markdown or HTML."""
    line = text.replace("\n", " ").replace("\r", " ")
    return re.sub(r"([\\`*_\[\]|~$])", r"\\\1", line).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def render_table(table: Table) -> str:
    """A pipe table; notes go behind the text in brackets, finalists are bold."""
    lines = ["| " + " | ".join(escape_markdown(column) for column in table.columns) + " |"]
    lines.append("|" + "|".join("--:" if numeric else ":--" for numeric in table.numeric) + "|")
    for row in table.rows:
        cells = [_cell(cell) for cell in row.cells]
        if row.strong:
            cells[0] = f"**{cells[0]}**"
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(cell: Cell) -> str:
    note = f" ({escape_markdown(cell.note)})" if cell.note else ""
    return escape_markdown(cell.text) + note


def render_markdown(report: Report) -> str:
    """The text; its figures are those that `save_figures` writes beside it."""
    jinja = environment()
    jinja.filters |= {"md": escape_markdown, "table": render_table}
    text = jinja.get_template("page.md.j2").render(
        report=report, task=report.comparison.task, verdict=report.verdict, comparison=report.comparison
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def save_figures(report: Report, folder: Path) -> None:
    """Write every figure of the Markdown version; figures of an earlier report are removed."""
    contents = {name: content for part in report.figures for name, content in _files(part)}
    if folder.is_dir():
        for path in (*folder.glob("*.svg"), *folder.glob("*.png")):
            if path.name not in contents:
                path.unlink()
    for name, content in contents.items():
        write_atomically(folder / name, content)


def _files(part: Figure | Gallery) -> list[tuple[str, bytes]]:
    if isinstance(part, Gallery):
        return [(f"{part.name}.png", part.sheet)] if part.sheet is not None else []
    if isinstance(part.picture, str):
        return [(part.file_name, standalone_svg(part.picture).encode())]
    return [(part.file_name, part.picture)]
