"""Selection of the saved runs that a report is about."""

from collections.abc import Sequence
from pathlib import Path

from bakeoff.pipelines.results.run import RunResult, load_runs, task_folder
from bakeoff.pipelines.results.task import Task, load_task


def find_tasks(
    roots: Sequence[Path], dataset: str, fingerprint: str = ""
) -> tuple[tuple[Path, ...], Task, tuple[str, ...]]:
    """The same task in every root that has runs of this data set: its folders, its card in the first, and remarks.

    fingerprint: its first characters; empty takes the task that was trained on, or asked for, last in the first root.
    Raises ValueError if no root has any, or one has runs of this name on other pictures only.
    """
    holders = [root for root in roots if any(root.glob(f"{dataset}-*/task.json"))] or [roots[0]]
    cards = [(path, load_task(path.parent)) for path in sorted(holders[0].glob("*-*/task.json"))]
    cards = [(path, task) for path, task in cards if task.dataset == dataset]
    if not cards:
        raise ValueError(f"no runs of {dataset} in {holders[0]}: run `bakeoff train-svm` and `bakeoff train-mlp` first")
    matching = [(path, task) for path, task in cards if task.fingerprint.startswith(fingerprint)]
    if not matching:
        known = ", ".join(task.fingerprint[:8] for _, task in cards)
        raise ValueError(f"fingerprint must be one of {known} for {dataset}, got {fingerprint}")
    path, task = max(matching, key=lambda item: item[0].stat().st_mtime)
    folders = [path.parent, *(task_folder(root, dataset, task.fingerprint) for root in holders[1:])]
    for folder in folders:
        if not (folder / "task.json").exists():
            raise ValueError(
                f"{folder.parent} has runs of {dataset}, but not of {task.fingerprint[:8]} as {holders[0]}: accuracies "
                "on different pictures, or another division into training and validation, do not compare"
            )
    others = ", ".join(other.fingerprint[:8] for _, other in matching if other.fingerprint != task.fingerprint)
    remark = (
        f"There are runs on other data sets that are also called {dataset} (fingerprints {others}); this report is "
        f"about the one asked for last, {task.fingerprint[:8]}. `--fingerprint` chooses another."
    )
    return tuple(folders), task, (remark,) if others else ()


def select_runs(folders: Sequence[Path], selected: Sequence[str] = ()) -> tuple[RunResult, ...]:
    """Every run of a task, or those named `experiment` or `experiment:seed`; of identical ones the first by name.

    folders: of the task; where two hold a run of one experiment and seed, the first is taken.
    Raises ValueError if there are none, or a name matches none.
    """
    found = [run for folder in reversed(folders) for run in load_runs(folder)]
    runs = tuple({(run.experiment, run.seed): run for run in found}.values())
    if not runs:
        places = " or ".join(map(str, folders))
        raise ValueError(f"no runs in {places}: run `bakeoff train-svm` and `bakeoff train-mlp` first")
    if not selected:
        return distinct_runs(runs)
    for name in selected:
        if not any(_is_named(run, name) for run in runs):
            known = ", ".join(sorted({run.experiment for run in runs}))
            raise ValueError(f"--select must name saved runs ({known}), got {name}: run `bakeoff train` for it first")
    return distinct_runs([run for run in runs if any(_is_named(run, name) for name in selected)])


def distinct_runs(runs: Sequence[RunResult]) -> tuple[RunResult, ...]:
    """The runs without those that are another one again under a longer name, to the last bit of every score.

    So it is where pictures cannot feed a family: `classic` without color is `classic` itself on gray pictures. One
    experiment counted twice would make every correction for several tests stricter than it has to be.
    """

    def identity(run: RunResult) -> tuple[str, int, bytes, bytes]:
        return run.side, run.seed, run.scores.tobytes(), run.validation_scores.tobytes()

    shortest = {identity(run): run for run in sorted(runs, key=lambda run: (-len(run.experiment), run.experiment))}
    return tuple(run for run in runs if shortest[identity(run)] is run)


def _is_named(run: RunResult, name: str) -> bool:
    return name in (run.experiment, f"{run.experiment}:{run.seed}")
