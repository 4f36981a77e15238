"""k-means: by hand, against scikit-learn from the same start, and its properties."""

from itertools import pairwise

import pytest
import torch
from sklearn.cluster import KMeans

from bakeoff.pipelines.classic.codebook.kmeans import Codebook, assign_words, fit_kmeans


def clustered(n_rows: int, dimension: int, n_clusters: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    centers = 4 * torch.randn(n_clusters, dimension, generator=generator)
    words = torch.randint(n_clusters, (n_rows,), generator=generator)
    return centers[words] + torch.randn(n_rows, dimension, generator=generator)


def test_two_pairs_of_points_by_hand():
    codebook = fit_kmeans(torch.tensor([[0.0], [2.0], [10.0], [14.0]]), n_words=2, seed=0)
    assert sorted(codebook.centers[:, 0].tolist()) == [1.0, 12.0]
    assert codebook.inertia == pytest.approx(1 + 1 + 4 + 4, rel=1e-5)


def test_words_are_the_nearest_centers():
    descriptors, centers = torch.randn(300, 5), torch.randn(40, 5)
    words = assign_words(descriptors, Codebook(centers))
    assert torch.equal(words, torch.cdist(descriptors, centers, compute_mode="donot_use_mm_for_euclid_dist").argmin(1))


def test_agrees_with_scikit_learn_from_the_same_start():
    descriptors = clustered(3000, 8, 12)
    start = descriptors[:12]
    ours = fit_kmeans(descriptors, n_words=12, n_iterations=6, seed=0, initialization=start)
    theirs = KMeans(12, init=start.numpy(), n_init=1, max_iter=6, tol=0, algorithm="lloyd").fit(descriptors.numpy())
    torch.testing.assert_close(ours.centers, torch.from_numpy(theirs.cluster_centers_), atol=1e-3, rtol=0)
    final = fit_kmeans(descriptors, n_words=12, n_iterations=0, seed=0, initialization=ours.centers)
    assert final.inertia == pytest.approx(theirs.inertia_, rel=1e-5)


@pytest.mark.parametrize("offset", [1e3, 1e4, -1e4])
def test_a_large_offset_costs_no_precision(offset):
    descriptors = (clustered(3000, 8, 12) + offset).float()
    start = descriptors[:12]
    ours = fit_kmeans(descriptors, n_words=12, n_iterations=6, seed=0, initialization=start)
    exact = descriptors.double().numpy()
    theirs = KMeans(12, init=exact[:12], n_init=1, max_iter=6, tol=0, algorithm="lloyd").fit(exact)
    torch.testing.assert_close(ours.centers.double(), torch.from_numpy(theirs.cluster_centers_), atol=2e-3, rtol=0)
    words = assign_words(descriptors, ours)
    inertia = (descriptors.double() - ours.centers.double()[words]).square().sum()
    assert float(inertia) == pytest.approx(theirs.inertia_, rel=1e-4)
    assert ours.inertia == pytest.approx(theirs.inertia_, rel=1e-4)


@pytest.mark.parametrize("is_random", [False, True])
def test_more_iterations_never_raise_the_inertia(is_random):
    descriptors = clustered(2000, 6, 10)
    start = descriptors[:20] if is_random else None
    inertias = [
        fit_kmeans(descriptors, n_words=20, n_iterations=n, seed=1, initialization=start).inertia
        for n in (0, 1, 2, 4, 8, 16)
    ]
    assert all(later <= earlier * (1 + 1e-6) for earlier, later in pairwise(inertias))


def test_careful_seeding_starts_better_than_random_descriptors():
    descriptors = clustered(4000, 6, 30)
    careful, random = (
        sum(
            fit_kmeans(descriptors, n_words=30, n_iterations=0, seed=s, initialization=how(s)).inertia for s in range(5)
        )
        for how in (lambda s: None, lambda s: descriptors[30 * s : 30 * (s + 1)])
    )
    assert careful < random


def test_an_empty_word_moves_to_a_far_descriptor():
    descriptors = torch.tensor([[0.0], [1.0], [2.0], [50.0]])
    far_away = torch.tensor([[1.0], [1000.0]])
    codebook = fit_kmeans(descriptors, n_words=2, seed=0, initialization=far_away)
    assert sorted(codebook.centers[:, 0].tolist()) == [1.0, 50.0]


def test_identical_descriptors_give_zero_inertia():
    assert fit_kmeans(torch.ones(20, 3), n_words=4, seed=0).inertia == 0


def test_same_seed_gives_the_same_words_on_any_number_of_cores():
    descriptors = clustered(20_000, 4, 8)
    one = fit_kmeans(descriptors, n_words=8, n_iterations=3, seed=5)
    threads = torch.get_num_threads()
    torch.set_num_threads(3 - min(threads, 2))
    try:
        other = fit_kmeans(descriptors, n_words=8, n_iterations=3, seed=5)
    finally:
        torch.set_num_threads(threads)
    torch.testing.assert_close(one.centers, other.centers)


@pytest.mark.parametrize(
    ("descriptors", "message"),
    [
        (torch.zeros(3, 2), "between 1 and the number of descriptors 3"),
        (torch.full((9, 2), torch.nan), "finite"),
        (torch.zeros(9), "float32"),
    ],
)
def test_refuses_bad_descriptors(descriptors, message):
    with pytest.raises(ValueError, match=message):
        fit_kmeans(descriptors, n_words=4, seed=0)


@pytest.mark.parametrize(
    ("start", "message"), [(torch.zeros(3, 2), "must hold n_words = 4"), (torch.zeros(4, 3), "n, 2")]
)
def test_refuses_another_number_or_dimension_of_initial_centers(start, message):
    with pytest.raises(ValueError, match=message):
        fit_kmeans(torch.zeros(9, 2), n_words=4, seed=0, initialization=start)
