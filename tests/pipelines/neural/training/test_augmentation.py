import numpy as np
import pytest
import torch
from scipy import stats

from bakeoff.pipelines.neural.config import Augmentation
from bakeoff.pipelines.neural.training import minibatches
from bakeoff.tests.reference import augmentation_loops as loops


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(0, 256, (17, 3, 9, 12), generator=generator(), dtype=torch.uint8)


def test_shift_by_hand_mirrors_the_border_without_repeating_it():
    row = torch.tensor([10, 20, 30, 40], dtype=torch.uint8).view(1, 1, 1, 4).expand(2, 1, 1, 4)
    moved = minibatches.shift(row, torch.tensor([[0, 2], [0, -2]]))
    assert moved.flatten(1).tolist() == [[30, 40, 30, 20], [30, 20, 10, 20]]


def test_shift_equals_pad_and_crop(images):
    shifts = minibatches.draw_shifts(17, 4, generator(1))
    np.testing.assert_array_equal(minibatches.shift(images, shifts), loops.shift(images.numpy(), shifts.numpy()))


def test_flip_equals_the_loop_and_twice_is_nothing(images):
    mirrored = torch.rand(17, generator=generator(2)) < 0.5
    once = minibatches.flip(images, mirrored)
    np.testing.assert_array_equal(once, loops.flip(images.numpy(), mirrored.numpy()))
    assert torch.equal(minibatches.flip(once, mirrored), images)


def test_shifts_reach_every_place_equally_often():
    shifts = minibatches.draw_shifts(9000, 1, generator(7))
    counts = np.unique(shifts.numpy(), axis=0, return_counts=True)[1]
    assert len(counts) == 9
    assert stats.chisquare(counts).pvalue > 1e-3


def test_alternating_flips_show_each_picture_both_ways_in_two_epochs():
    settings = Augmentation(flip="alternating")
    masks = [minibatches.draw_flips(settings, 500, epoch, generator(8), generator(epoch)) for epoch in range(4)]
    assert torch.equal(masks[0], ~masks[1])
    assert torch.equal(masks[0], masks[2])
    assert 200 < masks[0].sum() < 300


def test_random_flips_differ_between_epochs():
    settings = Augmentation(flip="random")
    masks = [minibatches.draw_flips(settings, 500, epoch, generator(8), generator(epoch)) for epoch in range(2)]
    assert 150 < (masks[0] ^ masks[1]).sum() < 350


def test_everything_off_leaves_the_pictures_alone(images):
    settings = Augmentation(flip="none", crop=0)
    assert minibatches.draw_flips(settings, 17, 0, generator(), generator()) is None
    assert minibatches.draw_shifts(17, settings.crop, generator()) is None
    assert minibatches.augment(images, None, None) is images


def test_augment_crops_then_flips(images):
    mirrored, shifts = torch.arange(17) % 2 == 0, minibatches.draw_shifts(17, 2, generator(9))
    expected = loops.flip(loops.shift(images.numpy(), shifts.numpy()), mirrored.numpy())
    np.testing.assert_array_equal(minibatches.augment(images, mirrored, shifts), expected)
