"""Construction of a net from its configuration: pixels in, logits out."""

from abc import ABC, abstractmethod
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

PICTURES_TO_FIT = 5000  # that a layer is fitted to


@dataclass(frozen=True)
class Architecture(ABC):
    """The settings of a net, and how it is built from them. A subclass works once it is defined.

    least_side: pixels of the shorter side of the smallest pictures that it takes.
    """

    least_side: ClassVar[int] = 1

    @abstractmethod
    def build(self, image_shape: tuple[int, int, int], n_classes: int) -> nn.Module:
        """Standardized pixels (n, channels, height, width) to logits (n, n_classes). image_shape: (height, width,
        channels)."""


class Standardize(nn.Module):
    """(pixel - mean) / deviation, for each color over all training pictures: the first step of every net."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_channels, 1, 1))
        self.register_buffer("deviation", torch.ones(n_channels, 1, 1))

    def fit(self, images: Tensor) -> None:
        """images: uint8 (n, channels, height, width). Exact: counts each of the 256 values."""
        values = torch.arange(256, dtype=torch.float64)
        for channel in range(images.shape[1]):
            share = torch.bincount(images[:, channel].flatten(), minlength=256).cpu().double()
            share /= share.sum()
            mean = (share * values).sum()
            self.mean[channel] = mean.float()
            # A color that never changes carries nothing: divide by 1 rather than by 0.
            self.deviation[channel] = (share * (values - mean) ** 2).sum().sqrt().float() or 1.0

    def forward(self, images: Tensor) -> Tensor:
        return (images - self.mean) / self.deviation


class Network(nn.Sequential):
    """Pixels 0..255, uint8 or float (n, channels, height, width), to logits (n, n_classes)."""

    pixels: Standardize
    body: nn.Module

    def __init__(self, pixels: Standardize, body: nn.Module) -> None:
        super().__init__(OrderedDict(pixels=pixels, body=body))


def build_network(architecture: Architecture, image_shape: tuple[int, int, int], n_classes: int, seed: int) -> Network:
    """A net with its first weights, drawn from `seed`; the global random state is left as it was.

    image_shape: (height, width, channels). Call `fit_to_pixels` before training.
    Raises ValueError if the architecture cannot take pictures of that shape.
    """
    (height, width, n_channels), least = image_shape, architecture.least_side
    if min(height, width) < least:
        raise ValueError(f"this net needs pictures of at least {least} x {least}, got {height} x {width}")
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Network(Standardize(n_channels), architecture.build(image_shape, n_classes))
    # Filters stored color by color within a position: convolutions run a quarter faster on a CPU. Others: no effect.
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def outline_network(architecture: Architecture, image_shape: tuple[int, int, int], n_classes: int) -> Network:
    """The net on the device "meta": all shapes and no numbers, whatever its size."""
    with torch.device("meta"), _Undrawn():
        return build_network(architecture, image_shape, n_classes, seed=0)


def fit_to_pixels(network: Network, images: Tensor) -> None:
    """Fit what is computed from the training pictures before the first step, in place: the pixels' mean and spread,
    and the layers that are fitted.

    images: uint8 (n, channels, height, width).
    """
    network.pixels.fit(images)
    for layer in network.body.modules():
        fit = getattr(layer, "fit", None)  # computes the layer's weights from pictures as it will see them
        if fit is not None:
            fit(network.pixels(images[:PICTURES_TO_FIT]))


class _Undrawn(TorchFunctionMode):
    """Draws no first weights: on the device "meta" torch would first spend seconds on importing its symbolic
    decompositions of normal_."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is torch.Tensor.normal_ or getattr(func, "__module__", "") == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def count_parameters(network: nn.Module) -> int:
    """Learnt numbers: weights, biases, gains; not the pixel statistics."""
    return sum(parameter.numel() for parameter in network.parameters())
