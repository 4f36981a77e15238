"""Formats of a report for people: report.html, one self-contained file, and report.md with figures/ beside it."""

import re
from pathlib import Path

from bakeoff.pipelines.results.files import write_atomically
from bakeoff.reports.canvas.elements import Table
from bakeoff.reports.canvas.svg import standalone_svg
from bakeoff.reports.canvas.theme import environment, render_page
from bakeoff.reports.report import Report


def render_html(report: Report) -> str:
    """The page, with a content-security policy that lets nothing in from outside."""
    task = report.comparison.task
    title = f"{task.dataset}: hand-crafted features or end to end?"
    return render_page("page.html.j2", report=report, task=task, verdict=report.verdict, title=title)


def escape_markdown(text: str) -> str:
    """One line in which no sign has a meaning in Markdown or HTML."""
    line = text.replace("\n", " ").replace("\r", " ")
    return re.sub(r"([\\`*_\[\]|~$])", r"\\\1", line).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def render_table(table: Table) -> str:
    """A pipe table; notes go behind the text in brackets, finalists are bold."""
    lines = ["| " + " | ".join(escape_markdown(column) for column in table.columns) + " |"]
    lines.append("|" + "|".join("--:" if numeric else ":--" for numeric in table.numeric) + "|")
    for row in table.rows:
        told = (f"{cell.text} ({cell.note})" if cell.note else cell.text for cell in row.cells)
        cells = [escape_markdown(text) for text in told]
        if row.strong:
            cells[0] = f"**{cells[0]}**"
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def render_markdown(report: Report) -> str:
    """The text; its figures are those that `save_figures` writes beside it."""
    jinja = environment()
    jinja.filters |= {"md": escape_markdown, "table": render_table}
    template = jinja.get_template("page.md.j2")
    text = template.render(report=report, task=report.comparison.task, verdict=report.verdict)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def save_figures(report: Report, folder: Path) -> None:
    """Write every figure of the Markdown version; figures of an earlier report are removed."""
    names = {figure.file_name for figure in report.figures}
    for path in (*folder.glob("*.svg"), *folder.glob("*.png")):
        if path.name not in names:
            path.unlink()
    for figure in report.figures:
        content = figure.picture
        if isinstance(content, str):
            content = standalone_svg(content).encode()
        write_atomically(folder / figure.file_name, content)
