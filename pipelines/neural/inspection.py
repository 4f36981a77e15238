"""Inspection of a trained net: its first weights as pictures, and the activations of its layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.datasets.splits import evenly_spread
from bakeoff.pipelines.neural.networks.local import LocalLayer
from bakeoff.pipelines.neural.networks.mlp import Maxout

MOST_TEMPLATES = 64  # more would be too small to see
MOST_PICTURES = 1000
ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.Sigmoid, nn.Tanh, Maxout)
SATURATED = {nn.Sigmoid: (0.01, 0.99), nn.Tanh: (-0.98, 0.98)}  # beyond, the slope is under 4 % of its most


def first_layer_weights(body: nn.Module, image_shape: tuple[int, int, int]) -> np.ndarray:
    """The weights of the layer that looks at the pixels, as pictures: float32 (n, height, width, channels).

    A fully connected layer gives pictures of the input's shape, a convolution its filters, a local layer windows. The
    strongest 64, by L2 norm, strongest first.
    """
    height, width, channels = image_shape
    layer = next(m for m in body.modules() if isinstance(m, nn.Linear | nn.Conv2d | LocalLayer))
    weights = layer.weight.detach().float().cpu()
    if isinstance(layer, nn.Linear):
        weights = weights.view(-1, channels, height, width)
    elif isinstance(layer, LocalLayer):  # (places, inputs, units), inputs by row, column, channel
        windows = weights.transpose(1, 2).reshape(-1, layer.window, layer.window, layer.channels)
        weights = windows.permute(0, 3, 1, 2)
    strongest = weights.flatten(1).norm(dim=1).argsort(descending=True, stable=True)[:MOST_TEMPLATES]
    return weights[strongest].permute(0, 2, 3, 1).contiguous().numpy()


@torch.inference_mode()
def layer_statistics(network: nn.Module, images: Tensor) -> list[dict[str, Any]]:
    """One row for each activation of the net, in order, over at most 1000 pictures, evenly spread.

    images: uint8 (n, channels, height, width). A unit is one output of a layer, or one channel of a convolution.
    Each row: layer, activation, units, mean and deviation of the outputs, dead_share (units that give the same value,
    to 1e-6, for every picture: they no longer learn) and zero_share (outputs that are 0) or, for sigmoid and tanh,
    saturated_share (outputs where the slope is nearly gone).
    """
    rows: list[dict[str, Any]] = []

    def record(name: str, kind: type[nn.Module], output: Tensor) -> None:
        rows.append({"layer": name, "activation": kind.__name__} | _statistics(kind, output.float()))

    hooks = []
    for name, module in network.named_modules():
        if isinstance(module, ACTIVATIONS):
            hooks.append(module.register_forward_hook(lambda m, _, output, name=name: record(name, type(m), output)))
    was_training = network.training
    try:
        network.eval()(images[torch.from_numpy(evenly_spread(len(images), MOST_PICTURES))])
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    return rows


def _statistics(kind: type[nn.Module], output: Tensor) -> dict[str, Any]:
    units = output.transpose(0, 1).flatten(1)  # (units, pictures * positions)
    spread = units.amax(dim=1) - units.amin(dim=1)
    row = {
        "units": units.shape[0],
        "mean": units.mean().item(),
        "deviation": units.std().item(),
        "dead_share": (spread <= 1e-6).double().mean().item(),
    }
    if kind in SATURATED:
        low, high = SATURATED[kind]
        return row | {"saturated_share": ((units < low) | (units > high)).double().mean().item()}
    return row | {"zero_share": (units == 0).double().mean().item()}
