"""A worker on every core, each with torch single-threaded: work in pieces, without barriers in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import torch

from bakeoff.pipelines.machine.chunk_map import results_in_order

Item = TypeVar("Item")
Result = TypeVar("Result")


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


def map_on_cores(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """[function(item) for item in items], one item per core at a time, torch single-threaded inside.

    Uses as many cores as torch.get_num_threads() says; runs in the caller's thread where that is 1. The result
    does not depend on the number of cores.
    """
    items = list(items)
    if torch.get_num_threads() == 1 or len(items) < 2:
        return [function(item) for item in items]
    with one_worker_per_core() as workers:
        return list(workers.map(function, items))


def stream_on_cores(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """As `map_on_cores`, a `MapChunks`: items are taken, and results given, as the cores become free."""
    if torch.get_num_threads() == 1:
        yield from map(function, items)
        return
    n_ahead = 2 * torch.get_num_threads()
    with one_worker_per_core() as workers:
        yield from results_in_order(lambda item: workers.submit(function, item), items, n_ahead)
