"""Mixtures by expectation-maximization: by hand, against scikit-learn from the same start, and their properties."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture as SklearnMixture

from bakeoff.pipelines.classic.codebook import gaussian_mixture
from bakeoff.pipelines.classic.codebook.gaussian_mixture import GaussianMixture, fit_gaussian_mixture
from bakeoff.tests.reference import mixture_loops


def clustered(n_rows: int, dimension: int, n_clusters: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    centers = 4 * torch.randn(n_clusters, dimension, generator=generator)
    words = torch.randint(n_clusters, (n_rows,), generator=generator)
    return centers[words] + torch.randn(n_rows, dimension, generator=generator)


def test_one_component_is_mean_and_variance():
    descriptors = torch.tensor([[0.0, 5.0], [2.0, 5.0], [4.0, 11.0]])
    mixture = fit_gaussian_mixture(descriptors, n_components=1, n_iterations=1, seed=0)
    torch.testing.assert_close(mixture.means, torch.tensor([[2.0, 7.0]]))
    torch.testing.assert_close(mixture.variances, torch.tensor([[8 / 3, 8.0]]))
    torch.testing.assert_close(mixture.weights, torch.ones(1))


def test_the_quadratic_form_gives_the_responsibilities_by_their_definition():
    mixture = fit_gaussian_mixture(clustered(200, 3, 4), n_components=4, n_iterations=2, seed=0)
    descriptors = clustered(20, 3, 4, seed=1)
    weights, means, variances = (
        value.double().numpy() for value in (mixture.weights, mixture.means, mixture.variances)
    )
    expected = [mixture_loops.posterior(x, weights, means, variances) for x in descriptors.double().numpy()]
    form = mixture.quadratic_form()
    ours = torch.softmax(form.statistics(descriptors) @ form.weights + form.bias, dim=1)
    np.testing.assert_allclose(ours.numpy(), expected, atol=1e-4)


@pytest.mark.filterwarnings(f"ignore::{ConvergenceWarning.__module__}.{ConvergenceWarning.__name__}")
def test_agrees_with_scikit_learn_from_the_same_start(monkeypatch):
    descriptors, n_iterations = clustered(3000, 8, 6), 5
    start = fit_gaussian_mixture(descriptors, n_components=6, n_iterations=1, seed=3)
    monkeypatch.setattr(gaussian_mixture, "VARIANCE_FLOOR", 1e-9)
    ours = fit_gaussian_mixture(descriptors, n_components=6, n_iterations=n_iterations, seed=0, start=start)
    theirs = SklearnMixture(
        6,
        covariance_type="diag",
        tol=0,
        reg_covar=0,
        max_iter=n_iterations,
        weights_init=start.weights.double().numpy() / start.weights.double().sum().item(),
        means_init=start.means.double().numpy(),
        precisions_init=1 / start.variances.double().numpy(),
    ).fit(descriptors.double().numpy())
    np.testing.assert_allclose(ours.means.numpy(), theirs.means_, atol=1e-3)
    np.testing.assert_allclose(ours.variances.numpy(), theirs.covariances_, rtol=1e-3)
    np.testing.assert_allclose(ours.weights.numpy(), theirs.weights_, atol=1e-4)
    assert ours.log_likelihood == pytest.approx(theirs.lower_bound_, rel=1e-5)


def test_log_likelihood_never_decreases():
    descriptors, history, mixture = clustered(2000, 6, 5), [], None
    for _ in range(20):
        mixture = fit_gaussian_mixture(descriptors, n_components=8, n_iterations=1, seed=0, start=mixture)
        history.append(mixture.log_likelihood)
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(history))
    assert history[-1] > history[0]


def test_identical_descriptors_give_a_finite_mixture():
    mixture = fit_gaussian_mixture(torch.ones(50, 3), n_components=4, n_iterations=3, seed=0)
    assert torch.isfinite(mixture.means).all()
    assert torch.isfinite(mixture.variances).all()


def test_same_seed_gives_the_same_mixture():
    fits = [fit_gaussian_mixture(clustered(500, 3, 4), n_components=4, n_iterations=2, seed=7) for _ in range(2)]
    assert torch.equal(fits[0].means, fits[1].means)


@pytest.mark.parametrize(
    ("descriptors", "message"),
    [(torch.zeros(3, 2), "at most the number of descriptors 3"), (torch.full((9, 2), torch.inf), "finite")],
)
def test_refuses_bad_descriptors(descriptors, message):
    with pytest.raises(ValueError, match=message):
        fit_gaussian_mixture(descriptors, n_components=4, seed=0)


@pytest.mark.parametrize(
    ("weights", "variances", "message"),
    [(torch.ones(2), torch.ones(3, 2), "shapes"), (torch.ones(3), torch.zeros(3, 2), "positive")],
)
def test_mixture_refuses_values_that_do_not_fit(weights, variances, message):
    with pytest.raises(ValueError, match=message):
        GaussianMixture(weights, torch.zeros(3, 2), variances)
