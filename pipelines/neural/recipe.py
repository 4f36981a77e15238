"""Recipes that follow the data: a configuration's lengths, rates and steps for pictures of this size and number."""

from __future__ import annotations

from dataclasses import replace

from bakeoff.pipelines.neural.config import NeuralConfig, Optimizer
from bakeoff.pipelines.neural.training.examples import plan_steps


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
