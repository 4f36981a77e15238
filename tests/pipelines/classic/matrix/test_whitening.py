"""ZCA whitening."""

import math

import numpy as np
import pytest
import torch

from bakeoff.pipelines.classic.matrix.whitening import fit_zca, whiten


def correlated() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(4000, 6, generator=generator) @ torch.randn(6, 6, generator=generator) + 3


def test_independent_pixels_are_only_scaled():
    patches = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])  # variances 2/3 and 8/3
    zca = fit_zca(patches, regularizer=1 / 3)
    torch.testing.assert_close(zca.matrix, torch.diag(torch.tensor([1.0, 1 / math.sqrt(3)])))


def test_equals_the_definition_in_numpy():
    patches = correlated()
    centered = patches.double().numpy() - patches.double().numpy().mean(axis=0)
    values, vectors = np.linalg.eigh(centered.T @ centered / (len(patches) - 1))
    expected = centered @ (vectors / np.sqrt(values + 0.1)) @ vectors.T
    np.testing.assert_allclose(whiten(patches, fit_zca(patches)).numpy(), expected, atol=1e-4)


def test_whitened_patches_are_uncorrelated_with_unit_variance():
    patches = correlated()
    torch.testing.assert_close(
        whiten(patches, fit_zca(patches, regularizer=1e-6)).T.cov(), torch.eye(6), atol=1e-3, rtol=0
    )


def test_the_matrix_is_symmetric():
    matrix = fit_zca(correlated()).matrix
    torch.testing.assert_close(matrix, matrix.T)


def test_constant_patches_become_zero():
    patches = torch.full((10, 4), 7.0)
    assert torch.equal(whiten(patches, fit_zca(patches)), torch.zeros(10, 4))


def test_refuses_a_regularizer_of_zero_and_another_dimension():
    with pytest.raises(ValueError, match="regularizer"):
        fit_zca(correlated(), regularizer=0.0)
    with pytest.raises(ValueError, match=r"\(\.\.\., 6\)"):
        whiten(torch.zeros(2, 5), fit_zca(correlated()))
