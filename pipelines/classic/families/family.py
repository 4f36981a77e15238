"""What every feature family offers, and how it is driven over many pictures."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

from pipelines.classic.chunks import map_on_cores

Advance = Callable[..., None]
NEEDS_COLOR = "it needs color, and these pictures are gray"


@dataclass(frozen=True)
class NoState:
    """The state of a family that learns nothing."""


@dataclass(frozen=True)
class FeatureFamily(ABC):
    """A configuration that encodes pictures.

    state_type: dataclass of tensors that `fit` returns.   is_random: what it learns depends on the seed.
    needs_color: cannot say anything about gray pictures.
    version: raise it, and the pipeline's VERSION, when a change of code changes the features.
    batch_size: pictures encoded at once on one core; bounds the memory.
    """

    state_type: ClassVar[type] = NoState
    is_random: ClassVar[bool] = False
    needs_color: ClassVar[bool] = False
    batch_size: ClassVar[int] = 100
    version: ClassVar[int] = 1

    def refusal(self, image_shape: tuple[int, int, int]) -> str:
        """Why pictures of this (height, width, channels) cannot be encoded; "" if they can."""
        return NEEDS_COLOR if self.needs_color and image_shape[2] == 1 else ""

    @property
    def name(self) -> str:
        """The class's name in plain words; part of the names of its cache entries."""
        return "".join(f" {c.lower()}" if c.isupper() else c for c in type(self).__name__).strip()

    @property
    def label(self) -> str:
        """For people, who may see several families of one class."""
        return self.name

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
    """Encode many pictures, a batch on every core at a time.

    images: uint8 (n, h, w, c).   mirrored: encode the left-right mirrored pictures instead.
    Returns (n, length) of `dtype`; `advance(n)` is told of every batch.
    """
    if len(images) == 0:
        raise ValueError("images must hold at least one picture, got none")

    def encode_rows(rows: slice) -> np.ndarray:
        batch = torch.from_numpy(images[rows].copy())  # images may be read-only or a view
        return family.encode(batch.flip(2) if mirrored else batch, state).numpy()

    if len(images) <= family.batch_size:  # one batch, as when a single picture is classified
        advance(len(images))
        return encode_rows(slice(None)).astype(dtype)
    length = encode_rows(slice(0, 1)).shape[1]
    features = np.empty((len(images), length), dtype)

    def fill(start: int) -> None:
        rows = slice(start, min(start + family.batch_size, len(images)))
        features[rows] = encode_rows(rows)
        advance(rows.stop - rows.start)

    map_on_cores(fill, range(0, len(images), family.batch_size))
    return features
