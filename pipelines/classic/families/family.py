"""What every feature family offers, and how it is driven over many pictures: of all splits through one `encode`."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import to_storage
from bakeoff.pipelines.machine.cores import HERE, Hands
from bakeoff.pipelines.machine.device import CPU, free_bytes
from bakeoff.pipelines.machine.progress import Advance
from bakeoff.pipelines.results.fitted_values import on_device
from bakeoff.pipelines.results.run import Side

# Pictures of one task at most, whatever the family's batch_size: what travels to a worker, and lies in the scheduler.
BATCH_BYTES = 2**21
# On an accelerator: enough to fill it, and what encoding takes of its memory for a byte of a picture; opponent SIFT at
# stride 2 and patches at stride 1, the hungriest, take 1,500.
ACCELERATOR_BATCHES, ACCELERATOR_BATCH_BYTES, SCRATCH_PER_BYTE = 20, 3 * 2**21, 2000
NEEDS_COLOR = "it needs color, and these pictures are gray"
NEEDS_RGB = "it needs red, green and blue, and these pictures have {} channels"


@dataclass(frozen=True)
class View:
    """A way to look at a picture: moved by whole pixels, its border repeated, then perhaps mirrored left-right."""

    down: int = 0
    right: int = 0
    mirrored: bool = False

    @property
    def name(self) -> str:
        """Stands before a split's name; empty for the picture as it is."""
        moved = f"moved {self.down},{self.right} " if self.down or self.right else ""
        return moved + ("mirrored " if self.mirrored else "")

    def of(self, images: torch.Tensor) -> torch.Tensor:
        """(n, h, w, c), and so is what is returned."""
        for dim, step in ((1, self.down), (2, self.right)):
            if step:
                side = images.shape[dim]
                places = (torch.arange(side, device=images.device) - step).clamp(0, side - 1)
                images = images.index_select(dim, places)
        return images.flip(2) if self.mirrored else images


AS_IT_IS = View()


@dataclass(frozen=True)
class NoState:
    """The state of a family that learns nothing."""


@dataclass(frozen=True)
class FeatureFamily(ABC):
    """A configuration that encodes pictures.

    state_type: dataclass of tensors that `fit` returns.   is_random: what it learns depends on the seed.
    needs_color: says something about red, green and blue only.   side: on which a run with such a family is.
    version: raise it, and the pipeline's VERSION, when a change of code changes the features.
    batch_size: pictures encoded at once on one core; bounds the memory.
    """

    state_type: ClassVar[type] = NoState
    is_random: ClassVar[bool] = False
    needs_color: ClassVar[bool] = False
    side: ClassVar[Side] = "hand-crafted"
    batch_size: ClassVar[int] = 100
    version: ClassVar[int] = 1

    def refusal(self, image_shape: tuple[int, int, int]) -> str:
        """Why pictures of this (height, width, channels) cannot be encoded; "" if they can."""
        if not self.needs_color or image_shape[2] == 3:
            return ""
        return NEEDS_COLOR if image_shape[2] == 1 else NEEDS_RGB.format(image_shape[2])

    @property
    def name(self) -> str:
        """The class's name in plain words; part of the names of its cache entries."""
        return "".join(f" {c.lower()}" if c.isupper() else c for c in type(self).__name__).strip()

    @property
    def label(self) -> str:
        """For people, who may see several families of one class."""
        return self.name

    def fit(self, images: np.ndarray, seed: int, hands: Hands = HERE) -> Any:
        """Learn the state from training pictures, uint8 (n, h, w, c); hands do what is done to many of them."""
        return NoState()

    def column_names(self, image_shape: tuple[int, int, int], state: Any, length: int) -> list[str]:
        """What each of the `length` values of such a picture is, for a table; all different."""
        return [f"value {number}" for number in range(length)]

    @abstractmethod
    def encode(self, images: torch.Tensor, state: Any) -> torch.Tensor:
        """uint8 (n, h, w, c) -> float32 (n, length), finite."""


