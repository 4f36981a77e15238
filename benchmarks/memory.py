"""Peak memory for few pictures and for ten times as many: it should be the same.

Each is a process of its own. One extracts features of synthetic 32 x 32 pictures into the cache's files, as the
pipeline does; the pictures are made a batch at a time, so that all memory that grows would be the extraction's. The
other loads a folder of JPEGs: decodes it to 64 x 64 pixels, looks for duplicates and splits, through the cache. What
counts there is the memory that is the process's own (RssAnon in proc(5)): the pages of mapped files, which the system
takes back when it likes, are left out of it, and are in VmHWM and in run.json.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image

from bakeoff.benchmarks.measurement import Measurement
from bakeoff.datasets.folder.load import load_folder
from bakeoff.pipelines.classic.families.family import NoState, encode_all
from bakeoff.pipelines.classic.families.histograms import Hog
from bakeoff.pipelines.machine.cache import Cache
from bakeoff.pipelines.machine.stopwatch import peak_memory_bytes

ENCODED, LOADED = (10_000, 100_000), (2_000, 20_000)  # pictures: few, many
SIDE = 64  # of the JPEGs; the many are 246 MB as bytes
N_CLASSES = 10
SECONDS_BETWEEN_LOOKS = 0.02


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
    """Pictures a second for many beside few; the work names the ratio of the peaks, the error its distance from 1."""
    with tempfile.TemporaryDirectory() as name:
        folders = [write_folder(Path(name) / str(n), n) for n in LOADED]
        return [
            _growth("HOG of {:,} pictures to disk", ENCODED, "encode", ENCODED),
            _growth(f"a folder of {{:,}} JPEGs loaded at {SIDE} px", LOADED, "load", folders),
        ]


def _growth(what: str, sizes: tuple[int, int], work: str, of: Sequence[object]) -> Measurement:
    (few, many), ((few_seconds, few_peak), (many_seconds, many_peak)) = sizes, (_in_child(work, one) for one in of)
    growth, rate, few_rate = many_peak / few_peak, many / many_seconds, few / few_seconds
    return Measurement(
        work=f"{what.format(many)}: {growth:.2f}x the peak memory of {few:,} "
        f"({many_peak >> 20} and {few_peak >> 20} MiB); error is the growth; pictures",
        ours_per_second=rate,
        peer=f"the same for {few:,} pictures",
        peer_per_second=few_rate,
        ratio=rate / few_rate,
        max_abs_error=abs(growth - 1),
    )


def _in_child(work: str, one: object) -> tuple[float, int]:
    """Seconds, and peak memory in bytes."""
    command = [sys.executable, "-m", "bakeoff.benchmarks.memory", work, str(one)]
    seconds, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), int(peak)


def encode(n: str, cache: Cache) -> None:
    pictures = SyntheticPictures(int(n))

    def compute() -> dict[str, np.ndarray]:
        return {"train": encode_all(Hog(), NoState(), pictures, allocate=cache.allocate)}  # type: ignore[arg-type]

    cache.get_or_compute("hog encode", version=1, inputs={}, compute=compute)


def load(folder: str, cache: Cache) -> None:
    load_folder(Path(folder), image_size=SIDE, store=cache).fingerprint()


def write_folder(folder: Path, n: int) -> Path:
    """n blurred noises, each unlike the others, dealt to the classes in turn."""
    for label in range(N_CLASSES):
        (folder / f"class {label}").mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(n):
        noise = Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        noise.resize((SIDE, SIDE)).save(folder / f"class {number % N_CLASSES}" / f"{number}.jpg")
    return folder


def watch(work: Callable[[], None]) -> int:
    """Peak of this process's own memory in bytes while it works."""
    peak, done = own_memory(), threading.Event()

    def look() -> None:
        nonlocal peak
        while not done.wait(SECONDS_BETWEEN_LOOKS):
            peak = max(peak, own_memory())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        work()
    finally:  # also where it fails, or the process would never end
        done.set()
    watcher.join()
    return peak


def own_memory() -> int:
    """Bytes of this process's memory that are no pages of a file."""
    return 1024 * int(re.findall(r"RssAnon:\s*(\d+) kB", Path("/proc/self/status").read_text())[0])


if __name__ == "__main__":
    started = perf_counter()
    with tempfile.TemporaryDirectory() as artifacts:
        own = watch(lambda: {"encode": encode, "load": load}[sys.argv[1]](sys.argv[2], Cache(Path(artifacts))))
    print(perf_counter() - started, own if sys.argv[1] == "load" else peak_memory_bytes())
