"""A worker on every core, each with torch single-threaded: work in pieces that fit the cache, without barriers.

A long chain of operations over all rows at once runs at the speed of main memory; the same chain over a piece that
stays in the second-level cache at the speed of the arithmetic; and single-threaded pieces wait for no other.

What works on many pictures asks for `Hands`: it neither knows nor cares whether threads of this process or the workers
of a cluster compute. What it gives them must stand alone: a function of a module (or a `functools.partial` of one) and
chunks that hold all that the function needs. Chunks and the order of results never depend on the number of workers,
and so neither does what a stage makes of them.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch

from bakeoff.datasets.dataset import MapChunks, results_in_order
from bakeoff.pipelines.machine.device import CPU
from bakeoff.pipelines.machine.progress import ShowProgress, no_progress
from bakeoff.pipelines.machine.tracing import is_exporting

# Intermediate values of one piece: about a core's second-level cache on the CPU; enough to fill an accelerator.
SCRATCH_BYTES = {"cpu": 2**21, "cuda": 2**28}
# Rows summed in float32 before the sum goes to float64, and the unit of work of one core.
SPAN_ROWS = 8192
Chunk = TypeVar("Chunk")
Result = TypeVar("Result")


@contextmanager
def one_worker_per_core() -> Iterator[Executor]:
    """As many threads as torch would use, each with torch single-threaded, and so is the caller until the end; with or
    without gradients as the caller, for that, too, is a setting of each thread.

    A solver alternates passes with many small operations. Spread over the cores, those wait at a barrier every time,
    and on a busy machine the waiting takes longer than everything else.
    """
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(n_threads, initializer=_begin, initargs=(torch.is_grad_enabled(),)) as workers:
            yield workers
    finally:
        torch.set_num_threads(n_threads)


def _begin(with_gradients: bool) -> None:
    torch.set_num_threads(1)
    torch.set_grad_enabled(with_gradients)


def map_on_cores(function: Callable[[Chunk], Result], chunks: Iterable[Chunk]) -> list[Result]:
    """[function(chunk) for chunk in chunks], one chunk per core at a time, torch single-threaded inside.

    Uses as many cores as torch.get_num_threads() says; runs in the caller's thread where that is 1. The result
    does not depend on the number of cores.
    """
    chunks = list(chunks)
    if torch.get_num_threads() == 1 or len(chunks) < 2:
        return [function(chunk) for chunk in chunks]
    with one_worker_per_core() as workers:
        return list(workers.map(function, chunks))


def stream_on_cores(function: Callable[[Chunk], Result], chunks: Iterable[Chunk]) -> Iterator[Result]:
    """As `map_on_cores`, a `MapChunks`: chunks are taken, and results given, as the cores become free."""
    if torch.get_num_threads() == 1:
        yield from map(function, chunks)
        return
    n_ahead = 2 * torch.get_num_threads()
    with one_worker_per_core() as workers:
        yield from results_in_order(lambda chunk: workers.submit(function, chunk), chunks, n_ahead)


@dataclass(frozen=True)
class Hands:
    """Who works on many pictures, who is told how far that is, and where: the threads of this process, nobody, here.

    device: where tensors are computed with; an accelerator needs no threads beside it (`map`).
    """

    map_chunks: MapChunks = stream_on_cores
    show: ShowProgress = no_progress
    device: torch.device = CPU


HERE = Hands()


def hands_on(device: torch.device, show: ShowProgress = no_progress) -> Hands:
    """The cores of this machine, or its accelerator."""
    return Hands(stream_on_cores if device.type == "cpu" else map, show, device)


def rows_per_chunk(bytes_per_row: int, device: torch.device) -> int:
    """How many rows of scratch, each of bytes_per_row, one piece may have on the device: at least 1."""
    return max(1, SCRATCH_BYTES.get(device.type, SCRATCH_BYTES["cuda"]) // max(1, bytes_per_row))


def spans_of(rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The rows in the units of work of `map_on_cores`: SPAN_ROWS each on the CPU, all at once on an accelerator."""
    return rows.split(SPAN_ROWS) if rows.device.type == "cpu" else (rows,)


def iterate_blocks(
    descriptors: torch.Tensor | Iterable[torch.Tensor], *, checked: bool = False
) -> Iterator[torch.Tensor]:
    """Yield the blocks of a stream of descriptors, or the one tensor itself, checked.

    descriptors: float32 (n, d), or an iterable of such blocks that can be gone through again and again.
    checked: an earlier round has checked them.
    Raises ValueError for a one-shot generator, a wrong shape or dtype, or a value that is not finite.
    """
    if isinstance(descriptors, Iterator):
        raise ValueError(
            "descriptors must be a tensor or blocks that can be read again, such as a list, got a generator"
        )
    dimension: int | None = None
    for block in [descriptors] if isinstance(descriptors, torch.Tensor) else descriptors:
        if not checked:
            check_rows(block, dimension)
            dimension = block.shape[1]
        yield block


def check_rows(rows: torch.Tensor, dimension: int | None = None, name: str = "descriptors") -> None:
    """Raise ValueError unless rows is finite float32 (n, dimension); None allows any dimension."""
    if rows.ndim != 2 or rows.dtype != torch.float32 or dimension not in (None, rows.shape[1]):
        expected = "d" if dimension is None else dimension
        raise ValueError(f"{name} must be float32 (n, {expected}), got {rows.dtype} {tuple(rows.shape)}")
    check_finite(rows, name)


def check_finite(values: torch.Tensor, name: str = "descriptors") -> None:
    """Raise ValueError if any value is NaN or infinite."""
    if is_exporting():
        return
    # One fast pass: a sum with such a term is not finite. The second only tells it from an overflow of the sum.
    if not torch.isfinite(values.sum()) and not torch.isfinite(values).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity; drop those rows or repair their source")


def sample_rows(rows: torch.Tensor, n_rows: int, generator: torch.Generator) -> torch.Tensor:
    """At most n_rows of the rows (n, d), uniformly without replacement, in random order."""
    keys = torch.rand(len(rows), generator=generator, dtype=torch.float64)
    return rows[keys.topk(min(n_rows, len(rows)), largest=False).indices.to(rows.device)]


def argmax_last(scores: torch.Tensor) -> torch.Tensor:
    """argmax over the last dimension. On the CPU by numpy, whose argmax is ten times as fast as torch's."""
    if scores.device.type == "cpu":
        return torch.from_numpy(scores.numpy().argmax(axis=-1))
    return scores.argmax(dim=-1)
