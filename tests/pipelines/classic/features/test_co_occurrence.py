from __future__ import annotations

import math

import numpy as np
import torch

from bakeoff.pipelines.classic.families.family import encode_all
from bakeoff.pipelines.classic.families.histograms import FARTHEST, CoOccurrence
from bakeoff.pipelines.classic.features.co_occurrence import extract_co_occurrence
from tests.reference.co_occurrence import co_occurrence_properties


def test_two_columns_by_hand():
    """Black beside white: across they always differ, down never; on the diagonals they differ as well."""
    image = torch.tensor([0, 255], dtype=torch.uint8).repeat(2, 1)[None, :, :, None]
    across, *_ = found = extract_co_occurrence(image, distances=(1,), n_levels=2).view(6, 4).T
    down = found[2]
    # contrast, dissimilarity, homogeneity 1 / (1 + 1), sum of squares 2 * (1/2)^2, correlation, entropy ln 2
    torch.testing.assert_close(across, torch.tensor([1, 1, 0.5, 0.5, -1, math.log(2)]))
    torch.testing.assert_close(down, torch.tensor([0, 0, 1, 0.5, 1, math.log(2)]))


def test_agrees_with_loops_over_pairs_of_pixels():
    images = np.random.default_rng(0).integers(0, 256, (2, 9, 8, 3), dtype=np.uint8)
    found = extract_co_occurrence(torch.from_numpy(images), distances=(1, 3), n_levels=6)
    expected = [co_occurrence_properties(image, distances=(1, 3), n_levels=6) for image in images]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_family_standardizes_every_property_over_the_training_pictures():
    images = np.random.default_rng(0).integers(0, 256, (50, 12, 12, 1), dtype=np.uint8)
    images //= np.arange(1, 51, dtype=np.uint8)[:, None, None, None]
    family = CoOccurrence(distances=(1, 2))
    state = family.fit(images, 0)
    features = encode_all(family, state, images) * math.sqrt(48)
    raw = extract_co_occurrence(torch.from_numpy(images), distances=(1, 2)).numpy()
    expected = (raw - raw.mean(axis=0)) / np.where(raw.std(axis=0) > 1e-6, raw.std(axis=0), 1)
    np.testing.assert_allclose(features, expected.clip(-FARTHEST, FARTHEST), atol=1e-3)
    assert (np.linalg.norm(features, axis=1) ** 2).mean() < 48.1
