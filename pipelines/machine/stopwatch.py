"""Costs: of a stage wall clock, processor time, peak resident memory and a GPU's energy; latency of predictions."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil

from bakeoff.pipelines.results.run import Stage, StageKind

PROCESS = Path("/proc/self")
SINGLE_TRIALS = 9  # the median of so many is steady to a few percent on a quiet machine
SECONDS = 0.4  # roughly what either measurement may take; a slow model gets fewer trials
MOST_AT_ONCE = 1000  # pictures


@dataclass
class Stopwatch:
    """stage: its cost, once the block of `measure` has ended."""

    stage: Stage = field(init=False)
    inner_peak: int = 0  # bytes: highest at any time up to the end of the blocks inside this one
    cpu_elsewhere: float = 0.0  # seconds: processor time that other processes spent on it


_running: list[Stopwatch] = []  # innermost last; peaks belong to the process, so one list serves it


@contextmanager
def measure(name: str, kind: StageKind) -> Iterator[Stopwatch]:
    """Measure the block; blocks may be nested. On Linux the peak is the block's own, elsewhere the process's so far."""
    clock = Stopwatch()
    before = peak_memory_bytes()
    with suppress(OSError):
        (PROCESS / "clear_refs").write_text("5")  # proc(5): 5 resets the peak resident set size to the current one
    joules = joules_so_far()
    wall, cpu = time.perf_counter(), time.process_time()
    _running.append(clock)
    try:
        yield clock
    finally:
        _running.pop()
        seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu + clock.cpu_elsewhere
        peak = max(clock.inner_peak, peak_memory_bytes())
        if _running:  # the restart above made the block around this one forget its peak
            _running[-1].inner_peak = max(_running[-1].inner_peak, before, peak)
        after = joules_so_far()
    used = None if joules is None or after is None else after - joules
    clock.stage = Stage(name, kind, seconds, cpu_seconds, peak, joules=used)


def add_cpu_seconds(seconds: float) -> None:
    """Count processor time that another process, such as a worker of a cluster, has spent on the running stages."""
    for clock in _running:
        clock.cpu_elsewhere += seconds


def peak_memory_bytes() -> int:
    """Highest resident size since the last `measure` began (Linux), or since the process began."""
    try:
        lines = (PROCESS / "status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        if hasattr(memory := psutil.Process().memory_info(), "peak_wset"):
            return int(memory.peak_wset)  # Windows, which has no getrusage
        import resource

        unit = 1 if sys.platform == "darwin" else 1024  # getrusage counts bytes on macOS, KiB elsewhere
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def joules_so_far() -> float | None:
    """What the GPU that torch works on has used since its driver was loaded; None where that is not told.

    Volta and later count; the work of others on the same GPU is in it, too.
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():  # nothing was computed there
        return None
    meter = _meter(torch.cuda.get_device_properties(torch.cuda.current_device()).uuid)
    return None if meter is None else meter() / 1000


@cache
def _meter(uuid: Any) -> Any:
    """Millijoules of the GPU with that identifier when called; None where NVML or its package is missing."""
    try:
        import pynvml

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception:  # of the package, or of a driver that does not count: energy is told where it can be
        return None
    return lambda: pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)


def measure_latency(
    predict_scores: Callable[[np.ndarray], np.ndarray],
    images: np.ndarray,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """`single_picture_seconds`, the median over single pictures, and `pictures_per_second` of one larger batch.

    images: at least one, as the model takes them.   clock: seconds.
    """

    def seconds_for(batch: np.ndarray) -> float:
        start = clock()
        predict_scores(batch)
        return clock() - start

    first = seconds_for(images[:1])  # also picks kernels and allocates
    n_trials = int(np.clip(SECONDS / max(first, 1e-9), 1, SINGLE_TRIALS))
    single = median(seconds_for(images[i % len(images)][None]) for i in range(n_trials))
    n_at_once = int(np.clip(SECONDS / max(single, 1e-9), 1, min(len(images), MOST_AT_ONCE)))
    return {"single_picture_seconds": single, "pictures_per_second": n_at_once / seconds_for(images[:n_at_once])}
