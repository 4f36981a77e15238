"""A worker on every core, each with torch single-threaded: work in pieces, without barriers in between.

What works on many pictures asks for `Hands`: it neither knows nor cares whether threads of this process or the workers
of a cluster compute. What it gives them must stand alone: a function of a module (or a `functools.partial` of one) and
chunks that hold all that the function needs. Chunks and the order of results never depend on the number of workers,
and so neither does what a stage makes of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch

from bakeoff.pipelines.machine.device import CPU
from bakeoff.pipelines.machine.progress import ShowProgress, no_progress

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")


class MapChunks(Protocol):
    """function(chunk) of every chunk, in the order of the chunks, which are asked for only as workers become free."""

    def __call__(self, function: Callable[[Chunk], Result], chunks: Iterable[Chunk], /) -> Iterator[Result]: ...


def results_in_order(submit: Callable[[Chunk], Any], chunks: Iterable[Chunk], n_ahead: int) -> Iterator[Any]:
    """Results of the futures that `submit` returns, in the order of the chunks, at most n_ahead of them under way.

    So the memory is that of n_ahead chunks and results, however many there are.
    """
    under_way: deque[Any] = deque()
    for chunk in chunks:
        if len(under_way) == n_ahead:
            yield under_way.popleft().result()
        under_way.append(submit(chunk))
    while under_way:
        yield under_way.popleft().result()


@contextmanager
def one_worker_per_core() -> Iterator[Executor]:
    """As many threads as torch would use, each with torch single-threaded, and so is the caller until the end.

    A solver alternates passes with many small operations. Spread over the cores, those wait at a barrier every time,
    and on a busy machine the waiting takes longer than everything else.
    """
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,)) as workers:
            yield workers
    finally:
        torch.set_num_threads(n_threads)


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
