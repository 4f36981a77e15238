from __future__ import annotations

import pytest
import torch

from bakeoff.pipelines.neural.networks.standardize import Standardize


@pytest.fixture
def images() -> torch.Tensor:
    smooth = torch.randn(600, 3, 6, 6, generator=torch.Generator().manual_seed(0)).cumsum(2).cumsum(3)
    return (smooth * 8 + 120).clamp(0, 255).to(torch.uint8)


def test_standardized_pixels_have_zero_mean_and_unit_deviation_in_each_color(images):
    pixels = Standardize(3)
    pixels.fit(images)
    values = pixels(images).double()
    torch.testing.assert_close(values.mean(dim=(0, 2, 3)), torch.zeros(3).double(), atol=1e-6, rtol=0)
    torch.testing.assert_close(values.std(dim=(0, 2, 3), correction=0), torch.ones(3).double(), atol=1e-6, rtol=0)


def test_standardize_by_hand():
    pixels = Standardize(1)
    pixels.fit(torch.tensor([0, 10], dtype=torch.uint8).view(2, 1, 1, 1))
    assert pixels(torch.tensor([[[[15.0]]]])).item() == 2.0


def test_a_color_that_never_changes_becomes_zero():
    constant = torch.full((4, 1, 2, 2), 7, dtype=torch.uint8)
    pixels = Standardize(1)
    pixels.fit(constant)
    assert pixels(constant).abs().max() == 0
