"""Command line: `bakeoff train|predict|...`. Errors become one line here and nowhere else."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import fields
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.folder.reading import Reading
from bakeoff.datasets.registry import load_dataset
from bakeoff.pipelines.command_line.arguments import UsageError, build_parser
from bakeoff.pipelines.command_line.commands import COMMANDS, WITHOUT_DATA, chosen_experiments
from bakeoff.pipelines.command_line.make_variables import FLAG, arguments_from_make, name_what_was_typed
from bakeoff.pipelines.machine.workspace import Advance, Workspace, claim

if TYPE_CHECKING:
    from bakeoff.pipelines.machine.cluster import Cluster


READING = [field.name for field in fields(Reading) if field.name != "max_skipped_share"]  # as options call them


def main(
    arguments: Sequence[str] | None = None,
    finish: Mapping[str, Callable[[argparse.Namespace], int]] = MappingProxyType({}),
) -> int:
    """Run one command; returns the exit status. finish: by command, what reports do once the pipelines are done."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a character shows a question mark
            stream.reconfigure(errors="replace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    parser, from_make = build_parser(), words[:1] == [FLAG]
    wording = partial(name_what_was_typed, parser=parser, from_make=from_make)
    try:
        if from_make:
            words = arguments_from_make(words[1:], parser, os.environ)
        options = parser.parse_args(words)
        options.words, options.from_make, options.wording, options.parser = words, from_make, wording, parser
        status = run(options)
        return status or finish.get(options.command, lambda _: 0)(options)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"error: {wording(str(error))}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except (MemoryError, RuntimeError) as error:
        if not (told := lack_of_memory(error)):
            raise
        print(f"error: {wording(told)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; what was finished is kept, and the same command goes on from there", file=sys.stderr)
        return 130


def run(options: argparse.Namespace) -> int:
    if options.command in WITHOUT_DATA:
        return WITHOUT_DATA[options.command](options)
    if options.command not in COMMANDS:  # of the reports alone
        return 0
    launched_together = int(os.environ.get("WORLD_SIZE", "1")) > 1 and "LOCAL_RANK" in os.environ  # by `torchrun`
    if options.command == "train" and launched_together:
        train_together(options)
    if options.processes > 1:
        return launch(options)
    if hasattr(options, "set") and (options.experiments or options.command == "train"):
        chosen_experiments(options)  # complains before any picture is read
    with open_workspace(options) as workspace:
        return COMMANDS[options.command](load(options, workspace), options, workspace)


def launch(options: argparse.Namespace) -> int:
    """The same command in several processes."""
    launcher = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(options.processes), "-m", "bakeoff"]
    words = [sys.executable, "-m", *launcher, *([FLAG] if options.from_make else []), *options.words]
    return subprocess.run(words, env={**os.environ, "OMP_NUM_THREADS": "1"}).returncode


def lack_of_memory(error: MemoryError | RuntimeError) -> str:
    """One line that says how much was asked for, where that is known, and what to do; "" for any other error."""
    kind, text = type(error).__name__, str(error)  # torch, whose error it may be, need not be loaded
    if not (isinstance(error, MemoryError) or kind == "OutOfMemoryError" or "can't allocate memory" in text):
        return ""
    asked = re.search(r"(?:tried to|Unable to) allocate ([\d.]+ \w+)", text, re.IGNORECASE)
    amount = f", {asked[1]} were asked for at once" if asked else ""
    return f"the memory is too small{amount}: take smaller pictures (--image-size), or fewer experiments at a time"


@contextmanager
def open_workspace(options: argparse.Namespace) -> Iterator[Workspace]:
    """Raises an error at once if logs for TensorBoard are wanted that could not be written later, or a scheduler's
    workers that cannot be had."""
    if options.tensorboard:
        from bakeoff.pipelines.neural.inspection import writer_class

        writer_class()
    if options.device:
        from bakeoff.pipelines.machine.device import choose_device

        choose_device(options.device)  # complains before any picture is read
    connected: AbstractContextManager[Cluster | None] = nullcontext()
    if options.scheduler:
        from bakeoff.pipelines.machine.cluster import connect

        connected = connect(options.scheduler)
    claim(options.artifacts)
    with connected as cluster:
        yield Workspace(
            options.artifacts,
            command="bakeoff " + shlex.join(options.words),
            tensorboard=options.tensorboard,
            cluster=cluster,
            device_name=options.device,
            wording=options.wording,
        )


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
            max_skipped_share=options.max_skipped / 100,
            progress=show,
            store=workspace.cache,
            map_chunks=workspace.cluster.map_chunks if workspace.cluster else None,
            **{name: getattr(options, name) for name in READING},
        )


def train_together(options: argparse.Namespace) -> NoReturn:
    """As one of several processes: the first does what a single one does, the others train along with it."""
    from bakeoff.pipelines.neural.distributed import joined, leave
    from bakeoff.pipelines.neural.training.assignment import dismiss, follow

    with joined(options.device) as processes:
        status = 0
        if processes.rank > 0:
            follow()
        else:
            try:
                with open_workspace(options) as workspace:
                    status = COMMANDS["train"](load(options, workspace), options, workspace)
            except Exception:
                dismiss()
                raise
            dismiss()
    leave(status)


if __name__ == "__main__":
    sys.exit(main())
