"""Multi-layer perceptron on pixels, W3 max(0, W2 max(0, W1 x))."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

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
