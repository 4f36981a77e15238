"""Multi-layer perceptron on pixels, W3 max(0, W2 max(0, W1 x))."""

from __future__ import annotations

from torch import Tensor, nn

from bakeoff.pipelines.neural.config import Activation, Normalization, Perceptron
from bakeoff.pipelines.neural.networks.initialization import initialize


class Maxout(nn.Module):
    """The larger of each two neighboring units: (n, 2 * d) -> (n, d). Source: Goodfellow et al. 2013."""

    def forward(self, units: Tensor) -> Tensor:
        return units.unflatten(1, (-1, 2)).amax(dim=2)  # (n, d, 2) -> (n, d)


def build_perceptron(config: Perceptron, n_inputs: int, n_classes: int) -> nn.Sequential:
    """Hidden layers of product, normalization, activation and dropout, then the product that gives the logits."""
    layers: list[nn.Module] = [nn.Flatten()]
    for width in config.widths:
        layers += _hidden_layer(config, n_inputs, width)
        n_inputs = width
    layers.append(_linear(n_inputs, n_classes, None, config, bias=True))
    return nn.Sequential(*layers)


def _hidden_layer(config: Perceptron, n_inputs: int, width: int) -> list[nn.Module]:
    units = 2 * width if config.activation == "maxout" else width
    bias = config.normalization == "none"  # a normalization has its own shift
    layers: list[nn.Module] = [_linear(n_inputs, units, config.activation, config, bias=bias)]
    layers += _normalization(config.normalization, units)
    layers.append(_activation(config.activation))
    return [*layers, nn.Dropout(config.dropout)] if config.dropout else layers


def _linear(n_inputs: int, units: int, follows: Activation | None, config: Perceptron, bias: bool) -> nn.Linear:
    layer = nn.Linear(n_inputs, units, bias=bias)
    initialize(layer, follows, config.initialization)
    return layer


def _normalization(name: Normalization, units: int) -> list[nn.Module]:
    match name:
        case "none":
            return []
        case "batch":
            return [nn.BatchNorm1d(units)]
        case "layer":
            return [nn.LayerNorm(units)]


def _activation(name: Activation) -> nn.Module:
    match name:
        case "relu":
            return nn.ReLU()
        case "leaky-relu":
            return nn.LeakyReLU(0.01)
        case "elu":
            return nn.ELU()
        case "gelu":
            return nn.GELU()
        case "sigmoid":
            return nn.Sigmoid()
        case "tanh":
            return nn.Tanh()
        case "maxout":
            return Maxout()
