"""Threads of a training step: all that torch has, or one where the others would burn more time than they save."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

TIMED_STEPS = 5
LEAST_EARNED = 0.5  # of each further thread's time: two threads must be 1.5 times as fast as one, four 2.5 times


def threads_that_pay(step: Callable[[], object], clock: Callable[[], float]) -> int:
    """torch's number of threads n, if a step is then at least 1 + (n - 1) / 2 times as fast as with one thread; else 1.

    Threads wait for each other at the end of every operation, and they wait busily: a small step on two threads takes
    as long as on one, at twice the processor time.

    step: does the same work at each call.   clock: seconds, such as time.perf_counter.
    """
    n_threads = torch.get_num_threads()
    if n_threads == 1:
        return 1
    seconds = {}
    for n in (1, n_threads):
        with threads(n):
            seconds[n] = least_seconds(step, clock)
    return n_threads if seconds[1] >= (1 + (n_threads - 1) * LEAST_EARNED) * seconds[n_threads] else 1


def least_seconds(step: Callable[[], object], clock: Callable[[], float]) -> float:
    """The quickest of five steps, after one that allocates and picks kernels."""
    step()
    times = []
    for _ in range(TIMED_STEPS):
        start = clock()
        step()
        times.append(clock() - start)
    return min(times)


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Inside the block torch computes with n threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)
