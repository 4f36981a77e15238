"""One line of the benchmark table: our kernel against the library a user would reach for, timed side by side.

Rates from two separate runs say little on a shared machine, so both sides take turns in one process, and the
equality of their results is checked in the same run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch


@dataclass(frozen=True)
class Measurement:
    """Our rate beside a peer's on the same work.

    work: what was computed, with sizes and settings.   peer: the library function that we compare with.
    ours_per_second, peer_per_second: units of work (pictures, descriptors, fits ...) a second, from medians.
    ratio: ours / peer; above 1 we are faster.
    max_abs_error: the largest difference between the two results, in this run.
    matmul_share: useful floating-point operations of our kernel a second over the machine's own matrix-product
        rate, 0..1; None where operations are not a meaningful count.
    """

    work: str
    ours_per_second: float
    peer: str
    peer_per_second: float
    ratio: float
    max_abs_error: float
    matmul_share: float | None = None


def time_side_by_side(
    ours: Callable[[], object], peer: Callable[[], object], units: float, repeats: int = 7
) -> tuple[float, float]:
    """Median rates (ours, peer), in units a second, of two callables that each do `units` of work a call.

    One call of each warms caches up; then they alternate A B A B, so that both meet the same disturbances.
    Raises ValueError if repeats < 1.
    """
    if repeats < 1:
        raise ValueError(f"repeats must be at least 1, got {repeats}")
    ours()
    peer()
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for work, taken in zip((ours, peer), seconds, strict=True):
            start = perf_counter()
            work()
            taken.append(perf_counter() - start)
    return units / median(seconds[0]), units / median(seconds[1])


def matmul_rate(size: int = 2048, repeats: int = 5) -> float:
    """GFLOP/s of this machine at a float32 matrix product (size x size) with torch's threads, the best of `repeats`."""
    left, right = torch.randn(size, size), torch.randn(size, size)
    out = torch.empty(size, size)
    best = float("inf")
    for _ in range(repeats):
        start = perf_counter()
        torch.mm(left, right, out=out)
        best = min(best, perf_counter() - start)
    return 2 * size**3 / best / 1e9
