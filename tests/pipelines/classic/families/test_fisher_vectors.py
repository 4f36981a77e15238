from dataclasses import replace

import numpy as np
import torch

from bakeoff.pipelines.classic.encoding.encodings import encode_fisher_vector
from bakeoff.pipelines.classic.families.descriptors import DenseSift, Patches
from bakeoff.pipelines.classic.families.fisher_vectors import FisherVectors, PatchFisherVectors

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (8, 20, 24, 3), dtype=np.uint8))
FAMILY = FisherVectors(
    descriptors=DenseSift(bin_sizes=(3,)), n_components=6, n_gaussians=3, n_samples=500, n_iterations=3
)
PATCHES = PatchFisherVectors(
    descriptors=Patches(stride=2, regularizer=0.0), n_components=6, n_gaussians=3, n_samples=500, n_iterations=3
)


def test_is_the_improved_fisher_vector_of_projected_and_placed_descriptors():
    """Step by step: (x - mean) components^T, then x and y over the picture, deviation 1.5 times the projection's."""
    state = FAMILY.fit(IMAGES.numpy(), 0)
    projected = (FAMILY.descriptors.extract(IMAGES) - state.pca.mean) @ state.pca.components.T
    x, y = FAMILY.descriptors.positions(20, 24).T
    side = 1.5 * np.sqrt(12 * float(state.pca.variances.mean()))
    place = side * torch.stack([(x + 0.5) / 24 - 0.5, (y + 0.5) / 20 - 0.5], dim=1)
    placed = torch.cat([projected, place.expand(8, -1, -1)], dim=2)
    np.testing.assert_allclose(FAMILY.encode(IMAGES, state), encode_fisher_vector(placed, state.mixture), atol=1e-4)


def test_length_is_two_numbers_a_gaussian_and_dimension():
    assert FAMILY.encode(IMAGES, FAMILY.fit(IMAGES.numpy(), 0)).shape == (8, 2 * 3 * (6 + 2))
    unplaced = replace(FAMILY, position_scale=0.0)
    assert unplaced.encode(IMAGES, unplaced.fit(IMAGES.numpy(), 0)).shape == (8, 2 * 3 * 6)


def test_has_unit_length():
    np.testing.assert_allclose(FAMILY.encode(IMAGES, FAMILY.fit(IMAGES.numpy(), 0)).norm(dim=1), 1, rtol=1e-5)


def test_a_symmetric_vector_cannot_tell_left_from_right():
    for family, same in ((replace(FAMILY, symmetric=True), True), (FAMILY, False)):
        state = family.fit(IMAGES.numpy(), 0)
        mirrored, plain = family.encode(IMAGES.flip(2), state), family.encode(IMAGES, state)
        assert torch.allclose(mirrored, plain, atol=1e-5) == same


def test_patches_do_not_see_contrast():
    """Contrast normalization without a regularizer takes it out."""
    state = PATCHES.fit(IMAGES.numpy(), 0)
    faint = (IMAGES // 4) * 2
    np.testing.assert_allclose(PATCHES.encode(faint, state), PATCHES.encode(faint * 2, state), atol=1e-3)
