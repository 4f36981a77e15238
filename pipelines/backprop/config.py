"""Every setting of a run with our own engine: one frozen value, with a unit or a reason for each field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class BackpropConfig:
    """W3 max(0, W2 max(0, W1 x + b1) + b2) + b3 on standardized pixels, for two widths."""

    widths: tuple[int, ...] = (512, 256)  # units of each hidden layer; () is a linear classifier
    epochs: int = 20  # of the plain net; more only fits the training pictures closer
    batch_size: int = 128
    optimizer: Literal["momentum", "adamw"] = "momentum"
    learning_rate: float = 0.02  # at the start; falls to 0 along half a cosine
    momentum: float = 0.9  # for "momentum"
    weight_decay: float = 0.01  # for "adamw": share of the weights taken off at each step, times the learning rate
    l2: float = 1e-3  # weight of half the sum of squared weights in the objective
    input_gradient_penalty: float = 0.0  # weight of the mean squared gradient with respect to the pixels
