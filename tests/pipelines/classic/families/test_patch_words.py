from __future__ import annotations

import numpy as np
import torch

from pipelines.classic.families.patch_words import PatchWords
from tests.reference.encodings import bag_of_words


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
        expected = [bag_of_words(rows[quadrant], centers, "triangle", 1.0) for quadrant in quadrants]
        np.testing.assert_allclose(found, np.concatenate(expected), rtol=1e-3, atol=1e-4)
