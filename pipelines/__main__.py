"""Command line: `python -m pipelines train|predict|...`. Errors become one line here and nowhere else."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from datasets.dataset import Dataset
from datasets.decode import MAX_PIXELS
from datasets.registry import dataset_names, load_dataset
from pipelines.published_guests import keep_guests
from pipelines.run_result import (
    NotApplicableError,
    RunResult,
    Task,
    load_run,
    run_folder,
    save_run,
    save_task,
    saved_key,
    task_folder,
)
from pipelines.stored_model import FILE_NAME
from pipelines.study_result import save_study
from pipelines.workspace import Advance, Workspace

if TYPE_CHECKING:
    from pipelines.cluster import Cluster
    from pipelines.experiments import Experiment


MAX_NOTE_LENGTH = 1200  # characters of a note on the terminal: about fifteen lines


def main(arguments: Sequence[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    command = "python -m pipelines " + shlex.join(sys.argv[1:] if arguments is None else arguments)
    try:
        if options.command == "list":
            return list_experiments()
        if options.command == "predict":
            from pipelines.predict.command import predict

            return predict(options)
        if options.command == "export":
            from pipelines.predict.export import export

            return export(options)
        if options.command == "train" and launched_together():
            return train_together(options, command)
        with open_workspace(options, command) as workspace:
            return carry_out(options, workspace)
    except (ValueError, OSError, FloatingPointError, MemoryError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; what was finished is kept, and the same command goes on from there", file=sys.stderr)
        return 130


def carry_out(options: argparse.Namespace, workspace: Workspace) -> int:
    """One command over one data set; its exit status."""
    dataset = load(options, workspace)
    if options.command == "features":
        return extract_features(dataset, options, workspace)
    if options.command == "guests":
        keep_task(dataset, dataset.fingerprint(), workspace)
        return 0 if keep_guests(dataset, options.data_root, workspace) else 1
    if options.command == "study":
        return study(dataset, options, workspace)
    if options.command == "sweep":
        return sweep(dataset, options, workspace)
    return train(dataset, options, workspace)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipelines", description="Train classifiers on pictures.")
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dataset", default="photos", help=f"{', '.join(dataset_names())}, or a path to pictures")
    common.add_argument("--data-root", type=Path, help="folder of unpacked archives, e.g. cifar-10-batches-bin")
    common.add_argument("--image-size", type=int, help="side in pixels that a folder's pictures are brought to (32)")
    common.add_argument(
        "--max-skipped", type=float, default=5.0, help="percent of a folder's pictures that may be unusable (5)"
    )
    common.add_argument("--max-pixels", type=int, default=MAX_PIXELS, help="larger pictures are refused, undecoded")
    common.add_argument("--seed", type=int, default=0, help="seed of everything random")
    common.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder for cache and runs")
    common.add_argument("--scheduler", default="", help="of Dask, such as tcp://host:8786: its workers share the work")
    extractor = commands.add_parser("features", parents=[common], help="extract and cache hand-crafted features")
    extractor.add_argument("experiments", nargs="*", default=["hand-crafted"], metavar="experiment")
    trainer = commands.add_parser("train", parents=[common], help="train experiments and save their runs")
    trainer.add_argument("experiments", nargs="*", metavar="experiment", help="names or groups (see `list`)")
    trainer.add_argument("--tensorboard", action="store_true", help="write logs to artifacts/tensorboard")
    commands.add_parser("guests", parents=[common], help="add published models to saved runs, as `train` does too")
    predictor = commands.add_parser("predict", parents=[common], help="name the class of pictures by a trained model")
    predictor.add_argument("model", help="an experiment that was trained, a run's folder, or a model file")
    predictor.add_argument("images", nargs="+", metavar="image", help="a picture, or a folder of pictures")
    predictor.add_argument("--json", action="store_true", help="for machines")
    exporter = commands.add_parser("export", parents=[common], help="write a net as ONNX, checked against torch")
    exporter.add_argument("model", help="an experiment that was trained, a run's folder, or a model file")
    exporter.add_argument("images", nargs="*", metavar="image", help="pictures to check it with (its test pictures)")
    studier = commands.add_parser("study", parents=[common], help="what takes several trainings or changed pictures")
    studier.add_argument("studies", nargs="*", metavar="study", help="names; none stands for all of the profile")
    studier.add_argument("--profile", choices=("quick", "full"), default="full", help="how much is done (full)")
    studier.add_argument("--experiments", nargs="+", default=(), help="names or groups to study (the study's own)")
    commands.add_parser("list", help="list every experiment")
    sweeper = commands.add_parser("sweep", parents=[common], help="train a ready sweep over small perceptrons")
    sweeper.add_argument("sweep", help="regularization, activation, depth or width")
    parser.set_defaults(tensorboard=False)
    return parser


@contextmanager
def open_workspace(options: argparse.Namespace, command: str) -> Iterator[Workspace]:
    """Raises an error at once if logs for TensorBoard are wanted that could not be written later, or a scheduler's
    workers that cannot be had."""
    if options.tensorboard:
        from pipelines.neural.event_log import require_tensorboard

        require_tensorboard()
    with workers(options.scheduler) as cluster:
        yield Workspace(options.artifacts, command=command, tensorboard=options.tensorboard, cluster=cluster)


def workers(scheduler: str) -> AbstractContextManager[Cluster | None]:
    """The workers behind a scheduler's address; none without one."""
    if not scheduler:
        return nullcontext()
    from pipelines.cluster import connect

    return connect(scheduler)


