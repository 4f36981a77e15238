"""Local descriptors of a picture, as configured: which ones, at which sizes, how densely."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import torch

from bakeoff.pipelines.classic.families.family import BATCH_BYTES, NEEDS_COLOR, FeatureFamily, grown
from bakeoff.pipelines.classic.features.color_statistics import extract_color_statistics
from bakeoff.pipelines.classic.features.dense_sift import extract_dense_sift, footprint, opponent_colors
from bakeoff.pipelines.classic.features.grid import N_BINS, window_centers
from bakeoff.pipelines.classic.features.planes import extract_patches, normalize_contrast
from bakeoff.pipelines.machine.cores import HERE, Hands
from bakeoff.pipelines.machine.tracing import computed_once

SAMPLING_BATCH = 100  # pictures
DESCRIPTORS_PER_PICTURE = 40  # at most, where there are pictures enough: descriptors of one picture resemble each other


@dataclass(frozen=True)
class Descriptors(ABC):
    """A dense grid of local descriptors; the rows of `extract` and `positions` correspond.

    stride: pixels.   reference_side: of the pictures that it suits; it grows with the root of the side of larger ones:
    denser at no more than the cost of their pixels, while what each sees stays as fine. 0: it is as it is.
    """

    needs_color: ClassVar[bool] = False
    stride: int = 2
    reference_side: int = 0

    @property
    @abstractmethod
    def label(self) -> str:
        """For people: what is described."""

    def refusal(self, image_shape: tuple[int, int, int]) -> str:
        """Why pictures of this (height, width, channels) cannot be described; "" if they can."""
        height, width, channels = image_shape
        if self.needs_color and channels == 1:
            return NEEDS_COLOR
        try:
            self.positions(height, width)
        except ValueError as error:  # no window fits
            return str(error)
        return ""

    def stride_in(self, height: int, width: int) -> int:
        """Pixels."""
        return round(math.sqrt(self.stride * grown(self.stride, height, width, self.reference_side)))

    @abstractmethod
    def extract(self, images: torch.Tensor) -> torch.Tensor:
        """uint8 (n, h, w, c) -> float32 (n, n_descriptors, d)."""

    def extract_parts(self, images: torch.Tensor) -> list[torch.Tensor]:
        """What `extract` puts together, (n, m, d) each: for what makes them shorter, one by one."""
        return [self.extract(images)]

    @abstractmethod
    def positions(self, height: int, width: int) -> torch.Tensor:
        """float32 (n_descriptors, 2): (x, y) of the centers, pixels."""

    def sample(
        self, images: np.ndarray, n_samples: int, seed: int, hands: Hands = HERE
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Descriptors drawn at random without replacement, equally many from each of many random pictures.

        images: uint8 (n, h, w, c).   Returns float32 (m, d) and their positions, float32 (m, 2), where m is n_samples
        or all there are. Memory: a few batches of pictures and the sample itself.
        """
        generator = np.random.default_rng(seed)
        positions = self.positions(*images.shape[1:3])
        per_image = min(DESCRIPTORS_PER_PICTURE, len(positions))
        n_images = min(len(images), -(-n_samples // per_image))
        per_image = min(-(-n_samples // n_images), len(positions))  # more of each where there are few pictures
        chosen = np.sort(generator.choice(len(images), n_images, replace=False))
        batch_size = max(1, min(SAMPLING_BATCH, BATCH_BYTES // images[0].nbytes))
        drawn: list[np.ndarray] = []  # which of each picture's descriptors, int64 (pictures of a batch, per_image)

        def draw_batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for start in range(0, n_images, batch_size):
                batch = chosen[start : start + batch_size]
                order = generator.random((len(batch), len(positions))).argsort(axis=1)
                drawn.append(order[:, :per_image].copy())  # the rest of the order is not kept
                yield images[batch], drawn[-1]

        parts = []
        with hands.show(f"{self.label}: descriptors to learn from", n_images) as advance:
            for part in hands.map_chunks(partial(sample_batch, self, hands.device), draw_batches()):
                parts.append(torch.from_numpy(part))
                advance(len(part) // per_image)
        rows = torch.cat(parts).to(hands.device)
        return rows[:n_samples], positions[torch.from_numpy(np.concatenate(drawn).flatten())][:n_samples]


@dataclass(frozen=True)
class WindowDescriptors(Descriptors):
    """Of square windows on the grid, of one size or several."""

    @abstractmethod
    def windows(self) -> Iterable[tuple[int, int, int]]:
        """Of each size, in pixels: as it is configured, the window's side, and how far windows reach out of the
        picture, whose border is repeated there."""

    @abstractmethod
    def describe(self, images: torch.Tensor, size: int, stride: int) -> torch.Tensor:
        """The windows of one size that lie within the images: (n, h, w, c) -> float32 (n, n_windows, d)."""

    def extract(self, images: torch.Tensor) -> torch.Tensor:
        return torch.cat(self.extract_parts(images), dim=1)

    def extract_parts(self, images: torch.Tensor) -> list[torch.Tensor]:
        stride = self.stride_in(*images.shape[1:3])
        return [self.describe(repeat_border(images, margin), size, stride) for size, _, margin in self.windows()]

    @computed_once
    def positions(self, height: int, width: int) -> torch.Tensor:
        stride = self.stride_in(height, width)
        return torch.cat(
            [
                window_centers(height + 2 * margin, width + 2 * margin, window_size=side, stride=stride) - margin
                for _, side, margin in self.windows()
            ]
        )


@dataclass(frozen=True)
class DenseSift(WindowDescriptors):
    """SIFT on a grid (Lowe 2004; dense as in Bosch, Zisserman, Munoz 2007)."""

    bin_sizes: tuple[int, ...] = (3, 4, 6)  # pixels; a descriptor covers 4 x 4 bins, so 12, 16 and 24 pixels
    # opponent: SIFT on each opponent channel (van de Sande 2010), of other than three channels on each as it is
    color: Literal["gray", "opponent"] = "gray"
    root: bool = True  # RootSIFT (Arandjelovic, Zisserman 2012)
    regularizer: float = 0.0  # gray levels per pixel; makes the descriptors of faint patches short
    overhang: bool = False  # let descriptors reach half a bin beyond the border, whose pixels are repeated

    @property
    def label(self) -> str:
        return "SIFT" if self.color == "gray" else f"{self.color} SIFT"

    def windows(self) -> Iterable[tuple[int, int, int]]:
        return [(size, footprint(size), (size + 2) // 2 if self.overhang else 0) for size in self.bin_sizes]

    def extract_parts(self, images: torch.Tensor) -> list[torch.Tensor]:
        rgb = self._per_channel(images) and images.shape[-1] == 3
        return super().extract_parts(opponent_colors(images) if rgb else images)

    def describe(self, images: torch.Tensor, size: int, stride: int) -> torch.Tensor:
        return extract_dense_sift(
            images,
            bin_size=size,
            stride=stride,
            root=self.root,
            per_channel=self._per_channel(images),
            regularizer=self.regularizer,
        )

    def _per_channel(self, images: torch.Tensor) -> bool:
        return self.color == "opponent" and images.shape[-1] > 1


@dataclass(frozen=True)
class ColorStatistics(WindowDescriptors):
    """Mean and deviation of red, green and blue in 4 x 4 cells (Clinchant, Csurka, Perronnin, Renders 2007)."""

    label = "color statistics"
    needs_color: ClassVar[bool] = True
    cell_sizes: tuple[int, ...] = (3, 4)  # pixels
    overhang: bool = False  # let patches reach one cell beyond the border, whose pixels are repeated

    def windows(self) -> Iterable[tuple[int, int, int]]:
        return [(size, N_BINS * size, size if self.overhang else 0) for size in self.cell_sizes]

    def describe(self, images: torch.Tensor, size: int, stride: int) -> torch.Tensor:
        return extract_color_statistics(images, cell_size=size, stride=stride)


@dataclass(frozen=True)
class Patches(WindowDescriptors):
    """Raw patches, each with its own contrast normalized (Coates, Ng, Lee 2011)."""

    label = "patches"
    patch_size: int = 6  # pixels
    stride: int = 1
    regularizer: float = 10.0  # added to a patch's variance, on the 0..255 scale, so that flat patches stay flat

    def windows(self) -> Iterable[tuple[int, int, int]]:
        return [(self.patch_size, self.patch_size, 0)]

    def describe(self, images: torch.Tensor, size: int, stride: int) -> torch.Tensor:
        return normalize_contrast(extract_patches(images, patch_size=size, stride=stride), self.regularizer)


@dataclass(frozen=True)
class DescriptorFamily(FeatureFamily):
    """What is learned from a sample of local descriptors, and made of all of a picture."""

    is_random: ClassVar[bool] = True
    version: ClassVar[int] = 3
    descriptors: Descriptors = field(default_factory=DenseSift)

    def refusal(self, image_shape: tuple[int, int, int]) -> str:
        return self.descriptors.refusal(image_shape)


def repeat_border(images: torch.Tensor, margin: int) -> torch.Tensor:
    """(n, h, w, c) -> (n, h + 2 margin, w + 2 margin, c): each border pixel repeated outwards."""
    for dim in (1, 2) if margin else ():
        first, last = images.narrow(dim, 0, 1), images.narrow(dim, images.shape[dim] - 1, 1)
        repeats = [-1] * dim + [margin] + [-1] * (3 - dim)
        images = torch.cat([first.expand(repeats), images, last.expand(repeats)], dim)
    return images


def sample_batch(descriptors: Descriptors, device: torch.device, chunk: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Some descriptors of every picture: uint8 (b, h, w, c) and which, int64 (b, m) -> float32 (b * m, d)."""
    images, drawn = chunk
    extracted = descriptors.extract(torch.from_numpy(images).to(device))
    chosen = torch.from_numpy(drawn)[:, :, None].to(device)
    return extracted.take_along_dim(chosen, dim=1).flatten(0, 1).cpu().numpy()
