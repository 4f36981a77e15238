"""Cost model: floating-point operations of a net and of its training, before anything is trained.

Counted are matrix products and convolutions, two operations for each multiplication with its addition, by torch's own
counter on a net of shapes without numbers: milliseconds, whatever the net. Divided by the rate that this machine
reaches in the first steps, it is the processor time to expect.
"""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from bakeoff.pipelines.neural.config import NeuralConfig
from bakeoff.pipelines.neural.networks.build import outline_network
from bakeoff.pipelines.neural.training.examples import plan_steps


def count_flops(
    config: NeuralConfig, image_shape: tuple[int, int, int], n_classes: int, *, training: bool = False
) -> int:
    """Of one picture's way through the net; with `training`, there and back.

    Raises ValueError if the architecture cannot take pictures of that shape.
    """
    height, width, n_channels = image_shape
    network = outline_network(config, image_shape, n_classes).eval()
    images = torch.empty(1, n_channels, height, width, device="meta")
    with torch.set_grad_enabled(training), FlopCounterMode(display=False) as counter:
        logits = network(images)
        if training:
            logits.sum().backward()
    return int(counter.get_total_flops())


def expected_cost(
    config: NeuralConfig, n_train: int, image_shape: tuple[int, int, int], n_classes: int, n_validation: int = 0
) -> int:
    """Floating-point operations of a whole training, with its looks at the validation pictures.

    config: a recipe, or what `recipe.fit_to` made of it.   n_train, n_validation: pictures.
    >>> from bakeoff.pipelines.neural.experiments import CONVNET
    >>> f"{expected_cost(CONVNET, 3600, (32, 32, 3), n_classes=18):.1e}"
    '3.3e+12'
    """
    plan = plan_steps(n_train, config)
    there_and_back = count_flops(config, image_shape, n_classes, training=True)
    there = count_flops(config, image_shape, n_classes)
    a_training = plan.n_steps * plan.batch_size * there_and_back + plan.epochs * n_validation * there
    return len(config.optimizers) * a_training
