from __future__ import annotations

import numpy as np
import torch

from bakeoff.pipelines.classic.codebook.kmeans import Codebook
from bakeoff.pipelines.classic.families.visual_words import draw_visual_words

# Two pictures of 4 x 6 pixels; each pixel tells its place: 100 * picture + 10 * row + column.
IMAGES = torch.tensor([[[100 * i + 10 * y + x for x in range(6)] for y in range(4)] for i in range(2)]).to(torch.uint8)
IMAGES = IMAGES[..., None]
POSITIONS = torch.tensor([[1.5, 1.5], [5.0, 3.0]])  # a window of 2 x 2 at columns and rows 1..2, and at the corner
CODEBOOK = Codebook(torch.tensor([[0.0], [10.0], [20.0]]))


def draw(values, **options):
    """values: one descriptor of one dimension a picture and position."""
    descriptors = torch.tensor(values)[..., None]
    whole, parts = (
        draw_visual_words(IMAGES, batches, POSITIONS, CODEBOOK, window_size=2, **options)[..., 0].tolist()
        for batches in ([descriptors], iter(descriptors.split(1)))
    )
    assert whole == parts
    return whole


def test_one_patch_a_word_by_hand():
    """Word 1 has three patches, word 0 one, word 2 none; nearest to word 1 is the patch at 1..2 of the second picture.

    The patch that hangs over the corner is moved inside.
    """
    drawn = draw([[9.0, 1.0], [10.0, 11.5]], n_patches=1)
    assert drawn == [[[111, 112], [121, 122]], [[24, 25], [34, 35]]]


def test_several_patches_are_averaged():
    (drawn,) = draw([[10.0, 14.0], [11.0, 14.5]], n_patches=2)
    assert drawn == [[61, 62], [71, 72]]


def test_only_the_most_used_words_are_drawn():
    assert len(draw([[0.0, 10.0], [10.0, 20.0]])) == 3
    assert draw([[0.0, 10.0], [10.0, 20.0]], n_words=1, n_patches=1) == [[[24, 25], [34, 35]]]


def test_pictures_keep_size_color_and_type():
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8))
    words = draw_visual_words(images, [torch.randn(3, 2, 1)], POSITIONS, CODEBOOK, window_size=4)
    assert words.shape[1:] == (4, 4, 3)
    assert words.dtype == torch.uint8
