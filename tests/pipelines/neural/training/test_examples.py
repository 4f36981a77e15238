from dataclasses import replace

import numpy as np
import pytest
import torch

from bakeoff.datasets.dataset import Split
from bakeoff.pipelines.neural.config import ALEXNET, CONVNET, EXPERIMENTS, MLP, SPEEDRUN, NeuralConfig
from bakeoff.pipelines.neural.training.examples import Plan, fit_to, plan_steps, to_examples

CIFAR = (32, 32, 3)


@pytest.mark.parametrize("n_channels", [1, 3])
def test_examples_are_a_copy_of_pictures_that_cannot_be_written_to(n_channels):
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 6, n_channels), dtype=np.uint8)
    images.flags.writeable = False
    examples = to_examples(Split(images, np.arange(5)), 5, torch.device("cpu"))
    np.testing.assert_array_equal(examples.images.numpy(), images.transpose(0, 3, 1, 2))
    assert not np.shares_memory(examples.images.numpy(), images)


@pytest.mark.parametrize(
    ("n_images", "changes", "plan"),
    [
        (45_000, {}, Plan(512, 87 * 36, 36, 87)),
        (3600, {}, Plan(256, 14 * 36, 36, 14)),
        (360, {}, Plan(16, 22 * 36, 36, 22)),
        (10, {}, Plan(10, 36, 36, 1)),
        (360, {"least_steps": 1000}, Plan(16, 1000, 36, 22)),  # 45 passes for 36
        (3600, {"least_steps": 1000}, Plan(128, 28 * 36, 36, 28)),  # a smaller batch is enough
        (45_000, {"least_steps": 1000}, Plan(512, 87 * 36, 36, 87)),
        (45_000, {"steps": 200}, Plan(512, 200, 2, 87)),
        (45_000, {"steps": 5}, Plan(512, 5, 1, 87)),  # a part of one pass
    ],
)
def test_small_data_gets_small_minibatches_and_more_passes(n_images, changes, plan):
    assert plan_steps(n_images, NeuralConfig(epochs=36, batch_size=512, **changes)) == plan


def test_epochs_share_the_steps_equally():
    plan = Plan(16, 1000, 36, 22)
    assert sum(plan.steps_of(epoch) for epoch in range(36)) == plan.first_step(36) == 1000
    assert {plan.steps_of(epoch) for epoch in range(36)} == {27, 28}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_on_cifar_10_every_recipe_is_the_published_one(name):
    config = EXPERIMENTS[name][1]
    steps = 45_000 // config.batch_size * config.epochs
    assert fit_to(config, 45_000, CIFAR) == replace(config, steps=steps)


def test_lengths_grow_with_the_shorter_side():
    large = fit_to(ALEXNET, 45_000, (128, 160, 3))
    assert (large.augmentation.crop, large.shift_averaging) == (16, 4)
    small = fit_to(MLP, 45_000, (8, 8, 1))
    assert (small.augmentation.crop, small.shift_averaging) == (1, 1)  # half a pixel would be none


def test_rates_of_sgd_fall_with_the_batch_and_those_of_adamw_stay():
    fitted = fit_to(SPEEDRUN, 3600, CIFAR)
    assert (fitted.batch_size, fitted.optimizers[0].learning_rate) == (64, pytest.approx(1.5 / 16))
    assert fit_to(CONVNET, 300, CIFAR).optimizers == CONVNET.optimizers


@pytest.mark.parametrize("config", [ALEXNET, CONVNET, SPEEDRUN])
@pytest.mark.parametrize("n_pictures", [60, 300, 3000])
def test_small_sets_get_enough_steps(config, n_pictures):
    assert fit_to(config, n_pictures, CIFAR).steps >= config.least_steps >= 400


@pytest.mark.parametrize("budget", [70, 10**5])
def test_a_budget_of_steps_is_spent_exactly_and_leaves_batch_and_rates(budget):
    recipe = fit_to(SPEEDRUN, 300, CIFAR)
    assert fit_to(SPEEDRUN, 300, CIFAR, budget_steps=budget) == replace(recipe, steps=budget)


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.parametrize("budget", [None, 70])
def test_fitting_again_changes_nothing(name, budget):
    once = fit_to(EXPERIMENTS[name][1], 700, (128, 96, 3), budget)
    assert fit_to(once, 700, (128, 96, 3)) == once


def test_what_was_fitted_is_trained_as_planned():
    for n_pictures in (10, 300, 3600):
        plan, fitted = plan_steps(n_pictures, CONVNET), fit_to(CONVNET, n_pictures, CIFAR)
        assert plan_steps(n_pictures, fitted) == plan