def load(options: argparse.Namespace, workspace: Workspace) -> Dataset:
    """The data set, with progress for downloads and large folders."""
    with ExitStack() as shown:
        bars: dict[str, Advance] = {}
        done: dict[str, int] = {}

        def show(what: str, current: int, total: int) -> None:
            if what not in bars:
                bars[what] = shown.enter_context(workspace.progress(what, total))
            bars[what](current - done.get(what, 0))
            done[what] = current

        return load_dataset(
            options.dataset,
            data_root=options.data_root,
            image_size=options.image_size,
            max_skipped_share=options.max_skipped / 100,
            max_pixels=options.max_pixels,
            progress=show,
            store=workspace.cache,
        )


def tell_notes(dataset: Dataset, options: argparse.Namespace, workspace: Workspace) -> None:
    """What was found in somebody's folder, a line each; the report has all of it."""
    if options.dataset not in dataset_names():
        for note in dataset.notes:
            cut = note.rfind("; ", 0, MAX_NOTE_LENGTH) if len(note) > MAX_NOTE_LENGTH else len(note)
            more = "; and more, see the report's chapter on the data" if cut < len(note) else ""
            workspace.say(f"note: {note[:cut]}{more}")


def list_experiments() -> int:
    from pipelines.experiments import GROUPS, all_experiments

    for experiment in all_experiments().values():
        print(f"{experiment.name:<32} {experiment.side:<13} {experiment.title}")
    for group, names in GROUPS.items():
        print(f"{group:<32} {'all of':<13} {', '.join(names)}")
    return 0


def extract_features(dataset: Dataset, options: argparse.Namespace, workspace: Workspace) -> int:
    from pipelines.classic.pipeline import extract
    from pipelines.experiments import choose_experiments

    tell_notes(dataset, options, workspace)
    for experiment in choose_experiments(options.experiments):
        if experiment.side != "hand-crafted":
            raise ValueError(f"{experiment.name} has no hand-crafted features: name a hand-crafted experiment")
        extract(dataset, config=experiment.config, seed=options.seed, workspace=workspace)
    workspace.say(f"features of {dataset.name} are in {workspace.cache.root}")
    return 0


def train(dataset: Dataset, options: argparse.Namespace, workspace: Workspace) -> int:
    from pipelines.experiments import choose_experiments

    fingerprint = dataset.fingerprint()
    chosen = choose_experiments(options.experiments)
    if keep_task(dataset, fingerprint, workspace):
        tell_notes(dataset, options, workspace)
    keep_guests(dataset, options.data_root, workspace)
    runs = [train_one(experiment, dataset, fingerprint, options.seed, workspace) for experiment in chosen]
    if not any(runs):
        raise ValueError(f"nothing was trained: no chosen experiment can be applied to {dataset.name}")
    return 0


def sweep(dataset: Dataset, options: argparse.Namespace, workspace: Workspace) -> int:
    from pipelines.studies.sweeps import run_sweep

    fingerprint = dataset.fingerprint()
    study = run_sweep(options.sweep, dataset, options.seed, workspace)
    keep_task(dataset, fingerprint, workspace)
    path = save_study(study, task_folder(workspace.runs, dataset.name, fingerprint))
    workspace.say(
        f"{study.title}: {len(study.rows)} nets, {study.seconds:.0f} s in all, in {path}; `make report` shows it"
    )
    return 0


