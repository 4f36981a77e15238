"""Multi-layer perceptron on pixels, W3 max(0, W2 max(0, W1 x))."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch import Tensor, nn

from bakeoff.pipelines.neural.networks.build import Architecture
from bakeoff.pipelines.neural.networks.initialization import Activation, Initialization, initialize

Normalization = Literal["none", "batch", "layer"]


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
    initialization: Initialization = "matched"  # He for the rectifiers, Xavier for sigmoid and tanh; or one by name
    normalization: Normalization = "batch"  # between the product and the activation
    dropout: float = 0.0  # share of hidden units set to zero while training

    def build(self, image_shape: tuple[int, int, int], n_classes: int) -> nn.Sequential:
        """Hidden layers of product, normalization, activation and dropout, then the product that gives the logits."""
        layers, n_inputs = list[nn.Module]([nn.Flatten()]), math.prod(image_shape)
        for width in self.widths:
            layers += _hidden_layer(self, n_inputs, width)
            n_inputs = width
        layers.append(_linear(n_inputs, n_classes, None, self, bias=True))
        return nn.Sequential(*layers)


def _hidden_layer(config: Perceptron, n_inputs: int, width: int) -> list[nn.Module]:
    units = 2 * width if config.activation == "maxout" else width
    bias = config.normalization == "none"  # a normalization has its own shift
    layers: list[nn.Module] = [_linear(n_inputs, units, config.activation, config, bias=bias)]
    if config.normalization != "none":
        layers.append(nn.BatchNorm1d(units) if config.normalization == "batch" else nn.LayerNorm(units))
    layers.append(ACTIVATIONS[config.activation]())
    return [*layers, nn.Dropout(config.dropout)] if config.dropout else layers


def _linear(n_inputs: int, units: int, follows: Activation | None, config: Perceptron, bias: bool) -> nn.Linear:
    layer = nn.Linear(n_inputs, units, bias=bias)
    initialize(layer, follows, config.initialization)
    return layer
