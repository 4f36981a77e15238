"""Peak memory of feature extraction for ten thousand and for a hundred thousand pictures: it should be the same.

Each is a process of its own that encodes synthetic 32 x 32 pictures into the cache's files, as the pipeline does. The
pictures are made a batch at a time, so that all memory that grows would be the extraction's.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from bakeoff.benchmarks.measurement import Measurement
from bakeoff.pipelines.classic.families.family import NoState, encode_all
from bakeoff.pipelines.classic.families.histograms import Hog
from bakeoff.pipelines.machine.cache import Cache
from bakeoff.pipelines.machine.cores import stream_on_cores
from bakeoff.pipelines.machine.stopwatch import peak_memory_bytes

FEW, MANY = 10_000, 100_000


class SyntheticPictures:
    """uint8 (n, 32, 32, 3), made when asked for."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, rows: int | slice) -> np.ndarray:
        if isinstance(rows, int):
            return self[rows : rows + 1][0]
        start, stop, _ = rows.indices(self.n)
        return np.random.default_rng(start).integers(0, 256, (stop - start, 32, 32, 3), dtype=np.uint8)


def measure() -> list[Measurement]:
    """Pictures a second at MANY beside FEW; the work names the ratio of the peaks, the error its distance from 1."""
    (few_seconds, few_peak), (many_seconds, many_peak) = (_in_child(n) for n in (FEW, MANY))
    growth = many_peak / few_peak
    return [
        Measurement(
            work=f"HOG of {MANY:,} pictures to disk: {growth:.2f}x the peak memory of {FEW:,} "
            f"({many_peak >> 20} and {few_peak >> 20} MiB); error is the growth; pictures",
            ours_per_second=MANY / many_seconds,
            peer=f"the same for {FEW:,} pictures",
            peer_per_second=FEW / few_seconds,
            ratio=(MANY / many_seconds) / (FEW / few_seconds),
            max_abs_error=abs(growth - 1),
        )
    ]


def extract(n: int) -> tuple[float, int]:
    """Seconds and peak memory in bytes of this process."""
    start = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        cache, pictures = Cache(Path(folder)), SyntheticPictures(n)
        cache.get_or_compute(
            "hog encode",
            version=1,
            inputs={},
            compute=lambda: {
                "train": encode_all(
                    Hog(),
                    NoState(),
                    pictures,  # type: ignore[arg-type]
                    map_chunks=stream_on_cores,
                    allocate=cache.allocate,
                )
            },
        )
    return perf_counter() - start, peak_memory_bytes()


def _in_child(n: int) -> tuple[float, int]:
    done = subprocess.run(
        [sys.executable, "-m", "bakeoff.benchmarks.memory", str(n)], check=True, capture_output=True, text=True
    )
    seconds, peak = done.stdout.split()
    return float(seconds), int(peak)


if __name__ == "__main__":
    print(*extract(int(sys.argv[1])))
