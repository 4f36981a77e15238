from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from bakeoff.pipelines.neural.config import Augmentation
from bakeoff.pipelines.neural.training.mixing import Mixing, draw_beta, draw_mixing, mix
from bakeoff.tests.reference import augmentation_loops as loops

MIXUP, CUTMIX = Augmentation(mixup=0.8), Augmentation(cutmix=1.0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(0, 256, (17, 3, 9, 12), generator=generator(), dtype=torch.uint8)


def mixed(images: torch.Tensor, mixing: Mixing) -> tuple[torch.Tensor, torch.Tensor]:
    targets = torch.eye(len(images))
    return mix(images, targets, images[mixing.partners], targets[mixing.partners], mixing)


def test_mixup_by_hand():
    pair = torch.tensor([100, 200], dtype=torch.uint8).view(2, 1, 1, 1)
    pictures, targets = mixed(pair, Mixing(torch.tensor([1, 0]), torch.tensor([0.75, 0.5])))
    assert pictures.flatten().tolist() == [125, 150]
    assert targets.tolist() == [[0.75, 0.25], [0.5, 0.5]]


def test_cutmix_by_hand():
    rows = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8]], dtype=torch.uint8).view(2, 1, 1, 4)
    boxes = torch.tensor([[0, 1, 1, 2], [0, 0, 0, 0]])  # one pixel of four; nothing
    pictures, targets = mixed(rows, Mixing(torch.tensor([1, 0]), torch.tensor([0.75, 1.0]), boxes))
    assert pictures.flatten(1).tolist() == [[1, 6, 3, 4], [5, 6, 7, 8]]
    assert targets.tolist() == [[0.75, 0.25], [0, 1]]
    assert pictures.dtype == torch.uint8


def test_mixup_equals_the_loop(images):
    mixing = draw_mixing(17, 9, 12, MIXUP, generator(4))
    expected = loops.mix(images.numpy(), np.eye(17, dtype=np.float32), mixing.partners.numpy(), mixing.shares.numpy())
    for ours, theirs in zip(mixed(images, mixing), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-4)  # of 255


def test_cutmix_equals_the_loop(images):
    mixing = draw_mixing(17, 9, 12, CUTMIX, generator(5))
    pictures, targets = mixed(images, mixing)
    expected = loops.paste(images.numpy(), np.eye(17), mixing.partners.numpy(), mixing.boxes.numpy())
    np.testing.assert_array_equal(pictures, expected[0])
    np.testing.assert_allclose(targets, expected[1], atol=1e-6)


@pytest.mark.parametrize("settings", [MIXUP, CUTMIX])
def test_targets_still_sum_to_one(images, settings):
    _, targets = mixed(images, draw_mixing(17, 9, 12, settings, generator(6)))
    torch.testing.assert_close(targets.sum(dim=1), torch.ones(17))


def test_boxes_lie_within_the_picture_and_cover_on_average_what_the_shares_leave():
    # Away from the border a box covers 1 - share up to rounding; cut off there, it covers less.
    mixing = draw_mixing(4000, 32, 32, CUTMIX, generator(7))
    boxes = mixing.boxes
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= 32).all()
    assert (boxes[:, :2] <= boxes[:, 2:]).all()
    drawn = draw_beta(4000, 1.0, _after_partners(7))
    inside = (boxes[:, :2] > 0).all(dim=1) & (boxes[:, 2:] < 32).all(dim=1)
    assert (mixing.shares[inside] - drawn[inside]).abs().mean() < 0.02
    assert (mixing.shares >= drawn - 0.07).all()


def _after_partners(seed: int) -> torch.Generator:
    draws = generator(seed)
    torch.randperm(4000, generator=draws)
    return draws


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_mixing_shares_follow_the_beta_distribution(alpha):
    mixing = draw_mixing(4000, 9, 12, Augmentation(mixup=alpha), generator(6))
    assert stats.kstest(mixing.shares.numpy(), stats.beta(alpha, alpha).cdf).pvalue > 1e-3
    assert sorted(mixing.partners.tolist()) == list(range(4000))


def test_with_both_set_a_coin_decides_for_each_minibatch():
    draws, both = generator(8), Augmentation(mixup=0.5, cutmix=0.5)
    n_pasted = sum(draw_mixing(4, 8, 8, both, draws).boxes is not None for _ in range(400))
    assert 150 < n_pasted < 250


def test_nothing_set_draws_nothing():
    draws = generator(9)
    before = draws.get_state()
    assert draw_mixing(4, 8, 8, Augmentation(), draws) is None
    assert torch.equal(draws.get_state(), before)
