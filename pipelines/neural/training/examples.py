"""Training examples in one tensor, how an epoch cuts them into minibatches, and recipes that follow their number."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from bakeoff.datasets.dataset import Split
from bakeoff.pipelines.neural.config import NeuralConfig, Optimizer

LEAST_STEPS_A_PASS = 12  # fewer leave too few updates between two looks at the validation pictures
SMALLEST_BATCH = 16  # batch normalization gets noisy below


@dataclass(frozen=True)
class Examples:
    """images: uint8 (n, channels, height, width).   labels: int64 (n,).   Both on the device that trains."""

    images: Tensor
    labels: Tensor
    n_classes: int

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Plan:
    """n_steps: in all.   epochs: equal parts of them, each followed by a look at the validation pictures.

    n_steps_a_pass: minibatches in one pass over the training pictures; an epoch is a pass, or several on small data.
    """

    batch_size: int
    n_steps: int
    epochs: int
    n_steps_a_pass: int

    def first_step(self, epoch: int) -> int:
        """Of an epoch, from 0; of the number of epochs, all steps."""
        return self.n_steps * epoch // self.epochs

    def steps_of(self, epoch: int) -> int:
        return self.first_step(epoch + 1) - self.first_step(epoch)


def plan_steps(n_images: int, config: NeuralConfig) -> Plan:
    """Minibatches of `config.batch_size`, halved on small data until a pass has 12 steps, and all `config.epochs`
    passes together `config.least_steps` (but never under 16 pictures); then more passes, until there are so many.

    With `config.steps`, so many exactly. What is left over after the last whole minibatch of a pass waits for the next
    one's new order.
    """
    batch_size, wanted = config.batch_size, max(LEAST_STEPS_A_PASS, config.least_steps / config.epochs)
    while batch_size // 2 >= SMALLEST_BATCH and n_images // batch_size < wanted:
        batch_size //= 2
    batch_size = min(batch_size, n_images)
    a_pass = n_images // batch_size
    n_steps = config.steps or max(a_pass * config.epochs, config.least_steps)
    return Plan(batch_size, n_steps, max(1, min(config.epochs, n_steps // a_pass)), a_pass)


def fit_to(
    config: NeuralConfig, n_pictures: int, image_shape: tuple[int, int, int], budget_steps: int | None = None
) -> NeuralConfig:
    """The configuration to train with; a recipe for 32 pixels and many pictures is left as it is, and so is what was
    fitted before.

    n_pictures: for training.   budget_steps: exactly so many, however many the recipe asks for; batch and rates stay
    those of the recipe on these pictures.
    Shifts grow with the shorter side. Where the batch was halved, learning rates of SGD and Muon fall in
    proportion, as the noise of their steps would rise (Goyal et al. 2017); AdamW's steps have one size whatever the
    batch.
    """
    plan, side = plan_steps(n_pictures, config), min(image_shape[:2])
    augmentation, growth = config.augmentation, side / config.side
    return replace(
        config,
        steps=budget_steps or plan.n_steps,
        side=side,
        batch_size=plan.batch_size,
        optimizers=tuple(_at_batch(each, plan.batch_size / config.batch_size) for each in config.optimizers),
        augmentation=replace(augmentation, crop=_grown(augmentation.crop, growth)),
        shift_averaging=_grown(config.shift_averaging, growth),
    )


def _grown(pixels: int, growth: float) -> int:
    """At least 1, for 0 means off."""
    return max(1, round(pixels * growth)) if pixels else 0


def _at_batch(optimizer: Optimizer, share: float) -> Optimizer:
    return optimizer if optimizer.name == "adamw" else replace(optimizer, learning_rate=share * optimizer.learning_rate)


def to_examples(split: Split, n_classes: int, device: torch.device) -> Examples:
    """One uint8 tensor (n, channels, height, width) in the device's memory, and the labels."""
    images = torch.from_numpy(np.array(split.images.transpose(0, 3, 1, 2), order="C"))  # a copy, also of gray pictures
    return Examples(images.to(device), torch.from_numpy(split.labels).to(device), n_classes)
