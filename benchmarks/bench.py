"""Every kernel beside the library people use: lines to read, and bench.json.

A benchmark is a module here with SETTINGS, a table of cases, and `measure`, which makes a `Measurement` of one.
"""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict
from importlib import import_module
from types import ModuleType

from rich.console import Console

from bakeoff.benchmarks.measurement import Measurement, matmul_rate
from bakeoff.pipelines.machine.missing import how_to_install
from bakeoff.pipelines.machine.workspace import claim, describe_hardware
from bakeoff.pipelines.results.files import write_atomically
from bakeoff.pipelines.results.run import NotApplicableError

WORK = (
    *("hog", "dense_sift", "fisher_vector", "kmeans", "linear_svm", "ill_scaled_svm", "memory"),
    *("convolution", "training", "backprop", "decoding", "accelerator"),
)


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
