"""The named experiments of our own engine: name -> (title, configuration).

mlp-numpy, CIFAR-10 (45,000 training pictures), seed 0: 55.4 % of the test pictures, in 111 processor seconds.
"""

from __future__ import annotations

from bakeoff.pipelines.backprop.config import BackpropConfig

EXPERIMENTS: dict[str, tuple[str, BackpropConfig]] = {
    "mlp-numpy": ("Multi-layer perceptron, our own back-propagation in numpy", BackpropConfig()),
}
