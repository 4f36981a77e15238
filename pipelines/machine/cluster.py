"""Work for other machines, by a Dask scheduler that runs already: `--scheduler tcp://host:8786`.

Dask decides who computes what, and computes again what a dead worker took along. Here is only how this project asks:
chunks travel with their task and results come back, so a worker needs this checkout and its packages, but no file of
the data; rows of a file that all workers see stay there, and only their place travels. The scheduler keeps a task's
chunk until its result is there - that is what makes a lost worker harmless - and only a few chunks a worker are under
way at any time, which bounds the scheduler's memory.

Whoever reaches a scheduler can run code on its workers. That is how Dask works: keep it inside your own network, or
use `tls://` with certificates (Dask's `distributed.comm.tls` settings apply here too).
"""

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch

from bakeoff.datasets.dataset import results_in_order
from bakeoff.pipelines.machine.freed_memory import freed_memory_kept
from bakeoff.pipelines.machine.missing import how_to_install
from bakeoff.pipelines.machine.stopwatch import add_cpu_seconds

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")

SECONDS_TO_ANSWER = 10.0
DECISIVE = ("numpy", "torch", "pillow", "opencv-python-headless", "tifffile")  # packages
TASKS_PER_THREAD = 3  # under way: one computes, one waits beside it, one travels
# Of a task of several chunks, roughly: its processor time, what its results take, and how many they are.
SECONDS_OF_A_TASK, BYTES_OF_RESULTS, MOST_TOGETHER = 0.2, 2**23, 16
WORKER = "`.venv/bin/python -m dask worker <scheduler>` in the folder of this very checkout"


@dataclass(frozen=True)
class Cluster:
    """The workers behind a Dask client: mapping over chunks, holding values there, adding up over chunks."""

    client: Any

    def describe(self) -> dict[str, Any]:
        """How many workers there are now, and threads in all."""
        threads = self.client.nthreads()
        return {"workers": len(threads), "threads": sum(threads.values())}

    def map_chunks(self, function: Callable[[Chunk], Result], chunks: Iterable[Chunk]) -> Iterator[Result]:
        """A `MapChunks`. An error of the function is raised here as it was there.

        Raises ConnectionError, in one line, if the scheduler is lost or a chunk has cost several workers their life.
        """
        with _explained():
            # As a result of its own, the function - perhaps with a codebook inside - goes once to every worker.
            held = self.client.submit(_itself, function, pure=False)
            n_ahead = TASKS_PER_THREAD * max(1, sum(self.client.nthreads().values()))
            submit = partial(self.client.submit, _timed_each, held, pure=False)
            seen = cache(lambda path: all(self.client.run(Path.exists, path).values() or [False]))
            tasks = Tasks(_leave_on_disk(chunk, seen) for chunk in chunks)
            for results, cpu_seconds in results_in_order(submit, tasks, n_ahead):
                add_cpu_seconds(cpu_seconds)
                tasks.took(cpu_seconds / len(results), max(getattr(result, "nbytes", 0) for result in results))
                yield from results

    def hold(self, load: Callable[[Chunk], Any], chunks: Iterable[Chunk]) -> list[Any]:
        """Handles of load(chunk), kept in a worker's memory as long as the handle lives; loaded again where one dies.

        A handle may stand for its value in a chunk of the other methods.
        """
        return [self.client.submit(load, chunk, pure=False) for chunk in chunks]

    def sum_chunks(self, function: Callable[[Chunk], Any], chunks: Iterable[Chunk]) -> Any:
        """The sum of function(chunk), added in pairs, and pairs of pairs, by the workers: only the sum comes here."""
        with _explained():
            held = self.client.submit(_itself, function, pure=False)
            sums = [self.client.submit(_timed, held, chunk, pure=False) for chunk in chunks]
            while len(sums) > 1:
                pairs = [sums[i : i + 2] for i in range(0, len(sums), 2)]
                sums = [self.client.submit(_add_timed, *pair, pure=False) if pair[1:] else pair[0] for pair in pairs]
            total, cpu_seconds = sums[0].result()
        add_cpu_seconds(cpu_seconds)
        return total


class Tasks:
    """Lists of chunks, one for each task: several chunks where they stay on disk and are quickly done, for a task costs
    client and scheduler some milliseconds."""

    def __init__(self, chunks: Iterable[Any]) -> None:
        self.chunks, self.n_together = iter(chunks), 1

    def took(self, seconds: float, n_bytes: int) -> None:
        """What a chunk took, and what its result takes."""
        fitting = min(SECONDS_OF_A_TASK / max(seconds, 1e-9), BYTES_OF_RESULTS / max(n_bytes, 1), MOST_TOGETHER)
        self.n_together = max(1, int(fitting))

    def __iter__(self) -> Iterator[list[Any]]:
        for chunk in self.chunks:
            more = self.n_together - 1 if isinstance(chunk, RowsOnDisk) else 0
            yield [chunk, *islice(self.chunks, more)]