def launched_together() -> bool:
    """Whether `torchrun` started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "LOCAL_RANK" in os.environ


def train_together(options: argparse.Namespace, command: str) -> int:
    """As one of several processes: the first does what a single one does, the others train along with it."""
    from pipelines.neural.distributed.assignment import dismiss
    from pipelines.neural.distributed.processes import joined
    from pipelines.neural.pipeline import follow

    with joined() as processes:
        if processes.rank > 0:
            follow()
            return 0
        with open_workspace(options, command) as workspace:
            status = train(load(options, workspace), options, workspace)
        dismiss()
        return status


def study(dataset: Dataset, options: argparse.Namespace, workspace: Workspace) -> int:
    from pipelines.studies.study import Request
    from pipelines.studies.table import choose_studies

    chosen = choose_studies(options.studies, options.profile)
    fingerprint = dataset.fingerprint()
    keep_task(dataset, fingerprint, workspace)
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


def train_one(
    experiment: Experiment, dataset: Dataset, fingerprint: str, seed: int, workspace: Workspace
) -> RunResult | None:
    """Train and save, unless the very same run is there already; None if the experiment cannot be applied here."""
    from pipelines.experiments import run_key

    key = run_key(experiment, fingerprint, seed)
    folder = run_folder(workspace.runs, dataset.name, fingerprint, experiment.name, seed)
    kept = load_kept(folder, key, workspace)
    if kept is not None:
        log_kept_run(kept, workspace)
        workspace.say(f"{summary(kept)}  (kept from before)")
        return kept
    try:
        run = experiment.pipeline(
            dataset,
            experiment=experiment.name,
            title=experiment.title,
            config=experiment.config,
            seed=seed,
            workspace=workspace,
        )
    except NotApplicableError as error:
        workspace.say(f"skipped: {error}")
        return None
    run = replace(run, environment={**run.environment, "key": key})
    save_run(run, workspace.runs)
    workspace.say(summary(run))
    return run


def load_kept(folder: Path, key: str, workspace: Workspace) -> RunResult | None:
    """The run in a folder if it is the one of this key and whole; damage is told."""
    if saved_key(folder) != key or not (folder / FILE_NAME).exists():
        return None
    try:
        return load_run(folder)
    except ValueError as error:
        workspace.say(f"{str(error).partition(':')[0]}: training again")
        return None


def log_kept_run(run: RunResult, workspace: Workspace) -> None:
    """The curves of a net that was trained before, for TensorBoard, if they are wanted and not there."""
    log = workspace.event_log_folder(run.dataset, run.experiment, run.seed)
    if log is not None and run.side == "end-to-end":
        from pipelines.neural.event_log import log_history

        log_history(log, run.history)


def saved_value(path: Path, name: str) -> Any:
    """One value of a file of JSON; None if the file is missing, damaged or has none."""
    try:
        return json.loads(path.read_bytes())[name]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def summary(run: RunResult) -> str:
    return f"{run.experiment:<32} {run.accuracy:6.1%} of {len(run.labels)} test pictures, {run.seconds():7.1f} s in all"


def keep_task(dataset: Dataset, fingerprint: str, workspace: Workspace) -> bool:
    """Save the data set's card for the report; its file's time says which data set of a name was asked for last.

    Returns whether it is new: then a person has not yet been told what it says.
    """
    card = task_folder(workspace.runs, dataset.name, fingerprint) / "task.json"
    if saved_value(card, "notes") == list(dataset.notes):
        card.touch()
        return False
    counts = {
        name: tuple(np.bincount(split.labels, minlength=len(dataset.class_names)).tolist())
        for name, split in dataset.splits.items()
    }
    task = Task(
        dataset=dataset.name,
        fingerprint=fingerprint,
        class_names=dataset.class_names,
        description=dataset.description,
        notes=dataset.notes,
        split_sizes={name: len(split) for name, split in dataset.splits.items()},
        class_counts=counts,
        test_images=dataset.test.images,
        test_labels=dataset.test.labels,
    )
    save_task(task, workspace.runs)
    return True


if __name__ == "__main__":
    sys.exit(main())
