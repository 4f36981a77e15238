"""The named experiments of our own engine: name -> (title, configuration)."""

from __future__ import annotations

from pipelines.backprop.config import BackpropConfig

EXPERIMENTS: dict[str, tuple[str, BackpropConfig]] = {
    "mlp-numpy": ("Multi-layer perceptron, our own back-propagation in numpy", BackpropConfig()),
}
