"""Fisher vectors: by hand, against loops, against scikit-image, and their properties."""

import math

import numpy as np
import pytest
import torch
from skimage.feature import fisher_vector as skimage_fisher_vector
from sklearn.mixture import GaussianMixture as SklearnMixture

from bakeoff.pipelines.classic.codebook.gaussian_mixture import GaussianMixture
from bakeoff.pipelines.classic.encoding.encodings import encode_fisher_vector
from bakeoff.pipelines.machine.cores import SCRATCH_BYTES
from bakeoff.tests.reference import mixture_loops


def random_mixture(n_components: int, dimension: int, offset: float = 0.0) -> GaussianMixture:
    generator = torch.Generator().manual_seed(0)
    weights = torch.rand(n_components, generator=generator) + 0.2
    return GaussianMixture(
        weights / weights.sum(),
        torch.randn(n_components, dimension, generator=generator) + offset,
        torch.rand(n_components, dimension, generator=generator) + 0.3,
    )


def as_sklearn(mixture: GaussianMixture) -> SklearnMixture:
    peer = SklearnMixture(len(mixture.weights), covariance_type="diag")
    peer.weights_ = mixture.weights.double().numpy() / mixture.weights.double().sum().item()
    peer.means_, peer.covariances_ = mixture.means.double().numpy(), mixture.variances.double().numpy()
    peer.precisions_cholesky_ = 1 / np.sqrt(peer.covariances_)
    return peer


def test_one_gaussian_and_two_descriptors_by_hand():
    mixture = GaussianMixture(torch.ones(1), torch.tensor([[1.0]]), torch.tensor([[4.0]]))
    descriptors = torch.tensor([[[3.0], [7.0]]])  # z = 1 and 3
    expected = torch.tensor([[(1 + 3) / 2, (0 + 8) / 2 / math.sqrt(2)]])
    torch.testing.assert_close(encode_fisher_vector(descriptors, mixture, normalize=False), expected)


@pytest.mark.parametrize("normalize", [False, True])
def test_equals_the_definition_term_by_term(normalize):
    mixture, descriptors = random_mixture(5, 3), torch.randn(4, 9, 3)
    expected = [
        mixture_loops.fisher_vector(
            image.double().numpy(),
            mixture.weights.double().numpy(),
            mixture.means.double().numpy(),
            mixture.variances.double().numpy(),
            normalize,
        )
        for image in descriptors
    ]
    ours = encode_fisher_vector(descriptors, mixture, normalize=normalize)
    np.testing.assert_allclose(ours.numpy(), expected, atol=2e-5)


@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_equals_scikit_image_without_weights_and_with_the_sign_of_the_variances_turned(offset):
    mixture = random_mixture(16, 24, offset)
    descriptors = torch.randn(3, 50, 24, generator=torch.Generator().manual_seed(1)) + offset
    ours = encode_fisher_vector(descriptors, mixture, normalize=False).numpy()
    for image, vector in zip(descriptors, ours, strict=True):
        theirs = skimage_fisher_vector(image.double().numpy(), as_sklearn(mixture))[16:]
        theirs[16 * 24 :] *= -1
        np.testing.assert_allclose(vector, theirs, atol=1e-4)


def test_order_of_descriptors_does_not_matter():
    mixture, descriptors = random_mixture(8, 6), torch.randn(2, 40, 6)
    shuffled = descriptors[:, torch.randperm(40)]
    torch.testing.assert_close(
        encode_fisher_vector(descriptors, mixture), encode_fisher_vector(shuffled, mixture), atol=1e-4, rtol=0
    )


def test_chunks_and_cores_do_not_change_the_result(monkeypatch):
    mixture, descriptors = random_mixture(8, 6), torch.randn(70, 10, 6)
    expected = encode_fisher_vector(descriptors, mixture)
    monkeypatch.setitem(SCRATCH_BYTES, "cpu", 1)
    torch.testing.assert_close(encode_fisher_vector(descriptors, mixture), expected)


def test_has_unit_norm():
    vectors = encode_fisher_vector(torch.randn(3, 20, 6), random_mixture(4, 6))
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(3))


def test_is_zero_for_no_descriptors():
    vectors = encode_fisher_vector(torch.empty(2, 0, 6), random_mixture(4, 6))
    assert vectors.shape == (2, 48)
    assert not vectors.any()


def test_constant_descriptors_give_a_finite_vector():
    assert torch.isfinite(encode_fisher_vector(torch.ones(2, 30, 6), random_mixture(4, 6))).all()


@pytest.mark.parametrize(
    ("descriptors", "message"),
    [
        (torch.full((1, 2, 6), torch.nan), "finite"),
        (torch.zeros(1, 2, 5), r"\(n, m, 6\)"),
        (torch.zeros(2, 6), "n, m, 6"),
    ],
)
def test_refuses_bad_descriptors(descriptors, message):
    with pytest.raises(ValueError, match=message):
        encode_fisher_vector(descriptors, random_mixture(4, 6))