@dataclass(frozen=True)
class GrayFamily(FeatureFamily):
    """What describes luminance: of pictures that are neither gray nor RGB each channel, side by side, of the same norm
    together."""

    @abstractmethod
    def encode_gray(self, images: torch.Tensor) -> torch.Tensor:
        """uint8 (n, h, w, 1 or 3) -> float32 (n, length)."""

    @abstractmethod
    def gray_names(self) -> list[str]:
        """Of the values of `encode_gray`."""

    def encode(self, images: torch.Tensor, state: Any) -> torch.Tensor:
        if images.shape[3] in (1, 3):
            return self.encode_gray(images)
        parts = [self.encode_gray(channel) for channel in images.split(1, dim=3)]
        return torch.cat(parts, dim=1) / math.sqrt(len(parts))

    def column_names(self, image_shape: tuple[int, int, int], state: Any, length: int) -> list[str]:
        names, n_channels = self.gray_names(), image_shape[2]
        if n_channels in (1, 3):
            return names
        return [f"channel {channel + 1} {name}" for channel in range(n_channels) for name in names]


def encode_all(
    family: FeatureFamily,
    state: Any,
    images: np.ndarray,
    *,
    view: View = AS_IT_IS,
    dtype: np.dtype[Any] | type | str = np.float32,
    advance: Advance = lambda n: None,
    hands: Hands = HERE,
    allocate: Callable[[tuple[int, int], np.dtype[Any]], Any] = np.empty,
) -> Any:
    """Encode many pictures, a batch on every core, or on the device of the hands, at a time.

    images: uint8 (n, h, w, c).   view: what of them is encoded.
    allocate: makes the matrix that is filled and returned, in memory, on disk - memory does not grow with n then - or
        on the device.
    Returns (n, length) of `dtype`, float32, float16 or int8 (see `to_int8`); `advance(n)` is told of every batch.
    """
    if len(images) == 0:
        raise ValueError("images must hold at least one picture, got none")
    state = on_device(state, hands.device)
    encode = partial(encode_batch, family, state, view, np.dtype(dtype), hands.device)
    ends = batch_ends(len(images), pictures_at_once(family.batch_size, images[0].nbytes, hands.device))
    if len(ends) == 1 and hands.device == CPU:  # as when a single picture is classified
        advance(len(images))
        return encode(images)
    batches = (images[start:end] for start, end in pairwise([0, *ends]))
    features: Any = None
    start = 0
    for encoded in hands.map_chunks(encode, batches):
        if start == 0:
            features = allocate((len(images), encoded.shape[1]), np.dtype(dtype))
        if isinstance(encoded, torch.Tensor) and not isinstance(features, torch.Tensor):
            encoded = encoded.cpu().numpy()
        features[start : start + len(encoded)] = encoded
        start += len(encoded)
        advance(len(encoded))
    return features


def cell_names(n_rows: int, n_columns: int) -> list[str]:
    """Of the cells of a grid laid on the picture, row by row."""
    if n_rows == n_columns == 1:
        return ["whole"]
    return [f"cell {y + 1},{x + 1} of {n_rows}x{n_columns}" for y in range(n_rows) for x in range(n_columns)]


def grown(length: int, height: int, width: int, reference_side: int) -> int:
    """A length in pixels that suits pictures of reference_side, in proportion in larger ones; as it is if that is 0."""
    return length * max(reference_side, min(height, width)) // reference_side if reference_side else length


def batch_ends(n: int, most: int) -> list[int]:
    """Where the batches of n pictures end: one of at most `most`, or an even number of nearly one size, for most
    machines have an even number of cores. It does not depend on theirs, and so no feature does."""
    n_batches = -(-n // most)
    n_batches += n_batches % 2 if 1 < n_batches < n else 0
    return [n * number // n_batches for number in range(1, n_batches + 1)]


def pictures_at_once(batch_size: int, n_bytes: int, device: torch.device) -> int:
    """Pictures of n_bytes each in a batch of a family with that batch_size; at least 1."""
    if device.type == "cpu":
        return max(1, min(batch_size, BATCH_BYTES // n_bytes))
    fitting = free_bytes(device) // (SCRATCH_PER_BYTE * n_bytes)
    return max(1, min(ACCELERATOR_BATCHES * batch_size, ACCELERATOR_BATCH_BYTES // n_bytes, fitting))


def encode_batch(
    family: FeatureFamily, state: Any, view: View, dtype: np.dtype[Any], device: torch.device, images: np.ndarray
) -> np.ndarray | torch.Tensor:
    """One batch of `encode_all`: uint8 (b, h, w, c) -> (b, length) of dtype, a tensor if it is elsewhere."""
    batch = torch.from_numpy(images.copy()).to(device)  # images may be read-only or a view
    found = to_storage(family.encode(view.of(batch), state), dtype.name)
    return found.numpy() if device == CPU else found
