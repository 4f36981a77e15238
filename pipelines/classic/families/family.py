"""What every feature family offers, and how it is driven over many pictures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

Advance = Callable[..., None]


@dataclass(frozen=True)
class NoState:
    """The state of a family that learns nothing."""


@dataclass(frozen=True)
class FeatureFamily(ABC):
    """A configuration that encodes pictures.

    state_type: dataclass of tensors that `fit` returns.   is_random: what it learns depends on the seed.
    needs_color: cannot say anything about gray pictures.
    batch_size: pictures encoded at once; bounds the memory, and small enough that a batch stays near the cache.
    """

    state_type: ClassVar[type] = NoState
    is_random: ClassVar[bool] = False
    needs_color: ClassVar[bool] = False
    batch_size: ClassVar[int] = 500
    version: ClassVar[int] = 1

    @property
    def name(self) -> str:
        """For people: the class's name in plain words."""
        return "".join(f" {c.lower()}" if c.isupper() else c for c in type(self).__name__).strip()

    def fit(self, images: np.ndarray, seed: int) -> Any:
        """Learn the state from training pictures, uint8 (n, h, w, c)."""
        return NoState()

    @abstractmethod
    def encode(self, images: torch.Tensor, state: Any) -> torch.Tensor:
        """uint8 (n, h, w, c) -> float32 (n, length), finite."""


def encode_all(
    family: FeatureFamily,
    state: Any,
    images: np.ndarray,
    *,
    mirrored: bool = False,
    dtype: np.dtype[Any] | type = np.float32,
    advance: Advance = lambda n: None,
) -> np.ndarray:
    """Encode many pictures, a batch at a time.

    images: uint8 (n, h, w, c).   mirrored: encode the left-right mirrored pictures instead.
    Returns (n, length) of `dtype`; `advance(n)` is told of every batch.
    """
    features: np.ndarray | None = None
    for start in range(0, len(images), family.batch_size):
        batch = torch.from_numpy(np.ascontiguousarray(images[start : start + family.batch_size]))
        encoded = family.encode(batch.flip(2) if mirrored else batch, state).numpy()
        if features is None:
            features = np.empty((len(images), encoded.shape[1]), dtype)
        features[start : start + len(encoded)] = encoded
        advance(len(encoded))
    if features is None:
        raise ValueError("images must hold at least one picture, got none")
    return features
