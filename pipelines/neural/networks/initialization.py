"""Weight initialization of a fully connected layer: the right spread for its activation, or a wrong one by name."""

from __future__ import annotations

import math
from typing import Literal

from torch import nn

Activation = Literal["relu", "leaky-relu", "elu", "gelu", "sigmoid", "tanh", "maxout"]
Initialization = Literal["matched", "he", "xavier", "too-small", "too-large", "zero"]
TOO_SMALL, TOO_LARGE = 1e-3, 1.0  # signals die out, or saturate and explode, within three layers of 1000 units


def initialize(layer: nn.Linear, activation: Activation | None, initialization: Initialization) -> None:
    """Fill the weights with normal noise of the deviation named, the bias with zeros, in place.

    activation: what follows the layer; None for the layer that gives the logits.
    """
    nn.init.normal_(layer.weight, 0.0, deviation(layer.in_features, layer.out_features, activation, initialization))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def deviation(fan_in: int, fan_out: int, activation: Activation | None, initialization: Initialization) -> float:
    """Standard deviation of the first weights of a layer of `fan_in` inputs and `fan_out` outputs.

    "matched" keeps the size of the signal from layer to layer:
    rectifiers lose half of the power, so 2 / fan_in (He 2015; leaky by 0.01: 2 / (1 + 0.01^2) / fan_in);
    tanh and sigmoid are near linear at 0, so 2 / (fan_in + fan_out), times 4^2 for the sigmoid's slope of 1/4
    (Glorot, Bengio 2010); the larger of two equal normal values has the power of one, so maxout takes 1 / fan_in.
    """
    he, xavier = 2 / fan_in, 2 / (fan_in + fan_out)
    matched = {
        "relu": he,
        "elu": he,
        "gelu": he,
        "leaky-relu": 2 / (1 + 0.01**2) / fan_in,
        "tanh": xavier,
        "sigmoid": 16 * xavier,
    }.get(activation or "", he / 2)
    wrong = {"too-small": TOO_SMALL**2, "too-large": TOO_LARGE**2, "zero": 0.0}
    return math.sqrt({"matched": matched, "he": he, "xavier": xavier, **wrong}[initialization])
