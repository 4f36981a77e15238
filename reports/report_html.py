"""HTML format of a report: report.html, one self-contained file."""

from __future__ import annotations

from bakeoff.reports.canvas.theme import render_page
from bakeoff.reports.report import Report


def render_html(report: Report) -> str:
    """The page, with a content-security policy that lets nothing in from outside."""
    comparison = report.comparison
    return render_page(
        "page.html.j2",
        report=report,
        task=comparison.task,
        verdict=report.verdict,
        title=f"{comparison.task.dataset}: hand-crafted features or end to end?",
    )
