"""Vectors of locally aggregated descriptors."""

import math

import numpy as np
import pytest
import torch

from bakeoff.pipelines.classic.codebook.kmeans import Codebook
from bakeoff.pipelines.classic.encoding.vlad import encode_vlad
from bakeoff.tests.reference import encodings


def random_case() -> tuple[torch.Tensor, Codebook]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(4, 25, 6, generator=generator), Codebook(torch.randn(9, 6, generator=generator))


def test_two_words_by_hand():
    codebook = Codebook(torch.tensor([[0.0, 0.0], [10.0, 0.0]]))
    descriptors = torch.tensor([[[1.0, 1.0], [2.0, 3.0], [10.0, 5.0]]])  # sums (3, 4) and (0, 5)
    expected = torch.tensor([[0.6, 0.8, 0.0, 1.0]]) / math.sqrt(2)
    torch.testing.assert_close(encode_vlad(descriptors, codebook), expected)


def test_equals_the_definition():
    descriptors, codebook = random_case()
    centers = codebook.centers.double().numpy()
    expected = [encodings.vlad(image, centers, True) for image in descriptors.double().numpy()]
    ours = encode_vlad(descriptors, codebook)
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-5)


def test_order_of_descriptors_does_not_matter():
    descriptors, codebook = random_case()
    torch.testing.assert_close(encode_vlad(descriptors, codebook), encode_vlad(descriptors.flip(1), codebook))


def test_is_zero_for_no_descriptors_and_for_descriptors_on_their_words():
    _, codebook = random_case()
    assert not encode_vlad(torch.empty(2, 0, 6), codebook).any()
    assert not encode_vlad(codebook.centers[None], codebook).any()


def test_refuses_descriptors_of_another_dimension():
    with pytest.raises(ValueError, match=r"\(n, m, 6\)"):
        encode_vlad(torch.zeros(1, 2, 5), random_case()[1])
