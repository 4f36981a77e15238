import numpy as np
import pytest
import torch

from bakeoff.pipelines.classic.codebook.kmeans import Codebook, assign_words
from bakeoff.pipelines.classic.families.bag_of_words import BagOfWords, PatchWords
from bakeoff.pipelines.classic.families.descriptors import DenseSift, Descriptors
from bakeoff.pipelines.classic.matrix.projections import whiten
from bakeoff.tests.reference.encodings import bag_of_words


class Pixels(Descriptors):
    """Every pixel of one channel is a descriptor of one dimension."""

    label = "pixels"

    def extract(self, images):
        return images[..., 0].float().flatten(1)[..., None]

    def positions(self, height, width):
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        return torch.stack([columns, rows], dim=2).flatten(0, 1).float()


def test_four_by_four_pixels_and_two_words_by_hand():
    """Words 0 and 10. Left half dark, right half bright: (1/2, 1/2) in the whole, one word in each quadrant."""
    image = torch.tensor([1, 2, 9, 11], dtype=torch.uint8).expand(1, 4, 4)[..., None]
    family = BagOfWords(descriptors=Pixels())
    vector = family.encode(image, Codebook(torch.tensor([[0.0], [10.0]])))
    shares = np.array([0.5, 0.5, 1, 0, 0, 1, 1, 0, 0, 1])
    np.testing.assert_allclose(vector[0], np.sqrt(shares / shares.sum()), atol=1e-6)


@pytest.mark.parametrize("assignment", ["hard", "triangle"])
def test_agrees_with_loops_over_regions_and_descriptors(assignment):
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 20, 24, 3), dtype=np.uint8))
    descriptors = DenseSift(bin_sizes=(3,), stride=3)
    family = BagOfWords(descriptors=descriptors, n_words=5, assignment=assignment, n_samples=100, n_iterations=2)
    codebook = family.fit(images.numpy(), 0)
    positions = descriptors.positions(20, 24).numpy()
    lower, right = positions[:, 1] + 0.5 >= 10, positions[:, 0] + 0.5 >= 12
    everywhere = np.ones(len(positions), bool)
    regions = (everywhere, ~lower & ~right, ~lower & right, lower & ~right, lower & right)
    for rows, found in zip(descriptors.extract(images).numpy(), family.encode(images, codebook), strict=True):
        parts = [bag_of_words(rows[region], codebook.centers.numpy(), assignment) for region in regions]
        expected = np.sqrt(np.concatenate(parts))
        np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-4)


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
    sample, _ = family.descriptors.sample(images, n_samples=2000, seed=0)
    usage = torch.bincount(assign_words(whiten(sample, state.zca), state.codebook), minlength=24)
    assert usage.min() >= 20  # of 83 on average; k-means++ leaves several words with 1
