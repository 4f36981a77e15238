"""One line of the benchmark table: our kernel against the library a user would reach for, timed side by side.

Rates from two separate runs say little on a shared machine, so both sides take turns in one process, and the
equality of their results is checked in the same run.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TypeVar

import torch

PRODUCT = 2048  # rows and columns of the matrices whose product tells the machine's rate
Ours = TypeVar("Ours")
Peer = TypeVar("Peer")


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


def compare(
    work: str,
    ours: Callable[[], Ours],
    peer_name: str,
    peer: Callable[[], Peer],
    error: Callable[[Ours, Peer], float],
    *,
    units: tuple[float, float] = (1, 1),
    operations: float = 0,
    repeats: int = 7,
) -> Measurement:
    """Time both by turns. One call of each warms caches up, and gives what `error` compares; then they alternate
    A B A B, so that both meet the same disturbances.

    units: of work that a call of ours does, and one of the peer's.
    operations: useful floating-point ones of a call of ours; 0 where they are not a meaningful count.
    """
    difference = error(ours(), peer())
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for call, taken in zip((ours, peer), seconds, strict=True):
            start = perf_counter()
            call()
            taken.append(perf_counter() - start)
    ours_rate, peer_rate = (n / median(taken) for n, taken in zip(units, seconds, strict=True))
    share = operations * ours_rate / units[0] / 1e9 / matmul_rate() if operations else None
    return Measurement(work, ours_rate, peer_name, peer_rate, ours_rate / peer_rate, float(difference), share)


def matmul_rate() -> float:
    """GFLOP/s of this machine at a float32 matrix product with torch's threads, the best of five."""
    left, right = torch.randn(PRODUCT, PRODUCT), torch.randn(PRODUCT, PRODUCT)
    return 2 * PRODUCT**3 / min(timeit.repeat(lambda: torch.mm(left, right), number=1, repeat=5)) / 1e9
