from __future__ import annotations

import numpy as np
import pytest
import torch

from bakeoff.datasets.dataset import Split
from bakeoff.pipelines.neural.config import NeuralConfig
from bakeoff.pipelines.neural.training.examples import Plan, plan_steps, to_examples


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
