import numpy as np
import pytest
import torch

from bakeoff.pipelines.classic.features import planes
from bakeoff.pipelines.classic.features.grid import window_centers
from bakeoff.pipelines.classic.features.planes import extract_patches, in_chunks, normalize_contrast, split_evenly

IMAGES = torch.arange(11 * 4 * 4, dtype=torch.uint8).reshape(11, 4, 4, 1)


@pytest.mark.parametrize(("n", "most", "n_cores"), [(100, 32, 2), (11, 4, 1), (3, 32, 2), (1, 1, 4), (64, 32, 2)])
def test_chunks_are_all_pictures_in_order_of_nearly_one_size_and_as_many_on_every_core(n, most, n_cores):
    chunks = split_evenly(torch.arange(n), most, n_cores)
    sizes = [len(pictures) for _, pictures in chunks]
    assert torch.cat([pictures for _, pictures in chunks]).tolist() == list(range(n))
    assert [start for start, _ in chunks] == [int(pictures[0]) for _, pictures in chunks]
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1
    assert len(chunks) % n_cores == 0 or len(chunks) == n


@pytest.mark.parametrize("n", [0, 1, 2, 11])
@pytest.mark.parametrize("cache_pixels", [16, 48, 1 << 20])
def test_results_lie_in_the_order_of_the_pictures_however_they_are_cut(n, cache_pixels, monkeypatch):
    monkeypatch.setattr(planes, "CACHE_PIXELS", cache_pixels)
    found = in_chunks(lambda chunk: chunk.float().flatten(1) + 1, IMAGES[:n])
    assert torch.equal(found, IMAGES[:n].float().flatten(1) + 1)


def noise(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))


def test_cuts_a_small_picture_by_hand():
    image = torch.arange(12, dtype=torch.uint8).view(1, 3, 4, 1)
    patches = extract_patches(image, patch_size=2, stride=2)
    assert patches.tolist() == [[[0, 1, 4, 5], [2, 3, 6, 7]]]


def test_equals_slicing():
    images = noise(2, 11, 14, 3)
    ours = extract_patches(images, patch_size=4, stride=3)
    expected = [
        [image[y : y + 4, x : x + 4].ravel() for y in range(0, 8, 3) for x in range(0, 11, 3)]
        for image in images.numpy()
    ]
    np.testing.assert_array_equal(ours.numpy(), np.array(expected))


def test_positions_are_the_centers_in_the_order_of_the_patches():
    y, x = torch.meshgrid(torch.arange(9.0), torch.arange(12.0), indexing="ij")
    patches = extract_patches(torch.stack([x, y, x * 0], -1)[None], patch_size=4, stride=2)[0]
    centers = patches.view(-1, 16, 3).mean(1)[:, :2]
    torch.testing.assert_close(window_centers(9, 12, window_size=4, stride=2), centers)


def test_contrast_normalization_by_hand():
    patch = torch.tensor([[1.0, 2, 3, 6], [7, 7, 7, 7]])  # mean 3, variance 14 / 3 with n - 1
    expected = torch.tensor([[-2.0, -1, 0, 3], [0, 0, 0, 0]]) / (14 / 3 + 10) ** 0.5
    torch.testing.assert_close(normalize_contrast(patch), expected)


def test_contrast_normalization_equals_numpy_and_ignores_brightness():
    patches = extract_patches(noise(2, 8, 8, 3), patch_size=6, stride=1)
    values = patches.double().numpy()
    expected = (values - values.mean(-1, keepdims=True)) / np.sqrt(values.var(-1, ddof=1, keepdims=True) + 10)
    np.testing.assert_allclose(normalize_contrast(patches).numpy(), expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(normalize_contrast(patches + 31), normalize_contrast(patches), rtol=0, atol=1e-5)
