"""Every command. Approaches are imported by the command that needs them, for that takes seconds."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.registry import dataset_names
from bakeoff.pipelines.command_line.completion import print_completion
from bakeoff.pipelines.machine.workspace import Workspace, claim, clean
from bakeoff.pipelines.results.guest import keep_guests
from bakeoff.pipelines.results.run import NotApplicableError, RunResult, run_folder, task_folder
from bakeoff.pipelines.results.study import save_study
from bakeoff.pipelines.results.task import keep_task

if TYPE_CHECKING:
    import numpy as np

    from bakeoff.pipelines.classic.system.family_features import Encoded
    from bakeoff.pipelines.experiments import Experiment

MAX_NOTE_LENGTH = 1200  # characters of a note on the terminal: about fifteen lines


def extract_features(dataset: Dataset, options: argparse.Namespace, workspace: Workspace) -> int:
    from bakeoff.pipelines.classic.system.family_features import feature_rows, name_columns
    from bakeoff.pipelines.results.table_file import write_table

    tell_notes(dataset, options, workspace)
    encoded: dict[tuple[str, ...], Encoded] = {}  # experiments share families
    for experiment in chosen_experiments(options):
        for one in experiment.extract(dataset, seed=options.seed, workspace=workspace):
            encoded.setdefault(one.keys, one)
    workspace.say(f"features of {dataset.name} are in {workspace.cache.root}")
    if options.table:
        if not encoded:
            raise ValueError(f"no family of features can be applied to {dataset.name}: there is nothing for a table")
        found = list(encoded.values())
        columns = name_columns(found, dataset.image_shape)
        write_table(options.table, columns, feature_rows(dataset, found))
        workspace.say(f"{len(columns):,} values of every picture are in {options.table}")
    return 0


def chosen_experiments(options: argparse.Namespace) -> Sequence[Experiment]:
    """Those that were named, with the settings that were given."""
    from bakeoff.pipelines.command_line.settings import change_settings
    from bakeoff.pipelines.experiments import choose_experiments

    own = {"mlp": "mlp-numpy"} if getattr(options, "engine", "torch") == "numpy" else {}
    words = [own.get(word, word) for word in options.experiments]
    return change_settings(choose_experiments(words, options.weights), options.set)


def train(dataset: Dataset, options: argparse.Namespace, workspace: Workspace) -> int:
    from bakeoff.pipelines.experiments import distinct_experiments

    fingerprint = dataset.fingerprint()
    named = chosen_experiments(options)
    chosen = distinct_experiments(named, dataset.image_shape)
    if keep_task(dataset, fingerprint, workspace.runs):
        tell_notes(dataset, options, workspace)
    keep_guests(dataset, options.data_root, workspace.runs, workspace.say)
    for twin in named:
        if twin not in chosen:
            workspace.say(f"skipped: {twin.name} is another of these experiments again on {dataset.name}")
    found = [train_one(experiment, dataset, options.seed, workspace) for experiment in chosen]
    runs = [run for run in found if run is not None]
    if not runs:
        raise ValueError(f"nothing was trained: no chosen experiment can be applied to {dataset.name}")
    if options.json and options.command == "train":
        told = [
            {
                "experiment": run.experiment,
                "seed": run.seed,
                "accuracy": run.accuracy,
                "validation_score": run.validation_score,
                "seconds": run.seconds(),
                "folder": str(run_folder(workspace.runs, run.dataset, run.fingerprint, run.experiment, run.seed)),
            }
            for run in runs
        ]
        print(json.dumps(told, indent=1))
    return 0


def contest(dataset: Dataset, options: argparse.Namespace, workspace: Workspace) -> int:
    """What a report compares: both sides at equal cost, or the experiments named; and the studies of the profile."""
    options.fingerprint = dataset.fingerprint()
    if options.experiments:
        train(dataset, options, workspace)
    else:
        spend_budgets(dataset, options, workspace)
    if options.profile != "none":
        options.studies, options.experiments = [], ()
        study(dataset, options, workspace)
    return 0


def spend_budgets(dataset: Dataset, options: argparse.Namespace, workspace: Workspace) -> None:
    from bakeoff.pipelines.contest.contest import Contest
    from bakeoff.pipelines.contest.search import default_budget

    if options.set:
        raise ValueError("--set changes named experiments: name them with --experiments, or leave it out")
    if keep_task(dataset, dataset.fingerprint(), workspace.runs):
        tell_notes(dataset, options, workspace)
    keep_guests(dataset, options.data_root, workspace.runs, workspace.say)
    budget = options.budget or default_budget(dataset)
    workspace.say(f"each side has {budget:.0f} s of processor time (--budget), and is judged on validation")
    Contest(dataset, budget, options.seed, workspace, options.splits, options.weights).run()


def study(dataset: Dataset, options: argparse.Namespace, workspace: Workspace) -> int:
    from bakeoff.pipelines.studies.request import Request, choose_studies

    chosen = choose_studies(options.studies, options.profile)
    fingerprint = dataset.fingerprint()
    keep_task(dataset, fingerprint, workspace.runs)
    request = Request(dataset, workspace, options.profile, tuple(options.experiments), options.seed)
    for one in chosen:
        try:
            result = one.run(request)
        except NotApplicableError as error:
            workspace.say(f"skipped: {error}")
            continue
        path = save_study(result, task_folder(workspace.runs, dataset.name, fingerprint))
        workspace.say(f"{one.name:<32} {len(result.rows)} rows, {result.seconds:.1f} s in all, in {path}")
    return 0


def tell_notes(dataset: Dataset, options: argparse.Namespace, workspace: Workspace) -> None:
    """What was found in somebody's folder, a line each; the report has all of it."""
    if options.dataset not in dataset_names() or Path(options.dataset).is_dir():  # which of both was taken
        for note in dataset.notes:
            cut = note.rfind("; ", 0, MAX_NOTE_LENGTH) if len(note) > MAX_NOTE_LENGTH else len(note)
            more = "; and more, see the report's chapter on the data" if cut < len(note) else ""
            workspace.say(f"note: {note[:cut]}{more}")


