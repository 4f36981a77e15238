"""Principal components and ZCA whitening: by hand, against scikit-learn and numpy, and their properties."""

import math

import numpy as np
import pytest
import torch
from sklearn import decomposition

from bakeoff.pipelines.classic.matrix.projections import fit_pca, fit_randomized_pca, fit_zca, project, whiten


def correlated(n_rows: int = 500, dimension: int = 12) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    mixing = torch.randn(dimension, dimension, generator=generator)
    return torch.randn(n_rows, dimension, generator=generator) @ mixing + 50


def test_points_on_a_diagonal_by_hand():
    pca = fit_pca(torch.tensor([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]), n_components=2)
    torch.testing.assert_close(pca.components[0], torch.full((2,), 0.5**0.5))
    torch.testing.assert_close(pca.variances, torch.tensor([2.0, 0.0]))
    torch.testing.assert_close(project(torch.tensor([[3.0, 3.0]]), pca), torch.tensor([[2**0.5, 0.0]]))


@pytest.mark.parametrize("whiten", [False, True])
def test_agrees_with_scikit_learn_up_to_sign(whiten):
    descriptors = correlated()
    theirs = decomposition.PCA(5, whiten=whiten, svd_solver="full").fit(descriptors.double().numpy())
    pca = fit_pca(descriptors, n_components=5, whiten=whiten)
    ours, expected = project(descriptors, pca).numpy(), theirs.transform(descriptors.double().numpy())
    signs = np.sign((ours * expected).sum(axis=0))
    np.testing.assert_allclose(ours, expected * signs, atol=1e-3 * np.abs(expected).max())
    np.testing.assert_allclose(pca.variances.numpy(), theirs.explained_variance_, rtol=1e-4)


def test_blocks_give_the_components_of_the_whole():
    descriptors = correlated()
    whole, blocks = fit_pca(descriptors, n_components=4), fit_pca(list(descriptors.split(130)), n_components=4)
    torch.testing.assert_close(whole.components, blocks.components, atol=1e-4, rtol=0)


def test_the_largest_entry_of_each_component_is_positive():
    components = fit_pca(correlated(), n_components=12).components
    assert (components.gather(1, components.abs().argmax(dim=1, keepdim=True)) > 0).all()


def test_all_components_keep_distances():
    descriptors = correlated(50)
    projected = project(descriptors, fit_pca(descriptors, n_components=12))
    before, after = torch.pdist(descriptors.double()), torch.pdist(projected.double())
    torch.testing.assert_close(after, before, rtol=1e-4, atol=0)


def test_whitened_projections_of_a_constant_direction_are_zero():
    descriptors = torch.cat([correlated(50, 3), torch.ones(50, 1)], dim=1)
    projected = project(descriptors, fit_pca(descriptors, n_components=4, whiten=True))
    torch.testing.assert_close(projected.var(dim=0), torch.tensor([1.0, 1.0, 1.0, 0.0]))


def test_projects_sets_of_descriptors():
    pca = fit_pca(correlated(), n_components=3)
    sets = correlated(20).view(4, 5, 12)
    torch.testing.assert_close(project(sets, pca), project(sets.view(20, 12), pca).view(4, 5, 3))
    assert project(torch.empty(4, 0, 12), pca).shape == (4, 0, 3)


@pytest.mark.parametrize(
    ("descriptors", "message"),
    [(torch.zeros(3, 9), r"min\(n, d\) = 3"), (torch.full((9, 9), torch.nan), "finite"), ([], "at least one row")],
)
def test_refuses_bad_descriptors(descriptors, message):
    with pytest.raises(ValueError, match=message):
        fit_pca(descriptors, n_components=4)


def test_refuses_to_project_another_dimension_or_values_that_are_not_finite():
    pca = fit_pca(correlated(), n_components=3)
    with pytest.raises(ValueError, match=r"\(\.\.\., 12\)"):
        project(torch.zeros(2, 11), pca)
    with pytest.raises(ValueError, match="finite"):
        project(torch.full((2, 12), torch.inf), pca)


def test_the_randomized_fit_agrees_with_the_exact_one_where_variances_fall():
    generator = torch.Generator().manual_seed(1)
    scales = 0.8 ** torch.arange(60)
    descriptors = 5 + torch.randn(400, 60, generator=generator) * scales @ torch.randn(60, 60, generator=generator)
    exact = fit_pca(descriptors, n_components=8, whiten=True)
    found = fit_randomized_pca(list(descriptors.split(150)), n_components=8, seed=0, whiten=True)
    torch.testing.assert_close(found.variances, exact.variances, rtol=1e-3, atol=0)
    torch.testing.assert_close(project(descriptors, found), project(descriptors, exact), rtol=0, atol=0.02)


def test_the_randomized_fit_depends_on_its_seed_alone():
    descriptors = correlated(60, 30)
    first, same, other = (fit_randomized_pca(descriptors, n_components=3, seed=seed).components for seed in (0, 0, 1))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_the_randomized_fit_refuses_more_components_than_rows():
    with pytest.raises(ValueError, match=r"min\(n, d\) = 3"):
        fit_randomized_pca(torch.zeros(3, 9), n_components=4, seed=0)


def mixed_patches() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(4000, 6, generator=generator) @ torch.randn(6, 6, generator=generator) + 3


def test_independent_pixels_are_only_scaled():
    patches = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0], [0.0, -2.0]])  # variances 2/3 and 8/3
    zca = fit_zca(patches, regularizer=1 / 3)
    torch.testing.assert_close(zca.matrix, torch.diag(torch.tensor([1.0, 1 / math.sqrt(3)])))


def test_equals_the_definition_in_numpy():
    patches = mixed_patches()
    centered = patches.double().numpy() - patches.double().numpy().mean(axis=0)
    values, vectors = np.linalg.eigh(centered.T @ centered / (len(patches) - 1))
    expected = centered @ (vectors / np.sqrt(values + 0.1)) @ vectors.T
    np.testing.assert_allclose(whiten(patches, fit_zca(patches)).numpy(), expected, atol=1e-4)


def test_whitened_patches_are_uncorrelated_with_unit_variance():
    patches = mixed_patches()
    torch.testing.assert_close(
        whiten(patches, fit_zca(patches, regularizer=1e-6)).T.cov(), torch.eye(6), atol=1e-3, rtol=0
    )


def test_the_matrix_is_symmetric():
    matrix = fit_zca(mixed_patches()).matrix
    torch.testing.assert_close(matrix, matrix.T)


def test_constant_patches_become_zero():
    patches = torch.full((10, 4), 7.0)
    assert torch.equal(whiten(patches, fit_zca(patches)), torch.zeros(10, 4))


def test_refuses_a_regularizer_of_zero_and_another_dimension():
    with pytest.raises(ValueError, match="regularizer"):
        fit_zca(mixed_patches(), regularizer=0.0)
    with pytest.raises(ValueError, match=r"\(\.\.\., 6\)"):
        whiten(torch.zeros(2, 5), fit_zca(mixed_patches()))
