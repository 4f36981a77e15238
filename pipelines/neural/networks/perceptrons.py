"""Perceptrons on pixels: fully connected layers, W3 max(0, W2 max(0, W1 x)); and local receptive fields, which are
what is left of a convolutional net without shared weights: each unit sees a window of the picture, and every place has
weights of its own.

Source: locally connected layers, LeCun, "Generalization and network design strategies", 1989; how far they go on
CIFAR-10: Neyshabur, "Towards learning convolutions from scratch", NeurIPS 2020.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from bakeoff.pipelines.neural.networks.build import Architecture

Activation = Literal["relu", "leaky-relu", "elu", "gelu", "sigmoid", "tanh", "maxout"]


class Maxout(nn.Module):
    """The larger of each two neighboring units: (n, 2 * d) -> (n, d). Source: Goodfellow et al. 2013."""

    def forward(self, units: Tensor) -> Tensor:
        return units.unflatten(1, (-1, 2)).amax(dim=2)  # (n, d, 2) -> (n, d)


ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": partial(nn.LeakyReLU, 0.01),
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "maxout": Maxout,
}


@dataclass(frozen=True)
class Perceptron(Architecture):
    """Fully connected layers on the pixels: W3 max(0, W2 max(0, W1 x)) for two widths and ReLU."""

    widths: tuple[int, ...] = (1024, 1024, 1024)  # units of each hidden layer; () is a linear classifier
    activation: Activation = "relu"
    normalization: Literal["none", "batch", "layer"] = "batch"  # between the product and the activation
    dropout: float = 0.0  # share of hidden units set to zero while training

    def build(self, image_shape: tuple[int, int, int], n_classes: int) -> nn.Sequential:
        """Hidden layers of product, normalization, activation and dropout, then the product that gives the logits."""
        layers, n_inputs = list[nn.Module]([nn.Flatten()]), math.prod(image_shape)
        for width in self.widths:
            units = 2 * width if self.activation == "maxout" else width
            bias = self.normalization == "none"  # a normalization has its own shift
            layers.append(initialize(nn.Linear(n_inputs, units, bias=bias), self.activation))
            if self.normalization != "none":
                layers.append(nn.BatchNorm1d(units) if self.normalization == "batch" else nn.LayerNorm(units))
            layers += [ACTIVATIONS[self.activation](), *([nn.Dropout(self.dropout)] if self.dropout else [])]
            n_inputs = width
        return nn.Sequential(*layers, initialize(nn.Linear(n_inputs, n_classes), None))


def initialize(layer: nn.Linear, activation: Activation | None) -> nn.Linear:
    """Normal weights that keep the size of the signal from layer to layer, and biases of 0; in place.

    activation: what follows the layer; None for the layer that gives the logits.
    The variance: rectifiers lose half of the power, so 2 / fan_in (He 2015; leaky by 0.01: 2 / (1 + 0.01^2) / fan_in);
    tanh and sigmoid are near linear at 0, so 2 / (fan_in + fan_out), times 4^2 for the sigmoid's slope of 1/4
    (Glorot, Bengio 2010); the larger of two equal normal values has the power of one, so maxout takes 1 / fan_in.
    """
    he, xavier = 2 / layer.in_features, 2 / (layer.in_features + layer.out_features)
    variances = {"leaky-relu": 2 / (1 + 0.01**2) / layer.in_features, "tanh": xavier, "sigmoid": 16 * xavier}
    variance = he / 2 if activation in (None, "maxout") else variances.get(activation or "", he)
    nn.init.normal_(layer.weight, 0.0, math.sqrt(variance))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


WINDOW = 3  # side of the windows of all layers but the first


class LocalLayer(nn.Module):
    """Maps (n, height, width, channels) to (n, rows, columns, units): each place's own product with its window.

    weight: float32 (rows * columns, window * window * channels, units). No bias: batch norm follows.
    """

    def __init__(self, map_shape: tuple[int, int, int], window: int, stride: int, units: int) -> None:
        super().__init__()
        height, width, channels = map_shape
        self.window, self.stride = window, stride
        self.output_shape = (height - window) // stride + 1, (width - window) // stride + 1, units
        n_inputs = window * window * channels
        self.weight = nn.Parameter(torch.empty(math.prod(self.output_shape[:2]), n_inputs, units))
        nn.init.normal_(self.weight, 0.0, math.sqrt(2 / n_inputs))  # He's, for the rectifier that follows

    def forward(self, maps: Tensor) -> Tensor:
        windows = maps.unfold(1, self.window, self.stride).unfold(2, self.window, self.stride)
        by_place = windows.permute(1, 2, 0, 4, 5, 3).reshape(len(self.weight), maps.shape[0], -1)  # (places, n, inputs)
        outputs = torch.bmm(by_place, self.weight)  # (places, n, units)
        return outputs.transpose(0, 1).reshape(maps.shape[0], *self.output_shape)


class ChannelsLast(nn.Module):
    """(n, channels, height, width) -> (n, height, width, channels)."""

    def forward(self, images: Tensor) -> Tensor:
        return images.permute(0, 2, 3, 1)


@dataclass(frozen=True)
class LocalPerceptron(Architecture):
    """Units that see a window of the picture, each place with weights of its own: no convolution, nothing shared."""

    least_side: ClassVar[int] = 16  # windows of 4 x 4, 2 apart
    widths: tuple[int, ...] = (48, 96, 192)  # units at each place of the local layers
    hidden: int = 1024  # units of the fully connected layer
    dropout: float = 0.25  # before and after it

    def build(self, image_shape: tuple[int, int, int], n_classes: int) -> nn.Sequential:
        """Local layers, a fully connected one, logits. Windows of a quarter of the picture's side, an eighth apart,
        then of 3 x 3 places."""
        side = min(image_shape[:2])
        blocks: list[nn.Module] = []
        shape, window, stride = image_shape, side // 4, side // 8
        for units in self.widths:
            layer = LocalLayer(shape, window, stride, units)
            shape, window, stride = layer.output_shape, WINDOW, 1
            norm = nn.BatchNorm1d(math.prod(shape))  # with a gain for every unit of every place
            blocks += [layer, nn.Flatten(), norm, nn.ReLU(), nn.Unflatten(1, shape)]
        hidden, leave = nn.Linear(math.prod(shape), self.hidden, bias=False), nn.Linear(self.hidden, n_classes)
        initialize(hidden, "relu")
        initialize(leave, None)
        return nn.Sequential(
            ChannelsLast(), *blocks, nn.Flatten(), nn.Dropout(self.dropout),
            hidden, nn.BatchNorm1d(self.hidden), nn.ReLU(), nn.Dropout(self.dropout), leave,
        )  # fmt: skip
