"""Signed power and L2."""

import torch

from bakeoff.pipelines.classic.encoding.encodings import l2_normalize, signed_power


def test_signed_root_by_hand():
    torch.testing.assert_close(signed_power(torch.tensor([-4.0, 0.0, 9.0])), torch.tensor([-2.0, 0.0, 3.0]))


def test_l2_gives_unit_rows_and_keeps_zero_rows():
    torch.testing.assert_close(
        l2_normalize(torch.tensor([[3.0, 4.0], [0.0, 0.0]])), torch.tensor([[0.6, 0.8], [0.0, 0.0]])
    )


def test_normalizations_leave_their_input_as_it_was():
    encodings = torch.randn(2, 6)
    before = encodings.clone()
    signed_power(encodings), l2_normalize(encodings)
    assert torch.equal(encodings, before)
