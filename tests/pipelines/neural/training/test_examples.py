from __future__ import annotations

import numpy as np
import pytest
import torch

from bakeoff.datasets.dataset import Split
from bakeoff.pipelines.neural.training.examples import to_examples


@pytest.mark.parametrize("n_channels", [1, 3])
def test_examples_are_a_copy_of_pictures_that_cannot_be_written_to(n_channels):
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 6, n_channels), dtype=np.uint8)
    images.flags.writeable = False
    examples = to_examples(Split(images, np.arange(5)), 5, torch.device("cpu"))
    np.testing.assert_array_equal(examples.images.numpy(), images.transpose(0, 3, 1, 2))
    assert not np.shares_memory(examples.images.numpy(), images)
