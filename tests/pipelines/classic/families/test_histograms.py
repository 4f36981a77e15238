import numpy as np
import torch
from skimage.feature import hog

from bakeoff.pipelines.classic.families.family import NoState
from bakeoff.pipelines.classic.families.histograms import ColorHistogram, GrayHistogram, Hog, LocalBinaryPatterns

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8))


def test_a_picture_half_red_and_half_blue_by_hand():
    """One histogram for the whole, then one for each quadrant; each grid has unit length."""
    image = torch.zeros(1, 8, 8, 3, dtype=torch.uint8)
    image[:, :, :4, 0], image[:, :, 4:, 2] = 255, 255
    family = ColorHistogram(n_bins=2, grids=(1, 2))
    whole, *quadrants = family.encode(image, NoState()).reshape(5, 8)
    red, blue = np.eye(8)[3], np.eye(8)[7]  # hue 0 and 2/3, both of full saturation and value: 4 h + 2 s + v
    np.testing.assert_allclose(whole, (red + blue) / np.sqrt(2), atol=1e-6)
    np.testing.assert_allclose(np.stack(quadrants), np.stack([red, blue, red, blue]) / 2, atol=1e-6)


def test_every_grid_weighs_the_same():
    features = ColorHistogram(n_bins=2, grids=(1, 2, 4)).encode(IMAGES, NoState())
    lengths = [part.norm(dim=1) for part in features.split([8, 32, 128], dim=1)]
    np.testing.assert_allclose(torch.stack(lengths), 1, rtol=1e-5)


def test_hog_agrees_with_skimage_at_every_scale():
    found = Hog(cell_sizes=(4, 8)).encode(IMAGES, NoState())
    expected = []
    for cell in (4, 8):
        blocks = [hog(image.numpy(), 9, (cell, cell), (2, 2), channel_axis=-1) for image in IMAGES.float()]
        expected.append(np.stack([block / np.linalg.norm(block) for block in blocks]))
    np.testing.assert_allclose(found, np.concatenate(expected, axis=1), atol=1e-4)


def test_local_binary_patterns_do_not_see_a_change_of_brightness():
    """But for the cells at the border, beyond which everything is black."""
    dim = IMAGES[..., :1] // 2
    family = LocalBinaryPatterns(radii=(1,), patterns="uniform", n_cells=4)
    cells = [family.encode(images, NoState()).unflatten(1, (4, 4, 10)) for images in (dim, dim + 100)]
    np.testing.assert_allclose(cells[0][:, 1:3, 1:3], cells[1][:, 1:3, 1:3], atol=1e-6)


def test_patterns_of_every_radius_stand_side_by_side_at_unit_length():
    both = LocalBinaryPatterns(radii=(1, 2)).encode(IMAGES, NoState())
    single = [LocalBinaryPatterns(radii=(radius,)).encode(IMAGES, NoState()) for radius in (1, 2)]
    assert torch.equal(both, torch.cat(single, dim=1))
    np.testing.assert_allclose(single[0].norm(dim=1), 1, rtol=1e-5)


def test_cells_of_hog_grow_with_the_picture():
    """At twice the side, each cell of twice the side: as many numbers, and those of cells chosen by hand."""
    large = IMAGES.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
    follows = Hog(cell_sizes=(4, 8), reference_side=16)
    assert torch.equal(follows.encode(IMAGES, NoState()), Hog(cell_sizes=(4, 8)).encode(IMAGES, NoState()))
    assert torch.equal(follows.encode(large, NoState()), Hog(cell_sizes=(8, 16)).encode(large, NoState()))
    assert follows.refusal((15, 99, 1)) == Hog(cell_sizes=(4, 8)).refusal((15, 99, 1)) != ""


def test_a_gray_histogram_of_a_picture_half_black_by_hand():
    image = torch.zeros(1, 4, 4, 3, dtype=torch.uint8)
    image[:, :, 2:] = 255
    vector = GrayHistogram(n_bins=2, grids=(1, 2)).encode(image, NoState())[0]
    np.testing.assert_allclose(vector[:2], np.sqrt([0.5, 0.5]), atol=1e-6)
    np.testing.assert_allclose(vector[2:].reshape(4, 2), np.array([[1, 0], [0, 1]] * 2) / 2, atol=1e-6)


def named(family, image):
    """Of one picture the values that are not zero, by name."""
    (values,) = family.encode(image, NoState()).numpy()
    names = family.column_names(tuple(image.shape[1:]), NoState(), len(values))
    return {name: float(value) for name, value in zip(names, values, strict=True) if value}


def test_names_say_which_color_and_where():
    image = torch.zeros(1, 8, 8, 3, dtype=torch.uint8)
    image[:, :, :4, 0], image[:, :4, 4:, 2] = 255, 255
    found = named(ColorHistogram(n_bins=2, grids=(2,)), image)
    assert set(found) == {
        "cell 1,1 of 2x2 bin h1 s2 v2",
        "cell 1,2 of 2x2 bin h2 s2 v2",
        "cell 2,1 of 2x2 bin h1 s2 v2",
        "cell 2,2 of 2x2 bin h1 s1 v1",
    }
    assert set(named(GrayHistogram(n_bins=4, grids=(1,)), image)) == {"whole bin 1", "whole bin 2"}


def test_names_say_which_cell_and_orientation():
    image = torch.zeros(1, 12, 12, 1, dtype=torch.uint8)
    image[:, 5:7, 10:] = 200  # its left edge, in the cell of the second row and third column, is steep sideways
    found = named(Hog(cell_sizes=(4,)), image)
    assert all("cell 2,3" in name for name in found)
    assert {name.split(" cell ")[0] for name in found} == {f"cells of 4 px: block {y},2" for y in (1, 2)}
    assert max(found, key=found.get).endswith("orientation 0")


def test_names_say_which_pattern():
    flat = torch.full((1, 16, 16, 1), 99, dtype=torch.uint8)
    found = named(LocalBinaryPatterns(radii=(1, 2), n_cells=1), flat)
    assert max(found, key=found.get) in ("radius 1 whole pattern 255", "radius 2 whole pattern 255")
    assert "radius 2 whole pattern 255" in found
