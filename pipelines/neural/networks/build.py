"""Construction of a net from its configuration: pixels in, logits out."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from bakeoff.pipelines.neural.config import (
    AlexNet,
    ConvNet,
    LocalPerceptron,
    NeuralConfig,
    Perceptron,
    SmallAlexNet,
    Speedrun,
)
from bakeoff.pipelines.neural.networks.alexnet import build_alexnet, build_small_alexnet
from bakeoff.pipelines.neural.networks.convnet import build_convnet
from bakeoff.pipelines.neural.networks.local import build_local_perceptron
from bakeoff.pipelines.neural.networks.mlp import build_perceptron
from bakeoff.pipelines.neural.networks.pixels import Standardize
from bakeoff.pipelines.neural.networks.speedrun import PICTURES_FOR_WHITENING, PatchWhitening, build_speedrun


class Network(nn.Module):
    """Pixels 0..255, uint8 or float (n, channels, height, width), to logits (n, n_classes)."""

    def __init__(self, pixels: Standardize, body: nn.Module) -> None:
        super().__init__()
        self.pixels = pixels
        self.body = body

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.body(self.pixels(images))
        return logits


def build_network(config: NeuralConfig, image_shape: tuple[int, int, int], n_classes: int, seed: int) -> Network:
    """A net with its first weights, drawn from `seed`; the global random state is left as it was.

    image_shape: (height, width, channels). Call `fit_to_pixels` before training.
    Raises ValueError if the architecture cannot take pictures of that shape.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Network(Standardize(image_shape[2]), _build_body(config, image_shape, n_classes))
    # Filters stored color by color within a position: convolutions run a quarter faster on a CPU. Others: no effect.
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def outline_network(config: NeuralConfig, image_shape: tuple[int, int, int], n_classes: int) -> Network:
    """The net on the device "meta": all shapes and no numbers, whatever its size."""
    with torch.device("meta"), _Undrawn():
        return build_network(config, image_shape, n_classes, seed=0)


def fit_to_pixels(network: Network, images: Tensor) -> None:
    """Fit what is computed from the training pictures before the first step, in place: the pixels' mean and spread,
    and a whitening layer's filters.

    images: uint8 (n, channels, height, width).
    """
    network.pixels.fit(images)
    for layer in network.modules():
        if isinstance(layer, PatchWhitening):
            layer.fit(network.pixels(images[:PICTURES_FOR_WHITENING]))


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


def _build_body(config: NeuralConfig, image_shape: tuple[int, int, int], n_classes: int) -> nn.Module:
    height, width, channels = image_shape
    match config.architecture:
        case Perceptron() as perceptron:
            return build_perceptron(perceptron, height * width * channels, n_classes)
        case LocalPerceptron() as local:
            return build_local_perceptron(local, image_shape, n_classes)
        case AlexNet() as alexnet:
            return build_alexnet(alexnet, image_shape, n_classes)
        case SmallAlexNet() as small_alexnet:
            return build_small_alexnet(small_alexnet, image_shape, n_classes)
        case Speedrun() as speedrun:
            return build_speedrun(speedrun, image_shape, n_classes)
        case ConvNet() as convnet:
            return build_convnet(convnet, image_shape, n_classes)
