"""Runs and their report in an MLflow tracking server, for `bakeoff publish --mlflow URI` (the extra `mlflow`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bakeoff.pipelines.results.model import CARD_NAME, FILE_NAME
from bakeoff.pipelines.results.run import RunResult, run_folder

LONGEST_VALUE = 500  # characters of a parameter, that every version of MLflow takes


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
