"""`bakeoff.pipelines`, with one small experiment more: nets that keep every kind of state and draw every number."""

import sys

from bakeoff.pipelines.__main__ import main
from bakeoff.pipelines.neural.config import EXPERIMENTS, Augmentation, NeuralConfig, Optimizer
from bakeoff.pipelines.neural.networks.convolutional import SmallAlexNet
from bakeoff.pipelines.neural.networks.perceptrons import Perceptron

BUSY = Augmentation(flip="alternating", crop=1)
PERCEPTRON = NeuralConfig(
    architecture=Perceptron((16,), normalization="batch", dropout=0.2),
    optimizers=(Optimizer("sgd", 0.02), Optimizer("adamw", 1e-3)),
    augmentation=BUSY,
    epochs=3,
    batch_size=16,
)
CONVOLUTIONS = NeuralConfig(
    architecture=SmallAlexNet((4, 4, 4), 8),
    optimizers=(Optimizer("sgd", 0.02),),
    augmentation=BUSY,
    epochs=2,
    batch_size=16,
)
EXPERIMENTS["busy-perceptron"] = ("Test", PERCEPTRON)
EXPERIMENTS["busy-convolutions"] = ("Test", CONVOLUTIONS)

if __name__ == "__main__":
    sys.exit(main())
