from __future__ import annotations

from dataclasses import replace

import pytest

from bakeoff.pipelines.neural.experiments import ALEXNET, CONVNET, EXPERIMENTS, MLP, SPEEDRUN
from bakeoff.pipelines.neural.recipe import fit_to
from bakeoff.pipelines.neural.training.examples import plan_steps

CIFAR = (32, 32, 3)


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
