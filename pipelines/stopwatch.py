"""What a stage costs: wall clock, processor time over all threads, and the highest resident memory meanwhile."""

from __future__ import annotations

import contextlib
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.run_result import Stage, StageKind

PROCESS = Path("/proc/self")


@dataclass
class Clock:
    """Filled in by `measure` when its block ends; reading `stage` earlier raises RuntimeError."""

    _stage: Stage | None = None

    @property
    def stage(self) -> Stage:
        if self._stage is None:
            raise RuntimeError("the stage is still running: read its cost after the `with` block")
        return self._stage


@contextmanager
def measure(name: str, kind: StageKind) -> Iterator[Clock]:
    """Measure the block. On Linux the peak is the block's own; elsewhere it is the process's peak so far."""
    clock = Clock()
    _restart_peak_memory()
    wall, cpu = time.perf_counter(), time.process_time()
    yield clock
    clock._stage = Stage(
        name=name,
        kind=kind,
        seconds=time.perf_counter() - wall,
        cpu_seconds=time.process_time() - cpu,
        peak_memory_bytes=peak_memory_bytes(),
    )


def peak_memory_bytes() -> int:
    """Highest resident size since the last `measure` began (Linux), or since the process began."""
    try:
        lines = (PROCESS / "status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024  # getrusage counts bytes on macOS, KiB elsewhere
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _restart_peak_memory() -> None:
    with contextlib.suppress(OSError):
        (PROCESS / "clear_refs").write_text("5")  # proc(5): 5 resets the peak resident set size to the current one
