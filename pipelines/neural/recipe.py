"""Recipes that follow the data: a configuration's lengths, rates and steps for pictures of this size and number."""

from __future__ import annotations

from dataclasses import replace

from bakeoff.pipelines.neural.config import NeuralConfig, Optimizer
from bakeoff.pipelines.neural.training.examples import plan_steps

RECIPE_SIDE = 32  # pixels a side of the pictures that the recipes' lengths are for


def fit_to(
    config: NeuralConfig, n_pictures: int, image_shape: tuple[int, int, int], budget_steps: int | None = None
) -> NeuralConfig:
    """The configuration to train with; a recipe for 32 pixels and many pictures is left as it is.

    n_pictures: for training.   budget_steps: the most steps to take, however many the recipe asks for.
    Shifts and squares grow with the shorter side. Where the batch was halved, learning rates of SGD and Muon fall in
    proportion, as the noise of their steps would rise (Goyal et al. 2017); AdamW's steps have one size whatever the
    batch.
    """
    plan, side = plan_steps(n_pictures, config), min(image_shape[:2])
    n_steps = plan.n_steps if budget_steps is None else max(1, min(plan.n_steps, budget_steps))
    augmentation = config.augmentation
    return replace(
        config,
        steps=n_steps,
        batch_size=plan.batch_size,
        optimizers=tuple(_at_batch(each, plan.batch_size / config.batch_size) for each in config.optimizers),
        augmentation=replace(
            augmentation, crop=_at_side(augmentation.crop, side), cutout=_at_side(augmentation.cutout, side)
        ),
        shift_averaging=_at_side(config.shift_averaging, side),
    )


def _at_side(pixels: int, side: int) -> int:
    """At least 1, for 0 means off."""
    return max(1, round(pixels * side / RECIPE_SIDE)) if pixels else 0


def _at_batch(optimizer: Optimizer, share: float) -> Optimizer:
    return optimizer if optimizer.name == "adamw" else replace(optimizer, learning_rate=share * optimizer.learning_rate)
