"""Peak memory of loading a folder with few and with ten times as many JPEGs: it should be the same.

Each is a process of its own that decodes its folder to 64 x 64 pixels, looks for duplicates and splits, through the
cache, as the pipeline does. What counts is the memory that is the process's own (RssAnon in proc(5)): the pages of
mapped files, which the system takes back when it likes, are left out of it, and are in VmHWM and in run.json.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image

from bakeoff.benchmarks.measurement import Measurement
from bakeoff.datasets.folder.load import load_folder
from bakeoff.pipelines.machine.cache import Cache

FEW, MANY = 2_000, 20_000
SIDE = 64  # MANY pictures are 246 MB as bytes
N_CLASSES = 10
SECONDS_BETWEEN_LOOKS = 0.02


def measure() -> list[Measurement]:
    """Pictures a second at MANY beside FEW; the work names the ratio of the peaks, the error its distance from 1."""
    with tempfile.TemporaryDirectory() as name:
        folders = {n: write_folder(Path(name) / str(n), n) for n in (FEW, MANY)}
        (few_seconds, few_peak), (many_seconds, many_peak) = (_in_child(folder) for folder in folders.values())
    growth = many_peak / few_peak
    return [
        Measurement(
            work=f"a folder of {MANY:,} JPEGs loaded at {SIDE} px: {growth:.2f}x the peak memory of {FEW:,} "
            f"({many_peak >> 20} and {few_peak >> 20} MiB); error is the growth; pictures",
            ours_per_second=MANY / many_seconds,
            peer=f"the same for {FEW:,} pictures",
            peer_per_second=FEW / few_seconds,
            ratio=(MANY / many_seconds) / (FEW / few_seconds),
            max_abs_error=abs(growth - 1),
        )
    ]


def write_folder(folder: Path, n: int) -> Path:
    """n blurred noises, each unlike the others, dealt to the classes in turn."""
    for label in range(N_CLASSES):
        (folder / f"class {label}").mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(n):
        noise = Image.fromarray(random.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        noise.resize((SIDE, SIDE)).save(folder / f"class {number % N_CLASSES}" / f"{number}.jpg")
    return folder


def load(folder: Path) -> tuple[float, int]:
    """Seconds and peak of this process's own memory in bytes."""
    peak, done = own_memory(), threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(SECONDS_BETWEEN_LOOKS):
            peak = max(peak, own_memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = perf_counter()
    with tempfile.TemporaryDirectory() as artifacts:
        load_folder(folder, image_size=SIDE, store=Cache(Path(artifacts))).fingerprint()
    seconds = perf_counter() - start
    done.set()
    watcher.join()
    return seconds, peak


def own_memory() -> int:
    """Bytes of this process's memory that are no pages of a file."""
    return 1024 * int(re.findall(r"RssAnon:\s*(\d+) kB", Path("/proc/self/status").read_text())[0])


def _in_child(folder: Path) -> tuple[float, int]:
    command = [sys.executable, "-m", "bakeoff.benchmarks.folder_memory", str(folder)]
    seconds, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), int(peak)


if __name__ == "__main__":
    print(*load(Path(sys.argv[1])))
