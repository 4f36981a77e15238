"""Inspection of a net of our own engine: its first weights as pictures, and the activations of its hidden layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from bakeoff.pipelines.backprop.functions import Layers, mlp_scores

MOST_TEMPLATES = 64  # first-layer weights shown; more would be too small to see
MOST_PICTURES = 1000  # that the statistics need


def strongest_templates(weights: np.ndarray, image_shape: tuple[int, int, int]) -> np.ndarray:
    """The columns of the first layer as pictures, strongest first: float32 (at most 64, height, width, channels)."""
    strongest = np.argsort(-np.linalg.norm(weights, axis=0), kind="stable")[:MOST_TEMPLATES]
    return np.ascontiguousarray(weights[:, strongest].T).reshape(-1, *image_shape)


def layer_statistics(layers: Layers, inputs: np.ndarray) -> list[dict[str, Any]]:
    """One row for each hidden layer, in order: layer, activation, units, mean and deviation of its outputs, dead_share
    (units that give the same value, to 1e-6, for every picture: they no longer learn) and zero_share (outputs that
    are 0).

    inputs: float32 (n, d), standardized pixels.
    """
    rows = []
    for number in range(1, len(layers)):
        outputs = np.maximum(np.asarray(mlp_scores(layers[:number], inputs)), 0)
        rows.append(
            {
                "layer": f"hidden {number}",
                "activation": "ReLU",
                "units": outputs.shape[1],
                "mean": float(outputs.mean()),
                "deviation": float(outputs.std()),
                "dead_share": float((np.ptp(outputs, axis=0) <= 1e-6).mean()),
                "zero_share": float((outputs == 0).mean()),
            }
        )
    return rows
