"""Command line: `python -m bakeoff.pipelines train|predict|...`. Errors become one line here and nowhere else."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.registry import load_dataset
from bakeoff.pipelines.arguments import build_parser
from bakeoff.pipelines.commands import COMMANDS, list_experiments
from bakeoff.pipelines.machine.workspace import Advance, Workspace

if TYPE_CHECKING:
    from bakeoff.pipelines.machine.cluster import Cluster


def main(arguments: Sequence[str] | None = None) -> int:
    options = build_parser().parse_args(arguments)
    command = "python -m bakeoff.pipelines " + shlex.join(sys.argv[1:] if arguments is None else arguments)
    try:
        if options.command == "list":
            return list_experiments()
        if options.command == "predict":
            from bakeoff.pipelines.predict.command import predict

            return predict(options)
        if options.command == "export":
            from bakeoff.pipelines.predict.export import export

            return export(options)
        if options.command == "train" and launched_together():
            return train_together(options, command)
        with open_workspace(options, command) as workspace:
            return COMMANDS[options.command](load(options, workspace), options, workspace)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except (MemoryError, RuntimeError) as error:
        if not is_lack_of_memory(error):
            raise
        print(f"error: {lack_of_memory(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; what was finished is kept, and the same command goes on from there", file=sys.stderr)
        return 130


def is_lack_of_memory(error: MemoryError | RuntimeError) -> bool:
    """Also torch's, which are RuntimeErrors; torch itself need not be loaded to know them."""
    by_name = type(error).__name__ == "OutOfMemoryError"  # of a GPU
    return isinstance(error, MemoryError) or by_name or "can't allocate memory" in str(error)


def lack_of_memory(error: MemoryError | RuntimeError) -> str:
    """One line that says how much was asked for, where that is known, and what to do."""
    asked = re.search(r"(?:tried to|Unable to) allocate ([\d.]+ \w+)", str(error), re.IGNORECASE)
    amount = f", {asked[1]} were asked for at once" if asked else ""
    return f"the memory is too small{amount}: take smaller pictures (IMAGE_SIZE), or fewer experiments at a time"


@contextmanager
def open_workspace(options: argparse.Namespace, command: str) -> Iterator[Workspace]:
    """Raises an error at once if logs for TensorBoard are wanted that could not be written later, or a scheduler's
    workers that cannot be had."""
    if options.tensorboard:
        from bakeoff.pipelines.neural.training.event_log import require_tensorboard

        require_tensorboard()
    with workers(options.scheduler) as cluster:
        yield Workspace(options.artifacts, command=command, tensorboard=options.tensorboard, cluster=cluster)


def workers(scheduler: str) -> AbstractContextManager[Cluster | None]:
    """The workers behind a scheduler's address; none without one."""
    if not scheduler:
        return nullcontext()
    from bakeoff.pipelines.machine.cluster import connect

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


def launched_together() -> bool:
    """Whether `torchrun` started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1 and "LOCAL_RANK" in os.environ


def train_together(options: argparse.Namespace, command: str) -> int:
    """As one of several processes: the first does what a single one does, the others train along with it."""
    from bakeoff.pipelines.neural.distributed.assignment import dismiss
    from bakeoff.pipelines.neural.distributed.pipeline import follow
    from bakeoff.pipelines.neural.distributed.processes import joined

    with joined() as processes:
        if processes.rank > 0:
            follow()
            return 0
        try:
            with open_workspace(options, command) as workspace:
                status = COMMANDS["train"](load(options, workspace), options, workspace)
        except Exception:
            dismiss()
            raise
        dismiss()
        return status


if __name__ == "__main__":
    sys.exit(main())