@dataclass(frozen=True)
class RowsOnDisk:
    """An array that a worker reads when its turn comes.   offset: bytes from the beginning of the file."""

    path: Path
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @classmethod
    def of(cls, array: np.ndarray) -> "RowsOnDisk | None":
        """Of rows that lie in a mapped file one after the other, else None."""
        whole: Any = array
        while isinstance(whole.base, np.ndarray):
            whole = whole.base
        if not isinstance(whole, np.memmap) or whole.filename is None or not array.flags.c_contiguous:
            return None
        offset = whole.offset + array.ctypes.data - whole.ctypes.data
        return cls(Path(whole.filename).resolve(), offset, array.dtype, array.shape)

    def read(self) -> np.ndarray:
        try:
            values = np.fromfile(self.path, self.dtype, math.prod(self.shape), offset=self.offset)
        except OSError as error:
            raise FileNotFoundError(
                f"a worker that came later cannot read {self.path}, which the others can: start it where it sees that "
                "folder; what was finished is kept, and the same command goes on from there"
            ) from error
        return values.reshape(self.shape)


def _leave_on_disk(chunk: Any, seen: Callable[[Path], bool]) -> Any:
    rows = RowsOnDisk.of(chunk) if isinstance(chunk, np.ndarray) else None
    return rows if rows and seen(rows.path) else chunk


@contextmanager
def connect(address: str) -> Iterator[Cluster]:
    """The workers of the scheduler at an address such as tcp://host:8786.

    Raises ValueError if the package `distributed` is missing or the workers run other code than this process, and
    ConnectionError if no scheduler answers or it has no workers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        remedy = how_to_install("distributed")
        raise ValueError(f"a scheduler needs the package `distributed`, which is not installed: {remedy}") from error
    try:
        client = Client(address, timeout=SECONDS_TO_ANSWER, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"no Dask scheduler answers at {address}: start one with `.venv/bin/python -m dask scheduler`, "
            "or name none to work on this machine alone"
        ) from error
    with client:
        _check_workers(client, address)
        yield Cluster(client)


def _check_workers(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=SECONDS_TO_ANSWER)
    except TimeoutError as error:
        raise ConnectionError(f"the scheduler at {address} has no workers: start some with {WORKER}") from error
    try:
        found = client.run(code_fingerprint)
    except ImportError as error:
        raise ValueError(f"the workers of {address} cannot import this project: start them with {WORKER}") from error
    strangers = sorted(worker for worker, fingerprint in found.items() if fingerprint != code_fingerprint())
    if strangers:
        raise ValueError(
            f"{len(strangers)} of {len(found)} workers run other code or versions than this process, such as "
            f"{strangers[0]}: update their checkout and start them again with {WORKER}"
        )


@cache
def code_fingerprint() -> str:
    """Of our code and the versions that decide results; of a worker, as it was when first asked."""
    digest = hashlib.sha256("".join(map(version, DECISIVE)).encode())
    root = Path(__file__).parents[2]
    for path in sorted(path for part in ("datasets", "pipelines") for path in (root / part).rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _explained() -> Iterator[None]:
    """Dask's own failures in words that say what to do."""
    from distributed import KilledWorker
    from distributed.comm import CommClosedError

    try:
        yield
    except KilledWorker as error:
        raise ConnectionError(
            "a chunk of work ended several workers, most likely for want of memory: give each more memory or fewer "
            "threads; what was finished is kept, and the same command goes on from there"
        ) from error
    except (CancelledError, CommClosedError) as error:
        raise ConnectionError(
            "the scheduler was lost: start it again; what was finished is kept, and the same command goes on from there"
        ) from error


def _itself(value: Any) -> Any:
    return value


def _timed(function: Callable[[Chunk], Result], chunk: Chunk) -> tuple[Result, float]:
    """The result and the processor time it took, on one core: a worker has one thread a core, so torch gets one too."""
    torch.set_num_threads(1)
    start = time.thread_time()
    given: Any = chunk.read() if isinstance(chunk, RowsOnDisk) else chunk
    with freed_memory_kept():
        result = function(given)
    return result, time.thread_time() - start


def _timed_each(function: Callable[[Chunk], Result], chunks: list[Chunk]) -> tuple[list[Result], float]:
    """The results, and the processor time of all."""
    results, seconds = zip(*(_timed(function, chunk) for chunk in chunks), strict=True)
    return list(results), sum(seconds)


def _add_timed(left: tuple[Any, float], right: tuple[Any, float]) -> tuple[Any, float]:
    start = time.thread_time()
    total = left[0] + right[0]
    return total, left[1] + right[1] + time.thread_time() - start
