"""Saved runs of a data set made small, without a picture of it, to be passed on.

What `bakeoff publish --dataset cifar10` writes has the layout of `artifacts/runs`, so that anyone can make the report
again and put own runs beside:

    bakeoff report-saved docs/results/cifar10/runs --dataset cifar10      # the published runs alone
    bakeoff report cifar10 --runs-from docs/results/cifar10/runs          # beside your own
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from bakeoff.pipelines.results.guest import load_guests, save_guests
from bakeoff.pipelines.results.run import RunResult, save_run, task_folder
from bakeoff.pipelines.results.study import load_studies, save_study
from bakeoff.pipelines.results.task import save_task
from bakeoff.reports.selection import find_tasks, select_runs, task_name


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
