"""What the loading of pictures asks of a cache: `pipelines.machine.cache.Cache` is one, `Memory` keeps nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Compute = Callable[[], Mapping[str, Any]]


class Stored(Protocol):
    """What is kept under a key: arrays in memory, or maps of files that cannot be written to."""

    @property
    def arrays(self) -> Mapping[str, np.ndarray]: ...


class Store(Protocol):
    """A place for large arrays. An entry's name is its stage, version and inputs (plain values)."""

    def get_or_compute(self, stage: str, *, version: int, inputs: Mapping[str, Any], compute: Compute) -> Stored: ...

    def allocate(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> Any:
        """A matrix to be filled by `matrix[first:last] = rows` and returned by `compute`."""

    def remove(self, stage: str, *, version: int, inputs: Mapping[str, Any]) -> None:
        """Forget an entry, if there is one."""


@dataclass(frozen=True)
class InMemory:
    arrays: Mapping[str, np.ndarray]


class Memory:
    """A `Store` that keeps nothing for later."""

    def get_or_compute(self, stage: str, *, version: int, inputs: Mapping[str, Any], compute: Compute) -> InMemory:
        return InMemory(compute())

    def allocate(self, shape: tuple[int, int], dtype: np.dtype[Any]) -> np.ndarray:
        return np.zeros(shape, dtype)

    def remove(self, stage: str, *, version: int, inputs: Mapping[str, Any]) -> None:
        pass
