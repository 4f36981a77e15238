"""Signed power, L2 and intra-normalization."""

import pytest
import torch

from bakeoff.pipelines.classic.encoding.normalization import intra_normalize, l2_normalize, signed_power


def test_signed_root_by_hand():
    torch.testing.assert_close(signed_power(torch.tensor([-4.0, 0.0, 9.0])), torch.tensor([-2.0, 0.0, 3.0]))


def test_l2_gives_unit_rows_and_keeps_zero_rows():
    torch.testing.assert_close(
        l2_normalize(torch.tensor([[3.0, 4.0], [0.0, 0.0]])), torch.tensor([[0.6, 0.8], [0.0, 0.0]])
    )


def test_intra_normalization_makes_each_part_a_unit_vector():
    parts = intra_normalize(torch.tensor([[3.0, 4.0, 0.0, 0.0, 0.0, 2.0]]), 3)
    torch.testing.assert_close(parts, torch.tensor([[0.6, 0.8, 0.0, 0.0, 0.0, 1.0]]))


def test_intra_normalization_ignores_the_scale_of_a_part():
    encodings = torch.randn(4, 12)
    scaled = encodings * torch.tensor([5.0, 1.0, 0.1]).repeat_interleave(4)
    torch.testing.assert_close(intra_normalize(scaled, 3), intra_normalize(encodings, 3))


def test_normalizations_leave_their_input_as_it_was():
    encodings = torch.randn(2, 6)
    before = encodings.clone()
    signed_power(encodings), l2_normalize(encodings), intra_normalize(encodings, 3)
    assert torch.equal(encodings, before)


def test_refuses_a_width_that_has_no_such_parts():
    with pytest.raises(ValueError, match="multiple of 4"):
        intra_normalize(torch.zeros(1, 6), 4)
