"""Every kernel beside the library people use: lines to read, and bench.json.

A benchmark is a module here with SETTINGS, a table of cases, and `measure`, which makes a `Measurement` of one. Rates
from two separate runs say little on a shared machine, so both sides take turns in one process, and the equality of
their results is checked in the same run.
"""

import json
import timeit
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from statistics import median
from time import perf_counter
from types import ModuleType
from typing import TypeVar

import torch
from rich.console import Console

from bakeoff.pipelines.machine.freed_memory import freed_memory_kept
from bakeoff.pipelines.machine.missing import how_to_install
from bakeoff.pipelines.machine.workspace import claim, describe_hardware
from bakeoff.pipelines.results.files import write_atomically
from bakeoff.pipelines.results.run import NotApplicableError

WORK = (
    *("hog", "dense_sift", "fisher_vector", "kmeans", "linear_svm", "ill_scaled_svm", "memory"),
    *("training", "backprop", "decoding", "accelerator"),
)
PRODUCT = 2048  # rows and columns of the matrices whose product tells the machine's rate
Ours = TypeVar("Ours")
Peer = TypeVar("Peer")


@dataclass(frozen=True)
class Measurement:
    """Our rate beside a peer's on the same work.

    work: what was computed, with sizes and settings.   peer: the library function that we compare with.
    ours_per_second, peer_per_second: units of work (pictures, descriptors, fits ...) a second, from medians.
    ratio: ours / peer; above 1 we are faster.
    max_abs_error: the largest difference between the two results, in this run.
    matmul_share: useful floating-point operations of our kernel a second over the machine's own matrix-product
        rate, 0..1; None where operations are not a meaningful count.
    """

    work: str
    ours_per_second: float
    peer: str
    peer_per_second: float
    ratio: float
    max_abs_error: float
    matmul_share: float | None = None


def compare(
    work: str,
    ours: Callable[[], Ours],
    peer_name: str,
    peer: Callable[[], Peer],
    error: Callable[[Ours, Peer], float],
    *,
    units: tuple[float, float] = (1, 1),
    operations: float = 0,
    repeats: int = 7,
) -> Measurement:
    """Time both by turns. One call of each warms caches up, and gives what `error` compares; then they alternate
    A B A B, so that both meet the same disturbances.

    units: of work that a call of ours does, and one of the peer's.
    operations: useful floating-point ones of a call of ours; 0 where they are not a meaningful count.
    """
    difference = error(ours(), peer())
    seconds: tuple[list[float], list[float]] = ([], [])
    with freed_memory_kept():  # or the turns of the one take the other's memory away, and the system clears it anew
        for _ in range(repeats):
            for call, taken in zip((ours, peer), seconds, strict=True):
                start = perf_counter()
                call()
                taken.append(perf_counter() - start)
    ours_rate, peer_rate = (n / median(taken) for n, taken in zip(units, seconds, strict=True))
    share = operations * ours_rate / units[0] / 1e9 / matmul_rate() if operations else None
    return Measurement(work, ours_rate, peer_name, peer_rate, ours_rate / peer_rate, float(difference), share)


def matmul_rate() -> float:
    """GFLOP/s of this machine at a float32 matrix product with torch's threads, the best of five."""
    left, right = torch.randn(PRODUCT, PRODUCT), torch.randn(PRODUCT, PRODUCT)
    return 2 * PRODUCT**3 / min(timeit.repeat(lambda: torch.mm(left, right), number=1, repeat=5)) / 1e9


def bench(options: Namespace) -> int:
    """Measure the kernels named in options.work, or all. Raises ValueError for one that there is not."""
    unknown = set(options.work) - set(WORK)
    if unknown:
        raise ValueError(f"there is no benchmark {sorted(unknown)[0]!r}; choose from {', '.join(WORK)}")
    modules = dict(map(import_benchmark, options.work or WORK))
    claim(options.artifacts)
    console, hardware = Console(), describe_hardware()
    console.print(
        f"{hardware['processor']}, {hardware['cores']} cores, {matmul_rate():.0f} GFLOP/s in float32 products"
    )
    measurements: list[Measurement] = []
    for name, module in modules.items():
        try:
            for setting in module.SETTINGS:
                with console.status(f"measuring {name} ..."):
                    measurements.append(module.measure(*setting))
                console.print(as_lines(measurements[-1]), highlight=False)
        except NotApplicableError as error:
            console.print(f"{name} is left out: {error}")
    path = options.artifacts / "bench.json"
    write_atomically(path, json.dumps([asdict(m) for m in measurements], indent=1).encode())
    console.print(f"written to {path}")
    return 0


def import_benchmark(name: str) -> tuple[str, ModuleType]:
    """Raises ValueError, before anything is measured, if a library to compare with is missing."""
    try:
        return name, import_module(f"bakeoff.benchmarks.{name}")
    except ImportError as error:
        remedy = how_to_install({"faiss": "faiss-cpu"}.get(str(error.name), str(error.name)))
        raise ValueError(f"{name} is compared with {error.name}, which is not installed: {remedy}") from error


def as_lines(m: Measurement) -> str:
    """Three lines that fit a narrow terminal: the work, both rates, and how equal the results are."""
    share = "" if m.matmul_share is None else f", {m.matmul_share:.0%} of the matrix-product rate"
    return (
        f"\n[bold]{m.ratio:6.2f}x[/bold]  {m.work}\n"
        f"         {m.ours_per_second:,.4g} a second, against {m.peer_per_second:,.4g} by {m.peer}\n"
        f"         largest difference {m.max_abs_error:.1e}{share}"
    )
