"""Bags of words with hard and triangle assignment, and vectors of locally aggregated descriptors."""

import math

import numpy as np
import pytest
import torch

from bakeoff.pipelines.classic.codebook.kmeans import Codebook
from bakeoff.pipelines.classic.encoding.encodings import encode_bag_of_words, encode_vlad
from bakeoff.tests.reference import encodings

ASSIGNMENTS = ["hard", "triangle"]


def random_case(seed: int = 0) -> tuple[torch.Tensor, Codebook]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(4, 25, 6, generator=generator), Codebook(torch.randn(9, 6, generator=generator))


def test_hard_histogram_by_hand():
    codebook = Codebook(torch.tensor([[0.0], [10.0], [20.0]]))
    descriptors = torch.tensor([[[1.0], [2.0], [19.0], [4.9]]])
    torch.testing.assert_close(encode_bag_of_words(descriptors, codebook), torch.tensor([[0.75, 0.0, 0.25]]))


def test_triangle_by_hand():
    codebook = Codebook(torch.tensor([[0.0], [3.0], [9.0]]))
    # distances 1, 2, 8: mean 11 / 3
    expected = torch.tensor([[8 / 3, 5 / 3, 0.0]])
    encoding = encode_bag_of_words(torch.tensor([[[1.0]]]), codebook, assignment="triangle")
    torch.testing.assert_close(encoding, expected)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_equals_the_definition(assignment):
    descriptors, codebook = random_case()
    ours = encode_bag_of_words(descriptors, codebook, assignment=assignment)
    expected = [
        encodings.bag_of_words(image, codebook.centers.double().numpy(), assignment)
        for image in descriptors.double().numpy()
    ]
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_order_of_descriptors_does_not_matter(assignment):
    descriptors, codebook = random_case()
    torch.testing.assert_close(
        encode_bag_of_words(descriptors, codebook, assignment=assignment),
        encode_bag_of_words(descriptors.flip(1), codebook, assignment=assignment),
    )


def test_hard_shares_sum_to_one():
    descriptors, codebook = random_case()
    rows = encode_bag_of_words(descriptors, codebook)
    torch.testing.assert_close(rows.sum(dim=1), torch.ones(4))


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_is_zero_for_no_descriptors(assignment):
    rows = encode_bag_of_words(torch.empty(2, 0, 6), random_case()[1], assignment=assignment)
    assert torch.equal(rows, torch.zeros(2, 9))


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_refuses_descriptors_that_are_not_finite(assignment):
    with pytest.raises(ValueError, match="finite"):
        encode_bag_of_words(torch.full((1, 2, 6), torch.nan), random_case()[1], assignment=assignment)


def test_vlad_two_words_by_hand():
    codebook = Codebook(torch.tensor([[0.0, 0.0], [10.0, 0.0]]))
    descriptors = torch.tensor([[[1.0, 1.0], [2.0, 3.0], [10.0, 5.0]]])  # sums (3, 4) and (0, 5)
    expected = torch.tensor([[0.6, 0.8, 0.0, 1.0]]) / math.sqrt(2)
    torch.testing.assert_close(encode_vlad(descriptors, codebook), expected)


def test_vlad_equals_the_definition():
    descriptors, codebook = random_case()
    centers = codebook.centers.double().numpy()
    expected = [encodings.vlad(image, centers, True) for image in descriptors.double().numpy()]
    ours = encode_vlad(descriptors, codebook)
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-5)


def test_vlad_order_of_descriptors_does_not_matter():
    descriptors, codebook = random_case()
    torch.testing.assert_close(encode_vlad(descriptors, codebook), encode_vlad(descriptors.flip(1), codebook))


def test_vlad_is_zero_for_no_descriptors_and_for_descriptors_on_their_words():
    _, codebook = random_case()
    assert not encode_vlad(torch.empty(2, 0, 6), codebook).any()
    assert not encode_vlad(codebook.centers[None], codebook).any()


def test_vlad_refuses_descriptors_of_another_dimension():
    with pytest.raises(ValueError, match=r"\(n, m, 6\)"):
        encode_vlad(torch.zeros(1, 2, 5), random_case()[1])
