"""Random generators per picture: a corruption does not depend on a picture's neighbors in a batch."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator, default_rng


def generators_for(name: str, indices: Sequence[int] | np.ndarray, seed: int) -> list[Generator]:
    """One generator for each picture, from what is done to it, its number in the data set and the seed."""
    kind = zlib.crc32(name.encode())
    return [default_rng([seed, kind, int(index)]) for index in indices]


def draw(generators: Sequence[Generator], one: Callable[[Generator], np.ndarray | float]) -> np.ndarray:
    """`one` drawn from each generator, stacked: float32 (n, ...)."""
    return np.stack([np.asarray(one(generator), dtype=np.float32) for generator in generators])
