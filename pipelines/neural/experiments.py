"""The named experiments of the end-to-end side: name -> (title, configuration)."""

from __future__ import annotations

from dataclasses import replace

from pipelines.neural.config import (
    NeuralConfig,
    Perceptron,
)

MLP = NeuralConfig()

EXPERIMENTS: dict[str, tuple[str, NeuralConfig]] = {
    "linear-pixels": ("Linear classifier on pixels", replace(MLP, architecture=Perceptron(widths=()))),
    "mlp-2": ("Two-layer perceptron", replace(MLP, architecture=Perceptron(widths=(1536,)))),
    "mlp": ("Multi-layer perceptron", MLP),
}
