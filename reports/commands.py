"""Commands of the reports: saved runs in, report.html, report.md and report.json out, or runs to pass on."""

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from bakeoff.pipelines.results.files import write_atomically
from bakeoff.pipelines.results.guest import load_guests
from bakeoff.pipelines.results.run import task_folder
from bakeoff.pipelines.results.study import load_studies
from bakeoff.pipelines.results.task import Task, task_name
from bakeoff.reports.canvas.elements import Table
from bakeoff.reports.chapters.changes import describe_changes, find_changes, read_base
from bakeoff.reports.chapters.confidence import Stakes
from bakeoff.reports.chapters.results import result_table
from bakeoff.reports.model_card import write_cards
from bakeoff.reports.publish import log_runs, publish
from bakeoff.reports.report import Report, build_report
from bakeoff.reports.report_json import render_json
from bakeoff.reports.report_text import render_html, render_markdown, save_figures
from bakeoff.reports.selection import find_tasks, select_runs
from bakeoff.reports.statistics.comparison import build_comparison

TERMINAL_COLUMNS = ("total", "peak memory")  # with experiment and leading score they fit 80 columns
RICH_STYLES = {"hand-crafted": "dark_orange", "end-to-end": "deep_sky_blue1", "frozen": "sea_green3", None: "dim"}


def read_report(options: argparse.Namespace) -> Report:
    """The report on saved runs. Raises ValueError on bad input."""
    base = read_base(options.base) if options.base else None  # before it is overwritten, if it is the same file
    lessons = read_lessons(options.lessons) if options.lessons else ()
    runs = getattr(options, "runs", ()) or [options.artifacts / "runs"]
    folders, task, remarks = find_tasks([*runs, *options.runs_from], task_name(options.dataset), options.fingerprint)
    studies = {name: study for folder in reversed(folders) for name, study in load_studies(folder).items()}
    guests = next((found for folder in folders if (found := load_guests(folder))), ())
    comparison = build_comparison(
        task, select_runs(folders, options.select), options.margin / 100, guests, studies.get("folds")
    )
    changes = find_changes(comparison, base, options.base) if base else None
    return build_report(
        comparison,
        remarks,
        studies,
        show_pictures=not options.without_pictures,
        changes=changes,
        lessons=lessons,
        stakes=Stakes(options.false_alarms / 100, tuple(options.costs) if options.costs else None),
    )


def save_report(report: Report, target: Path) -> None:
    """All three forms, and the figures of one, in a folder."""
    save_figures(report, target / "figures")
    write_atomically(target / "report.md", render_markdown(report).encode())
    write_atomically(target / "report.json", render_json(report).encode())
    write_atomically(target / "report.html", render_html(report).encode())


def report_folder(output: Path, task: Task) -> Path:
    """Named after the data set; and after its fingerprint, where another of that name has its report there."""
    folder = output / task.dataset
    try:
        there = json.loads((folder / "report.json").read_bytes())["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):  # none, or a damaged one
        return folder
    return folder if there == task.fingerprint else task_folder(output, task.dataset, task.fingerprint)


def read_lessons(path: Path) -> tuple[str, ...]:
    """The lines of a text file that are not empty. Raises ValueError if it is no UTF-8 text."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be UTF-8 text, a sentence a line ({error})") from error
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def print_result(report: Report, target: Path, console: Console) -> None:
    """The result table, the verdict and where the report is."""
    console.print(to_rich(result_table(report.comparison)))
    console.print(Text(report.verdict.answer.capitalize() + ". ", style="bold") + Text(report.verdict.sentence))
    for caveat in report.caveats:
        console.print(Text(f"- {caveat}", style="dim"))
    if report.changes is not None:
        console.print(Text("\n" + describe_changes(report.changes, report.verdict.answer)))
    console.print(Text(f"\n{target / 'report.html'}"), soft_wrap=True)


def to_rich(table: Table) -> RichTable:
    """The result table for a terminal: its main columns, each side in its color."""
    rich = RichTable(title=table.caption, title_justify="left", box=None, pad_edge=False, header_style="dim")
    shown = [0, 1, *(table.columns.index(column) for column in TERMINAL_COLUMNS)]
    for index in shown:
        rich.add_column(table.columns[index], justify="right" if table.numeric[index] else "left", no_wrap=True)
    for row in table.rows:
        style = RICH_STYLES[row.side] + (" bold" if row.strong else "")
        texts = [Text(row.cells[index].text) for index in shown]
        texts[0].stylize(style)
        rich.add_row(*texts)
    return rich


def report(options: argparse.Namespace) -> int:
    """Write the report in all three forms and show its result. Raises ValueError or OSError on bad input."""
    report = read_report(options)
    target = report_folder(options.artifacts / "reports", report.comparison.task)
    save_report(report, target)
    task = report.comparison.task
    write_cards(task_folder(options.artifacts / "runs", task.dataset, task.fingerprint))
    if options.json:
        print((target / "report.json").read_text())
    else:
        print_result(report, target, Console(highlight=False))
    return 0


def write_model_cards(options: argparse.Namespace) -> int:
    """Cards of the models of the data set that was trained on last."""
    write_cards(find_tasks([options.artifacts / "runs"], task_name(options.dataset))[0][0])
    return 0


def publish_runs(options: argparse.Namespace) -> int:
    """Copy saved runs to pass them on, or log them. Raises ValueError or OSError on bad input."""
    if options.mlflow:
        (folder,), task, _ = find_tasks([options.artifacts / "runs"], task_name(options.dataset))
        report = report_folder(options.artifacts / "reports", task)
        n_runs = log_runs(options.mlflow, select_runs([folder], options.select), folder.parent, report)
        print(f"{n_runs} runs: {options.mlflow}")
        return 0
    output = options.output or Path("docs/results") / task_name(options.dataset) / "runs"
    target, n_runs = publish(options.artifacts / "runs", options.dataset, output, options.select)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    print(f"{n_runs} runs, {size / 1e6:.1f} MB: {target}")
    return 0
