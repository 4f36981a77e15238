from __future__ import annotations

import numpy as np
import torch

from bakeoff.pipelines.classic.codebook.kmeans import assign_words
from bakeoff.pipelines.classic.families.descriptors import sample_descriptors
from bakeoff.pipelines.classic.families.patch_words import PatchWords
from bakeoff.pipelines.classic.matrix.whitening import whiten
from bakeoff.tests.reference.encodings import bag_of_words


def test_agrees_with_loops_over_quadrants_and_patches():
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 10, 12, 3), dtype=np.uint8))
    family = PatchWords(n_words=5, n_samples=60, n_iterations=2)
    state = family.fit(images.numpy(), 0)
    centers = state.codebook.centers.numpy()
    whitened = (family.descriptors.extract(images) - state.zca.mean) @ state.zca.matrix
    x, y = family.descriptors.positions(10, 12).numpy().T
    lower, right = y + 0.5 >= 5, x + 0.5 >= 6
    quadrants = (~lower & ~right, ~lower & right, lower & ~right, lower & right)
    for rows, found in zip(whitened.numpy(), family.encode(images, state), strict=True):
        expected = [bag_of_words(rows[quadrant], centers, "triangle") for quadrant in quadrants]
        np.testing.assert_allclose(found, np.concatenate(expected), rtol=1e-3, atol=1e-4)


def test_no_word_is_kept_by_a_single_patch():
    """Two pictures of noise among smooth ones: centers chosen among the patches would be such patches, and stay so."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(60, 200, (60, 4, 4, 3)).repeat(4, axis=1).repeat(4, axis=2)
    images = (coarse + rng.integers(-4, 5, coarse.shape)).astype(np.uint8)
    images[:2] = rng.integers(0, 256, (2, 16, 16, 3))
    family = PatchWords(n_words=24, n_samples=2000, n_iterations=10)
    state = family.fit(images, 0)
    sample, _ = sample_descriptors(family.descriptors, images, n_samples=2000, seed=0)
    usage = torch.bincount(assign_words(whiten(sample, state.zca), state.codebook), minlength=24)
    assert usage.min() >= 20  # of 83 on average; k-means++ leaves several words with 1
