"""`python -m bakeoff.benchmarks`: every kernel beside the library people use -> lines to read and bench.json."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from rich.console import Console

from bakeoff.benchmarks.measurement import Measurement, matmul_rate
from bakeoff.pipelines.machine.workspace import describe_hardware
from bakeoff.pipelines.results.files import write_atomically

WORK = (
    "hog",
    "dense_sift",
    "fisher_vector",
    "kmeans",
    "linear_svm",
    "memory",
    "folder_memory",
    "convolution",
    "training",
    "backprop",
    "decoding",
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bakeoff.benchmarks", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("artifacts/bench.json"))
    parser.add_argument("work", nargs="*", metavar="work", help=f"some of: {', '.join(WORK)} (default: all)")
    options = parser.parse_args(arguments)
    unknown = set(options.work) - set(WORK)
    if unknown:
        print(f"error: no benchmark {sorted(unknown)[0]!r}; choose from {', '.join(WORK)}", file=sys.stderr)
        return 1
    console = Console()
    hardware = describe_hardware()
    console.print(
        f"{hardware['processor']}, {hardware['cores']} cores, {matmul_rate():.0f} GFLOP/s in float32 products"
    )
    measurements: list[Measurement] = []
    for name in options.work or WORK:
        with console.status(f"measuring {name} ..."):
            found = import_module(f"bakeoff.benchmarks.{name}").measure()
        measurements += found
        for measurement in found:
            console.print(as_lines(measurement), highlight=False)
    write_atomically(options.output, json.dumps([asdict(m) for m in measurements], indent=1).encode())
    console.print(f"written to {options.output}")
    return 0


def as_lines(m: Measurement) -> str:
    """Three lines that fit a narrow terminal: the work, both rates, and how equal the results are."""
    share = "" if m.matmul_share is None else f", {m.matmul_share:.0%} of the matrix-product rate"
    return (
        f"\n[bold]{m.ratio:6.2f}x[/bold]  {m.work}\n"
        f"         {m.ours_per_second:,.4g} a second, against {m.peer_per_second:,.4g} by {m.peer}\n"
        f"         largest difference {m.max_abs_error:.1e}{share}"
    )


if __name__ == "__main__":
    sys.exit(main())
