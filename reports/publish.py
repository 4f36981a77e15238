"""Saved runs of a data set made small, without a picture of it, to be passed on.

What `bakeoff publish --dataset cifar10` writes has the layout of `artifacts/runs`, so that anyone can make the report
again and put own runs beside:

    bakeoff report-saved docs/results/cifar10/runs --dataset cifar10      # the published runs alone
    bakeoff report cifar10 --runs-from docs/results/cifar10/runs          # beside your own

`bakeoff publish --mlflow URI` logs runs, models and report in an MLflow tracking server instead (the extra `mlflow`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.pipelines.results.guest import load_guests, save_guests
from bakeoff.pipelines.results.model import CARD_NAME, FILE_NAME
from bakeoff.pipelines.results.run import RunResult, run_folder, save_run, task_folder
from bakeoff.pipelines.results.study import load_studies, save_study
from bakeoff.pipelines.results.task import save_task, task_name
from bakeoff.reports.selection import find_tasks, select_runs

LONGEST_VALUE = 500  # characters of a parameter, that every version of MLflow takes


def shrink(run: RunResult) -> RunResult:
    """Scores as float16 where every prediction stays the same."""
    return replace(run, scores=_halve(run.scores), validation_scores=_halve(run.validation_scores))


def _halve(scores: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        half = scores.astype(np.float16)
    same = np.isfinite(half).all() and np.array_equal(half.argmax(axis=1), scores.argmax(axis=1))
    return half if same else scores


def publish(runs: Path, dataset: str, output: Path, selected: list[str]) -> tuple[Path, int]:
    """Copy card, guests, studies and runs; returns the folder and how many runs. Raises ValueError on bad input."""
    (source,), task, _ = find_tasks([runs], task_name(dataset))
    chosen = select_runs([source], selected)
    save_task(replace(task, test_images=task.test_images[:0]), output)
    target = task_folder(output, task.dataset, task.fingerprint)
    guests = load_guests(source)
    if guests:
        save_guests(guests, target)
    for study in load_studies(source).values():
        save_study(study.without_pictures(), target)
    for run in chosen:
        save_run(shrink(run), output)
    return target, len(chosen)


def log_runs(uri: str, runs: Sequence[RunResult], root: Path, report: Path) -> int:
    """Log one run of MLflow for each of ours, with its model, and one with the report, if there is one; how many.

    root: folder of the saved runs.   report: folder of the report.   Raises ValueError without MLflow, and for
    a server or folder that it cannot log to.
    """
    try:
        import mlflow
    except ImportError as error:
        raise ValueError("--mlflow needs MLflow: pip install 'bakeoff[mlflow]'") from error
    try:
        _log_all(mlflow, uri, runs, root, report)
    except mlflow.exceptions.MlflowException as error:
        raise ValueError(f"--mlflow {uri}: {' '.join(str(error).split())[:LONGEST_VALUE]}") from error
    return len(runs)


def _log_all(mlflow: Any, uri: str, runs: Sequence[RunResult], root: Path, report: Path) -> None:
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment(f"bakeoff {runs[0].dataset}")
    for run in runs:
        folder = run_folder(root, run.dataset, run.fingerprint, run.experiment, run.seed)
        with mlflow.start_run(run_name=f"{run.experiment} seed {run.seed}"):
            tags = ("side", "title", "fingerprint", "seed")
            mlflow.set_tags({name: str(getattr(run, name)) for name in tags})
            mlflow.log_params(dict(_flatten(run.settings)))
            scores = {name: getattr(run, name) for name in ("accuracy", "validation_score", "train_score")}
            seconds = {f"seconds {kind}": run.seconds(kind) for kind in ("features", "training", "prediction")}
            mlflow.log_metrics({**scores, **seconds, "model bytes": run.size.bytes})
            for step, row in enumerate(run.history, start=1):
                numbers = {
                    f"epoch {name}": float(v)
                    for name, v in row.items()
                    if isinstance(v, int | float) and name != "epoch"
                }
                mlflow.log_metrics(numbers, step=int(row.get("epoch", step)))
            _log_files(mlflow, [folder / name for name in ("run.json", FILE_NAME, CARD_NAME)])
    if (report / "report.json").is_file():
        with mlflow.start_run(run_name="report"):
            _log_files(mlflow, [report / f"report.{kind}" for kind in ("html", "md", "json")])


def _log_files(mlflow: Any, paths: Sequence[Path]) -> None:
    for path in paths:
        if path.is_file():
            mlflow.log_artifact(str(path))


def _flatten(settings: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Names such as systems.0.costs, in the letters that MLflow allows, and values as short text."""
    parts = settings.items() if isinstance(settings, Mapping) else enumerate(settings)
    for key, value in parts:
        full = f"{name}.{key}".strip(".")
        if isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(one, Mapping) for one in value)):
            yield from _flatten(value, full)
        else:
            yield re.sub(r"[^\w./ -]", "-", full), str(value)[:LONGEST_VALUE]
