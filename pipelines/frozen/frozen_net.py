"""Frozen net as a feature family: the pooled values of a net that was trained on others' pictures."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch

from bakeoff.pipelines.classic.encoding.encodings import l2_normalize
from bakeoff.pipelines.classic.families.family import NEEDS_RGB, FeatureFamily
from bakeoff.pipelines.frozen.network import DOWNSCALING, Backbone
from bakeoff.pipelines.frozen.weights import LITE0, Weights, fill, outline, read_weights
from bakeoff.pipelines.machine.cores import HERE, Hands
from bakeoff.pipelines.results.run import Side


@dataclass(frozen=True)
class FrozenWeights:
    """values: float32 (n,), as `weights.fill` takes them; kept in the model's file, which needs no other then."""

    values: torch.Tensor


@dataclass(frozen=True)
class FrozenNet(FeatureFamily):
    """A net's pooled values, scaled to unit length: 1,280 of EfficientNet-Lite0.

    The net sees pictures as the data set has them, and a folder's are loaded at 128 px at most: larger ones than that
    gain nothing here, for they are brought down first and up to image_size again.

    weights: checksum, from `weights.identify`.   image_size: pixels; a multiple of 32 for EfficientNet-Lite0, which was
    trained at 224.   net: its name in timm; "" is EfficientNet-Lite0.
    """

    state_type: ClassVar[type] = FrozenWeights
    batch_size: ClassVar[int] = 16  # 150 MB of activations
    side: ClassVar[Side] = "frozen"
    weights: str = ""
    image_size: int = 224
    net: str = ""

    def __post_init__(self) -> None:
        if not self.net and (self.image_size < DOWNSCALING or self.image_size % DOWNSCALING):
            raise ValueError(f"image_size must be a multiple of {DOWNSCALING}, got {self.image_size}")

    def refusal(self, image_shape: tuple[int, int, int]) -> str:
        return "" if image_shape[2] in (1, 3) else NEEDS_RGB.format(image_shape[2])

    @property
    def label(self) -> str:
        return self.net or LITE0

    def fit(self, images: np.ndarray, seed: int, hands: Hands = HERE) -> FrozenWeights:
        return FrozenWeights(read_weights(Weights(self.net, self.weights)))

    def encode(self, images: torch.Tensor, state: FrozenWeights) -> torch.Tensor:
        network = ready(self.net, self.image_size, state.values).to(images.device)
        with torch.no_grad():
            return l2_normalize(network(images.permute(0, 3, 1, 2).float()))


@lru_cache(2)  # a tensor is known by its identity
def ready(net: str, image_size: int, values: torch.Tensor) -> Backbone:
    """The net with its weights, for pictures of that size."""
    network = outline(net, image_size).requires_grad_(False)
    fill(network, values)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