def train_one(experiment: Experiment, dataset: Dataset, seed: int, workspace: Workspace) -> RunResult | None:
    """Train and save, unless the very same run is there already; None if the experiment cannot be applied here."""
    from bakeoff.pipelines.experiments import train_once

    try:
        run, kept = train_once(experiment, dataset, seed, workspace)
    except NotApplicableError as error:
        workspace.say(f"skipped: {error}")
        return None
    found = f"{run.accuracy:6.1%} of {len(run.labels)} test pictures, {run.seconds():7.1f} s in all"
    workspace.say(f"{run.experiment:<32} {found}{'  (kept from before)' if kept else ''}")
    return run


def list_experiments(options: argparse.Namespace) -> int:
    from bakeoff.pipelines.experiments import GROUPS, all_experiments

    known = all_experiments().values()
    if options.json:
        groups = {name: list(members) for name, members in GROUPS.items()}
        experiments = [{"name": e.name, "side": e.side, "title": e.title} for e in known]
        print(json.dumps({"experiments": experiments, "groups": groups}, indent=1))
        return 0
    for experiment in known:
        print(f"{experiment.name:<32} {experiment.side:<13} {experiment.title}")
    for group, names in GROUPS.items():
        print(f"{group:<32} {'all of':<13} {', '.join(names)}")
    return 0


def lecture(options: argparse.Namespace) -> int:
    from bakeoff.pipelines.lecture.chapter import compute_chapters

    claim(options.artifacts)
    compute_chapters(options.artifacts / "lecture" / "numbers", kept_lecture(options.artifacts), print)
    return 0


def kept_lecture(artifacts: Path) -> Callable[..., Mapping[str, np.ndarray]]:
    """The lecture's numbers and pictures: from what they depend on and how to compute them, from the cache if there."""
    cache = Workspace(artifacts).cache
    return lambda inputs, compute: cache.get_or_compute("lecture", version=1, inputs=inputs, compute=compute).arrays


def exercise(options: argparse.Namespace) -> int:
    from bakeoff.pipelines.lecture.exercises import check_exercise

    told = check_exercise(options.name, options.file)
    print("\n".join(told) or f"{options.name}: right")
    return int(bool(told))


def remove_artifacts(options: argparse.Namespace) -> int:
    removed = clean(options.artifacts)
    print(f"removed from {options.artifacts}: {', '.join(removed) or 'nothing, there was nothing'}")
    return 0


def in_module(name: str, function: str) -> Callable[..., int]:
    """A command whose module is imported when it is asked for: that takes seconds."""
    return lambda *given: getattr(import_module(f"bakeoff.{name}"), function)(*given)  # type: ignore[no-any-return]


COMMANDS: Mapping[str, Callable[[Dataset, argparse.Namespace, Workspace], int]] = {
    "report": contest,
    "compare": contest,
    "features": extract_features,
    "train": train,
    "study": study,
    "serve": in_module("pipelines.predict.serve", "serve"),
}
"""By name, those that read a data set."""

WITHOUT_DATA: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "list": list_experiments,
    "predict": in_module("pipelines.predict.predict_files", "predict"),
    "export": in_module("pipelines.predict.export.export_model", "export"),
    "lecture": lecture,
    "exercise": exercise,
    "bench": in_module("benchmarks.bench", "bench"),
    "clean": remove_artifacts,
    "completion": print_completion,
}
