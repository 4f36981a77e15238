from dataclasses import replace

import numpy as np
import pytest
import torch

from bakeoff.datasets.dataset import Split
from bakeoff.pipelines.neural.config import ALEXNET, CONVNET, EXPERIMENTS, MLP, SPEEDRUN, Augmentation, NeuralConfig
from bakeoff.pipelines.neural.distributed import Processes
from bakeoff.pipelines.neural.training.minibatches import (
    Examples,
    Minibatches,
    StepPlan,
    fit_to,
    plan_steps,
    to_examples,
)

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
        (45_000, {}, StepPlan(512, 87 * 36, 36, 87)),
        (3600, {}, StepPlan(256, 14 * 36, 36, 14)),
        (360, {}, StepPlan(16, 22 * 36, 36, 22)),
        (10, {}, StepPlan(10, 36, 36, 1)),
        (360, {"least_steps": 1000}, StepPlan(16, 1000, 36, 22)),  # 45 passes for 36
        (3600, {"least_steps": 1000}, StepPlan(128, 28 * 36, 36, 28)),  # a smaller batch is enough
        (45_000, {"least_steps": 1000}, StepPlan(512, 87 * 36, 36, 87)),
        (45_000, {"steps": 200}, StepPlan(512, 200, 2, 87)),
        (45_000, {"steps": 5}, StepPlan(512, 5, 1, 87)),  # a part of one pass
    ],
)
def test_small_data_gets_small_minibatches_and_more_passes(n_images, changes, plan):
    assert plan_steps(n_images, NeuralConfig(epochs=36, batch_size=512, **changes)) == plan


def test_epochs_share_the_steps_equally():
    plan = StepPlan(16, 1000, 36, 22)
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


def numbered(n: int) -> Examples:
    """Pictures that are their own number, left half bright."""
    images = torch.arange(n, dtype=torch.uint8).view(n, 1, 1, 1).expand(n, 1, 2, 2).clone()
    images[..., 0] += 100
    return Examples(images, torch.arange(n) % 2, 2)


def seen(plan: StepPlan, epoch: int, flip: str = "none") -> list[torch.Tensor]:
    batches = Minibatches(numbered(10), plan, Augmentation(flip, crop=0), seed=0)
    return [images[:, 0, 0, :] for images, _ in batches.of_epoch(epoch)]


def test_an_epoch_of_several_passes_shows_every_picture_in_each():
    steps = seen(StepPlan(5, 4, 1, 2), 0)
    assert [len(step) for step in steps] == [5, 5, 5, 5]
    for first, second in (steps[:2], steps[2:]):
        assert sorted(torch.cat([first, second])[:, 1].tolist()) == list(range(10))
    assert not torch.equal(steps[0], steps[2])


def test_an_epoch_may_end_within_a_pass():
    plan = StepPlan(5, 7, 2, 2)
    assert [len(seen(plan, epoch)) for epoch in (0, 1)] == [3, 4]


def test_alternating_flips_turn_over_with_every_pass():
    steps = torch.cat(seen(StepPlan(5, 4, 1, 2), 0, "alternating"))
    mirrored = {first: {} for first in range(2)}
    for position, (left, right) in enumerate(steps.tolist()):
        mirrored[position // 10][min(left, right)] = right > left
    assert all(mirrored[0][number] != mirrored[1][number] for number in range(10))


def test_the_shares_of_two_processes_make_up_the_minibatches_of_one():
    def batches(*processes: Processes) -> list[torch.Tensor]:
        examples = Examples(torch.arange(10 * 16, dtype=torch.uint8).view(10, 1, 4, 4), torch.arange(10) % 2, 2)
        made = [
            Minibatches(examples, StepPlan(4, 4, 1, 2), Augmentation("random", 1), 0, each).of_epoch(0)
            for each in processes
        ]
        return [torch.cat([images for images, _ in parts]) for parts in zip(*made, strict=True)]

    together, alone = batches(Processes(0, 2), Processes(1, 2)), batches(Processes())
    assert all(torch.equal(a, b) for a, b in zip(together, alone, strict=True))
