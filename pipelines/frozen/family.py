"""Frozen net as a feature family: the pooled values of EfficientNet-Lite0, which was trained on others' pictures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from bakeoff.pipelines.classic.encoding.normalization import l2_normalize
from bakeoff.pipelines.classic.families.family import NEEDS_RGB, FeatureFamily
from bakeoff.pipelines.frozen.network import DOWNSCALING, unfold
from bakeoff.pipelines.frozen.weights import read_weights
from bakeoff.pipelines.machine.cores import HERE, Hands
from bakeoff.pipelines.results.run import Side

MEAN, DEVIATION = 127.0, 128.0  # of a pixel value, as TensorFlow's Lite nets were trained


@dataclass(frozen=True)
class FrozenWeights:
    """values: float32 (n,), as `network.fold` gives them; kept in the model's file, which needs no other then."""

    values: torch.Tensor

    @cached_property
    def network(self) -> nn.Module:
        return unfold(self.values)


@dataclass(frozen=True)
class FrozenNet(FeatureFamily):
    """1,280 values of unit length a picture.

    The net sees pictures as the data set has them, and a folder's are loaded at 128 px at most: larger ones than that
    gain nothing here, for they are brought down first and up to image_size again.

    weights: checksum of their file, from `weights.identify`.   image_size: pixels, a multiple of 32; it was trained
    at 224.
    """

    state_type: ClassVar[type] = FrozenWeights
    batch_size: ClassVar[int] = 16  # 150 MB of activations
    side: ClassVar[Side] = "frozen"
    weights: str = ""
    image_size: int = 224

    def __post_init__(self) -> None:
        if self.image_size < DOWNSCALING or self.image_size % DOWNSCALING:
            raise ValueError(f"image_size must be a multiple of {DOWNSCALING}, got {self.image_size}")

    def refusal(self, image_shape: tuple[int, int, int]) -> str:
        return "" if image_shape[2] in (1, 3) else NEEDS_RGB.format(image_shape[2])

    @property
    def label(self) -> str:
        return "EfficientNet-Lite0"

    def fit(self, images: np.ndarray, seed: int, hands: Hands = HERE) -> FrozenWeights:
        return FrozenWeights(read_weights(self.weights))

    def encode(self, images: torch.Tensor, state: FrozenWeights) -> torch.Tensor:
        pixels = images.permute(0, 3, 1, 2).float().expand(-1, 3, -1, -1)
        size = (self.image_size, self.image_size)
        if pixels.shape[2:] != size:
            pixels = F.interpolate(pixels, size, mode="bilinear", antialias=True)
        scaled = pixels.sub(MEAN).div_(DEVIATION).contiguous(memory_format=torch.channels_last)
        with torch.no_grad():
            return l2_normalize(state.network(scaled))
