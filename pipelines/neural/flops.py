"""Cost model: floating-point operations of a net and of its training, before anything is trained.

Counted are matrix products and convolutions, two operations for each multiplication with its addition, by torch's own
counter on a net of shapes without numbers: milliseconds, whatever the net. Divided by the rate that this machine
reaches in the first steps, it is the processor time to expect.
"""

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from bakeoff.pipelines.neural.config import NeuralConfig
from bakeoff.pipelines.neural.networks.build import outline_network
from bakeoff.pipelines.neural.training.minibatches import plan_steps
from bakeoff.pipelines.neural.training.prediction import n_views


def count_flops(
    config: NeuralConfig, image_shape: tuple[int, int, int], n_classes: int, *, training: bool = False
) -> int:
    """Of one picture's way through the net; with `training`, there and back.

    Raises ValueError if the architecture cannot take pictures of that shape.
    """
    height, width, n_channels = image_shape
    network = outline_network(config.architecture, image_shape, n_classes).eval()
    images = torch.empty(1, n_channels, height, width, device="meta")
    with torch.set_grad_enabled(training), FlopCounterMode(display=False) as counter:
        logits = network(images)
        if training:
            logits.sum().backward()
    return int(counter.get_total_flops())


@dataclass(frozen=True)
class TrainingCost:
    """Floating-point operations of a training. a_step: of one minibatch.   looks: at the validation pictures, in all.

    scoring: of the pictures that are predicted at the end.
    """

    a_step: int
    n_steps: int
    looks: int
    scoring: int

    @property
    def total(self) -> int:
        return self.a_step * self.n_steps + self.looks + self.scoring


def expected_cost(
    config: NeuralConfig,
    n_train: int,
    image_shape: tuple[int, int, int],
    n_classes: int,
    *,
    n_validation: int = 0,
    n_scored: int = 0,
) -> TrainingCost:
    """Of all trainings that the configuration asks for.

    config: a recipe, or what `fit_to` made of it.   n_train, n_validation: pictures.
    n_scored: pictures predicted at the end, in all the views that the configuration averages over.
    >>> from bakeoff.pipelines.neural.config import CONVNET
    >>> f"{expected_cost(CONVNET, 3600, (32, 32, 3), n_classes=18).total:.1e}"
    '3.3e+12'
    """
    plan, n_trainings = plan_steps(n_train, config), len(config.optimizers)
    there_and_back = count_flops(config, image_shape, n_classes, training=True)
    there = count_flops(config, image_shape, n_classes)
    views = n_views(config.flip_averaging, config.shift_averaging)
    return TrainingCost(
        a_step=plan.batch_size * there_and_back,
        n_steps=n_trainings * plan.n_steps,
        looks=n_trainings * plan.epochs * n_validation * there,
        scoring=n_scored * views * there,
    )
