"""The picture as a point: principal components of its pixels (eigenpictures; Turk, Pentland 1991)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch

from bakeoff.datasets.splits import evenly_spread
from bakeoff.pipelines.classic.encoding.encodings import l2_normalize
from bakeoff.pipelines.classic.families.family import FeatureFamily
from bakeoff.pipelines.classic.matrix.projections import N_PRODUCTS, PCA, fit_pca, fit_randomized_pca, project
from bakeoff.pipelines.machine.cores import HERE, Hands
from bakeoff.pipelines.machine.progress import Advance

# In a picture, for an exact fit: the covariance has its square in float64, 512 MiB; at 224 x 224 x 3 it has 181 GB.
MOST_VALUES = 8192
PICTURES_FOR_LARGE = 5000  # are enough for 128 directions, and read five times
BLOCK_VALUES = 2**26  # pixel values that are float32 at a time: 256 MiB, 20,000 pictures of 32 x 32 in color


@dataclass(frozen=True)
class PixelPca(FeatureFamily):
    state_type: ClassVar[type] = PCA
    n_components: int = 128  # dimensions kept; whitened, so that each weighs the same

    def fit(self, images: np.ndarray, seed: int, hands: Hands = HERE) -> PCA:
        n_components = min(self.n_components, len(images) - 1, images[0].size)
        exact = images[0].size <= MOST_VALUES
        n_chosen = min(len(images), len(images) if exact else max(PICTURES_FOR_LARGE, n_components + 1))
        with hands.show(f"{self.label}: principal components", n_chosen * (1 if exact else 2 + N_PRODUCTS)) as advance:
            blocks = _Blocks(images, n_chosen, advance, hands.device)
            if exact:
                return fit_pca(blocks, n_components=n_components, whiten=True)
            return fit_randomized_pca(blocks, n_components=n_components, seed=0, whiten=True)

    def column_names(self, image_shape: tuple[int, int, int], state: Any, length: int) -> list[str]:
        return [f"component {number + 1}" for number in range(length)]

    def encode(self, images: torch.Tensor, state: PCA) -> torch.Tensor:
        return l2_normalize(project(_flatten(images), state))


@dataclass(frozen=True)
class _Blocks:
    """Pictures as rows of float32, a block at a time, so that memory does not grow with them."""

    images: np.ndarray
    most: int  # pictures, evenly spread
    advance: Advance  # told of the pictures of every block
    device: torch.device

    def __iter__(self) -> Iterator[torch.Tensor]:
        order, step = evenly_spread(len(self.images), self.most), max(1, BLOCK_VALUES // self.images[0].size)
        for start in range(0, len(order), step):
            yield _flatten(torch.from_numpy(self.images[order[start : start + step]]).to(self.device))
            self.advance(len(order[start : start + step]))


def _flatten(images: torch.Tensor) -> torch.Tensor:
    """uint8 (n, h, w, c) -> float32 (n, h*w*c) in 0..1."""
    return images.flatten(1).float().div_(255)
