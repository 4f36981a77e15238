"""Peak memory for few pictures and for ten times as many: it should be the same.

Each is a process of its own. One extracts features of synthetic 32 x 32 pictures into the cache's files, as the
pipeline does; they are one picture again and again, so that all memory that grows would be the extraction's. The
other loads a folder of JPEGs: decodes it to 64 x 64 pixels, looks for duplicates and splits, through the cache. What
counts is the memory that is the process's own: the pages of mapped files, which the system takes back when it likes,
are left out, and are in run.json.
"""

import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from time import perf_counter, sleep

import numpy as np
import psutil
from PIL import Image

from bakeoff.benchmarks.bench import Measurement
from bakeoff.datasets.folder.load import load_folder
from bakeoff.pipelines.classic.families.family import NoState, encode_all
from bakeoff.pipelines.classic.families.histograms import Hog
from bakeoff.pipelines.machine.cache import Cache

SIDE = 64  # of the JPEGs; the many are 246 MB as bytes
# what is done, few pictures, many
SETTINGS = (
    ("HOG of {:,} pictures to disk", 10_000, 100_000),
    ("a folder of {:,} JPEGs loaded at 64 px", 2_000, 20_000),
)
N_CLASSES = 10
SECONDS_BETWEEN_LOOKS = 0.02


def measure(what: str, few: int, many: int) -> Measurement:
    """Pictures a second for many beside few; the work names the ratio of the peaks, the error its distance from 1."""
    with tempfile.TemporaryDirectory() as name:
        work = "load" if "folder" in what else "encode"
        of = [write_folder(Path(name) / str(n), n) if work == "load" else n for n in (few, many)]
        (few_seconds, few_peak), (many_seconds, many_peak) = (_in_child(work, one) for one in of)
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
    """Seconds of its work, and the peak of its own memory in bytes."""
    command, peak = [sys.executable, "-m", "bakeoff.benchmarks.memory", work, str(one)], 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        process = psutil.Process(child.pid)
        while child.poll() is None:
            with suppress(psutil.Error):  # it may just have ended
                now = process.memory_info()
                peak = max(peak, now.rss - now.shared)
            sleep(SECONDS_BETWEEN_LOOKS)
        if child.returncode or child.stdout is None:
            raise ValueError(f"the benchmark of memory failed: {' '.join(command)}")
        return float(child.stdout.read()), peak


def encode(n: str, cache: Cache) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)
    pictures = np.broadcast_to(noise, (int(n), 32, 32, 3))  # one in memory, copied by the batch

    def compute() -> dict[str, np.ndarray]:
        return {"train": encode_all(Hog(), NoState(), pictures, allocate=cache.allocate)}

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


if __name__ == "__main__":
    started = perf_counter()
    with tempfile.TemporaryDirectory() as artifacts:
        {"encode": encode, "load": load}[sys.argv[1]](sys.argv[2], Cache(Path(artifacts)))
    print(perf_counter() - started)
