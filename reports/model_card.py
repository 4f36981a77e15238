"""Model card beside every saved model: model.md in Hugging Face's format, from its run, data set and studies."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from bakeoff.pipelines.results.calibrator import FALSE_ALARMS, fit_calibrator
from bakeoff.pipelines.results.files import write_atomically
from bakeoff.pipelines.results.model import CARD_NAME, FILE_NAME, ON_REGIONS
from bakeoff.pipelines.results.run import RunResult, load_run
from bakeoff.pipelines.results.study import StudyResult, load_studies
from bakeoff.pipelines.results.task import Task, load_task
from bakeoff.reports.canvas.elements import Cell, Table, number_cell, share_cell, table_row
from bakeoff.reports.canvas.formats import bytes_size, count, listing, percent, percent_range, seconds
from bakeoff.reports.canvas.theme import environment
from bakeoff.reports.chapters.robustness import read_endurance
from bakeoff.reports.report_text import escape_markdown, render_table
from bakeoff.reports.statistics.accuracy import accuracy_interval
from bakeoff.reports.statistics.calibration import measure_calibration
from bakeoff.reports.statistics.chance import FIXED, Sample
from bakeoff.reports.statistics.participants import Contestant


def write_cards(folder: Path) -> int:
    """A card beside every model of a task whose run is whole; returns how many. Raises ValueError on damaged files."""
    models = [path.parent for path in folder.glob(f"*/seed-*/{FILE_NAME}") if path.with_name("run.json").exists()]
    if models:
        task, studies = load_task(folder), load_studies(folder)
        for place in models:
            write_atomically(place / CARD_NAME, render_card(load_run(place), task, studies).encode())
    return len(models)


def render_card(run: RunResult, task: Task, studies: Mapping[str, StudyResult]) -> str:
    """The Markdown text, with facts about the model in a header of YAML."""
    jinja = environment()
    jinja.filters |= {
        "md": escape_markdown,
        "table": render_table,
        "percent": percent,
        "percent_range": percent_range,
        "json": lambda value, indent=None: json.dumps(value, indent=indent, ensure_ascii=False),
        "code_span": _in_code,
    }
    one, sample = Contestant.of([run]), Sample(run.labels, task.test_groups)
    balanced = accuracy_interval(one.correct, replace(sample, balanced=True), FIXED)
    hardware = run.environment.get("hardware", {})
    backbone = run.diagnostics.get("backbone", {}) if run.side == "frozen" else None
    text = jinja.get_template("model.md.j2").render(
        run=run,
        task=task,
        scores=(  # name, kind for Hugging Face, value in 0..1, interval for other pictures and this trained model
            ("accuracy", "accuracy", one.accuracy, accuracy_interval(one.correct, sample, FIXED)),
            ("balanced accuracy", "balanced_accuracy", one.balanced_accuracy, balanced),
            ("macro F1", "f1", one.macro_f1, None),
        ),
        n_groups=0 if task.test_groups is None else len(np.unique(task.test_groups)),
        classes=_class_table(one, sample, task),
        limits=tuple(_limits(run, task)),
        confidence=_describe_confidence(run, task),
        robustness=_describe_robustness(run, task, studies),
        costs=_cost_table(run),
        hardware=f"{hardware.get('processor', 'an unknown processor')}, {hardware.get('cores', '?')} cores",
        backbone=backbone,
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _in_code(text: str) -> str:
    """One line without the sign that would end it."""
    return " ".join(text.replace("`", "'").split())


def _class_table(one: Contestant, sample: Sample, task: Task) -> Table:
    rows = []
    for index, name in enumerate(task.class_names):
        own, recall = sample.labels == index, Cell("none to test")
        if own.any():
            right = one.correct[:, own]
            recall = share_cell(float(right.mean()), accuracy_interval(right, sample.take(own), FIXED))
        counts = (task.class_counts[split][index] for split in ("train", "validation", "test"))
        rows.append(table_row(name, *(number_cell(n, "{:,}".format) for n in counts), recall))
    return Table("", ("class", "train", "validation", "test", "recognized in test"), rows)


def _limits(run: RunResult, task: Task) -> Iterator[str]:
    if run.did_not_train:
        yield "It did not fit its own training pictures: it is of no use as it is."
    if run.diagnostics.get("svm_converged") is False:
        yield "Its SVM is not known to have reached its optimum."
    if task.reading.get("regions"):
        yield ON_REGIONS
    if run.side == "frozen":
        known = run.diagnostics.get("backbone", {}).get("trained_on")
        yield f"Its features were learned from {known or 'unknown pictures'}: test pictures may be among them."


def _describe_confidence(run: RunResult, task: Task) -> str:
    """What its probabilities are worth and, of two classes, what its threshold does."""
    calibrator = fit_calibrator(run.validation_scores, run.validation_labels, np.array(task.class_counts["train"]))
    effect = Sample(run.labels, task.test_groups).design_effect(run.predictions == run.labels)
    found = measure_calibration(run.scores / calibrator.temperature, run.labels, effect)
    text = (
        f"Its probabilities are the softmax of its scores divided by {calibrator.temperature:.4g}, which was chosen on "
        f"validation by log loss; their calibration error on the test pictures is {percent(found.corrected)} "
        f"({percent_range(found.interval)})."
    )
    if calibrator.wanted is None or calibrator.threshold is None:
        return text
    passed = calibrator.probabilities(run.scores)[:, calibrator.wanted] >= calibrator.threshold
    is_wanted, name = run.labels == calibrator.wanted, escape_markdown(task.class_names[calibrator.wanted])
    return (
        f"{text} With `--by-threshold`, a picture is classified as {name} from a probability of "
        f"{calibrator.threshold:.4g} on, at which at most {percent(FALSE_ALARMS)} of the others passed on "
        f"validation; on the test pictures {(passed & is_wanted).sum():,} of {is_wanted.sum():,} pass, and "
        f"{(passed & ~is_wanted).sum():,} of the {(~is_wanted).sum():,} others."
    )


def _describe_robustness(run: RunResult, task: Task, studies: Mapping[str, StudyResult]) -> str:
    study = studies.get("robustness")
    models = read_endurance(study, Sample(task.test_labels, task.test_groups)) if study else []
    one = next((model for model in models if model.experiment == run.experiment), None)
    if one is None or study is None or study.settings.get("seed") != run.seed:
        return f"Not measured: `bakeoff study robustness --experiments {_in_code(run.experiment)}` measures it."
    right, kinds = one.of(), {kind for name, kind in one.groups.items() if name not in one.held_out}
    return (
        f"{percent(one.mean(right))} ({percent_range(one.interval)}) of {right.shape[1]:,} test pictures that were "
        f"changed in {len(right)} ways ({listing(sorted(kinds))}), against {percent(one.mean(one.clean))} of the same "
        "pictures unchanged."
    )


def _cost_table(run: RunResult) -> Table:
    facts: list[tuple[str, float | None, Callable[[float], str]]] = [
        *((f"{stage.name} ({stage.kind})", stage.seconds, seconds) for stage in run.stages),
        ("a single picture", run.diagnostics.get("single_picture_seconds"), seconds),
        ("pictures per second, many at once", run.diagnostics.get("pictures_per_second"), count),
        ("peak memory of the process", max((s.peak_memory_bytes for s in run.stages), default=None), bytes_size),
        ("model file", run.size.bytes, bytes_size),
        ("parameters", run.size.parameters, count),
        ("feature dimensions", run.size.dimensions, count),
    ]
    rows = [table_row(name, number_cell(value, text)) for name, value, text in facts if value is not None]
    return Table("", ("what", "cost"), rows)
