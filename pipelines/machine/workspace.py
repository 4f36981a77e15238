"""Workspace of a run: cache, place for results, facts on the machine, progress; and its cleanup.

The folder of all that is computed is marked, so that nothing else is ever removed.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bakeoff.datasets.folder.picture_file import OWN_FOLDERS, OWN_MARK
from bakeoff.pipelines.machine.cache import Cache
from bakeoff.pipelines.machine.progress import Advance
from bakeoff.pipelines.results.files import read_json, write_json

if TYPE_CHECKING:
    import torch

    from bakeoff.pipelines.machine.cluster import Cluster

SECONDS_BETWEEN_LOG_LINES = 30.0
LIBRARIES = ("numpy", "scipy", "scikit-learn", "scikit-image", "opencv-python-headless", "torch")


@dataclass(frozen=True)
class Workspace:
    """artifacts: the folder that holds `cache/` and `runs/`; safe to delete, rebuilt on demand.

    cache_folder: of the cache, if it is not the one in `artifacts`.
    machine_cache_folder: of what is remembered of the machine, if it is not that cache.
    tensorboard: whether trainings write logs for TensorBoard.
    cluster: workers on other machines; None: the cores of this one.
    device_name: what computes, "cpu", "cuda" or "mps"; "": an accelerator where there is one.
    known_features: of pictures that come again in other splits, what families that learn nothing made of them: by
        family, then by picture; None where none do.
    wording: the last hand on every line that is said.
    """

    artifacts: Path
    console: Console = field(default_factory=lambda: Console(stderr=True))
    command: str = ""
    tensorboard: bool = False
    cluster: Cluster | None = None
    device_name: str = ""
    cache_folder: Path | None = None
    machine_cache_folder: Path | None = None
    known_features: dict[Any, dict[bytes, Any]] | None = None
    wording: Callable[[str], str] = str

    @property
    def runs(self) -> Path:
        return self.artifacts / "runs"

    @property
    def cache(self) -> Cache:
        return Cache(self.cache_folder or self.artifacts / "cache", report_damage=self.say)

    @property
    def device(self) -> torch.device:
        """Raises ValueError if this machine has no such device."""
        from bakeoff.pipelines.machine.device import choose_device  # torch takes a second

        return choose_device(self.device_name)

    @property
    def machine_cache(self) -> Cache:
        """For what was measured of this machine and decides results: all trainings of a study must read the same."""
        return replace(self.cache, root=self.machine_cache_folder or self.cache.root)

    def event_log_folder(self, dataset: str, experiment: str, seed: int) -> Path | None:
        """Where a run's logs for TensorBoard go; None if none are wanted."""
        return self.artifacts / "tensorboard" / dataset / experiment / f"seed-{seed}" if self.tensorboard else None

    @property
    def environment(self) -> Mapping[str, Any]:
        return {
            "command": self.command,
            "commit": _git_commit(),
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "python": platform.python_version(),
            "versions": {name: version(name) for name in LIBRARIES},
            "hardware": describe_hardware(),
            **({"cluster": self.cluster.describe()} if self.cluster else {}),
        }

    def say(self, line: str) -> None:
        """One line for the person who waits."""
        self.console.print(self.wording(line), highlight=False, markup=False, soft_wrap=True)

    @contextmanager
    def progress(self, description: str, total: int, before: int = 0) -> Iterator[Advance]:
        """Show how far a stage is and how long it still takes; yields `advance(n=1, note="")`.

        total: as planned; some stages, such as a search that goes on where its end is the best, do more.
        before: of these, what an earlier process did, which tells nothing about the time.
        On a terminal a bar; in a log file one line every half minute.
        """
        if self.console.is_terminal:
            left = TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[note]}")
            done = BarColumn(bar_width=28), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn()
            columns = TextColumn("{task.description:<34}"), *done, *left
            with Progress(*columns, console=self.console, transient=True) as bar:
                task = bar.add_task(description, total=total, completed=before, note="")

                def advance(n: int = 1, note: str = "") -> None:
                    bar.update(task, total=max(total, bar.tasks[task].completed + n), advance=n, note=note)

                yield advance
        else:
            yield _log_lines(self.say, description, total, before)


def _log_lines(say: Callable[[str], None], description: str, total: int, before: int) -> Advance:
    done, started, last = before, time.monotonic(), time.monotonic()

    lock = threading.Lock()  # stages that work on all cores report from several threads

    def advance(n: int = 1, note: str = "") -> None:
        nonlocal done, last
        with lock:
            done += n
            now = time.monotonic()
            if now - last >= SECONDS_BETWEEN_LOG_LINES:
                last = now
                left = (now - started) / max(done - before, 1) * (total - done)
                told = f"about {left:.0f} s left" if done <= total else "more than were planned"
                say(f"{description}: {done}/{total}, {told} {note}".rstrip())

    return advance


def describe_hardware() -> dict[str, Any]:
    """Processor, cores this process may use, memory in bytes, operating system."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(
            (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), sys.platform
        )
    except OSError:
        processor = platform.processor()
    return {
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.machine()}",
    }


def _git_commit() -> str:
    """Short commit of the checkout, with `+changes` if the work tree differs from it; `unknown` of an installed wheel,
    wherever that lies."""
    root = Path(__file__).resolve().parents[2]
    words = ["git", "describe", "--always", "--exclude=*", "--abbrev=12", "--dirty=+changes"]
    try:
        checkout = (root / ".git").exists()
        return subprocess.check_output(words, cwd=root, text=True).strip() if checkout else "unknown"
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def claim(folder: Path) -> None:
    """Mark a folder as ours, and note what of our names lies there already: that is not."""
    if not (folder / OWN_MARK).exists():
        write_json(folder / OWN_MARK, {"not ours": _present(folder)})


def clean(folder: Path) -> list[str]:
    """Remove what was computed, and the folder if nothing else is in it; returns the names of what went.

    Raises ValueError for a folder in which we made nothing.
    """
    if not folder.exists():
        return []
    if not (folder / OWN_MARK).is_file():
        raise ValueError(f"{folder} holds nothing that was made here: nothing was removed (--artifacts)")
    not_ours = read_json(folder / OWN_MARK).get("not ours", OWN_FOLDERS)
    ours = [name for name in _present(folder) if name not in not_ours]
    for name in ours:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    (folder / OWN_MARK).unlink()
    if not any(folder.iterdir()):
        folder.rmdir()
    return ours


def _present(folder: Path) -> list[str]:
    return [name for name in sorted(OWN_FOLDERS) if (folder / name).exists() or (folder / name).is_symlink()]
