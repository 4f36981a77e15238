"""What every descriptor promises, in one test body."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
import torch
from torch import Tensor

from bakeoff.pipelines.classic.features.color_statistics import extract_color_statistics
from bakeoff.pipelines.classic.features.dense_sift import extract_dense_sift, opponent_colors
from bakeoff.pipelines.classic.features.hog import extract_hog
from bakeoff.pipelines.classic.features.pixel_counts import (
    extract_co_occurrence,
    extract_color_histogram,
    extract_gray_histogram,
    extract_local_binary_patterns,
)
from bakeoff.pipelines.classic.features.planes import CACHE_PIXELS, extract_patches


@dataclass(frozen=True)
class Descriptor:
    """extract: pictures -> descriptors.   smallest: side of the smallest picture it takes, in pixels.
    flat_is_zero: a constant picture gives zeros.   color_only: gray pictures are refused."""

    name: str
    extract: Callable[[Tensor], Tensor]
    smallest: int = 1
    flat_is_zero: bool = False
    color_only: bool = False


DESCRIPTORS = (
    Descriptor("hog", extract_hog, smallest=16, flat_is_zero=True),
    Descriptor("sift", partial(extract_dense_sift, bin_size=4, stride=2), smallest=13, flat_is_zero=True),
    Descriptor(
        "root opponent sift",
        lambda images: extract_dense_sift(opponent_colors(images), bin_size=3, stride=3, root=True, per_channel=True),
        smallest=10,
        flat_is_zero=True,
        color_only=True,
    ),
    Descriptor(
        "color statistics", partial(extract_color_statistics, cell_size=3, stride=2), smallest=12, color_only=True
    ),
    Descriptor(
        "color histogram",
        partial(extract_color_histogram, n_bins=4, n_cells=2),
        smallest=2,
        color_only=True,
    ),
    Descriptor("patches", partial(extract_patches, patch_size=6, stride=2), smallest=6),
    Descriptor("local binary patterns", partial(extract_local_binary_patterns, n_cells=3), smallest=3),
    Descriptor("gray histogram", partial(extract_gray_histogram, n_bins=8, n_cells=2), smallest=2),
    Descriptor("co-occurrence", extract_co_occurrence, smallest=5),
)
each_descriptor = pytest.mark.parametrize("descriptor", DESCRIPTORS, ids=lambda descriptor: descriptor.name)


def pictures(n: int, channels: int = 3, side: int = 24) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    return torch.randint(0, 256, (n, side, side, channels), generator=generator, dtype=torch.uint8)


@each_descriptor
def test_a_batch_of_several_chunks_equals_its_pictures_one_by_one(descriptor):
    batch = pictures(CACHE_PIXELS // 24**2 + 5)
    together = descriptor.extract(batch)
    for i in (0, 1, len(batch) // 2, len(batch) - 1):
        torch.testing.assert_close(together[i], descriptor.extract(batch[i : i + 1])[0], rtol=0, atol=1e-5)


@each_descriptor
def test_bytes_and_the_same_values_as_floats_agree(descriptor):
    images = pictures(3)
    torch.testing.assert_close(descriptor.extract(images.float()), descriptor.extract(images), rtol=0, atol=1e-4)


@each_descriptor
def test_results_are_finite_float32_one_row_a_picture(descriptor):
    result = descriptor.extract(pictures(3))
    assert result.dtype == torch.float32
    assert len(result) == 3
    assert torch.isfinite(result).all()


@each_descriptor
def test_no_pictures_give_no_descriptors(descriptor):
    assert descriptor.extract(pictures(0)).shape == (0, *descriptor.extract(pictures(1)).shape[1:])


@each_descriptor
@pytest.mark.parametrize("value", [0, 77, 255])
def test_a_constant_picture_has_a_defined_result(descriptor, value):
    result = descriptor.extract(torch.full((2, 24, 24, 3), value, dtype=torch.uint8))
    assert torch.isfinite(result).all()
    if descriptor.flat_is_zero:
        assert (result == 0).all()


@each_descriptor
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_non_finite_values_are_refused(descriptor, value):
    images = pictures(2).float()
    images[1, 3, 3, 0] = value
    with pytest.raises(ValueError, match="images must be finite, got NaN or infinity"):
        descriptor.extract(images)


@each_descriptor
def test_other_shapes_and_types_are_refused(descriptor):
    with pytest.raises(ValueError, match="images must be uint8 or float32"):
        descriptor.extract(pictures(2).double())
    with pytest.raises(ValueError, match="images must be uint8 or float32"):
        descriptor.extract(pictures(1)[0])


@each_descriptor
def test_a_picture_smaller_than_the_descriptor_is_refused_with_both_sizes(descriptor):
    descriptor.extract(pictures(1, side=descriptor.smallest))
    if descriptor.smallest == 1:
        return
    side = descriptor.smallest - 1
    with pytest.raises(ValueError, match=rf"at least {descriptor.smallest} x {descriptor.smallest}.*{side} x {side}"):
        descriptor.extract(pictures(1, side=side))


@each_descriptor
def test_gray_pictures_work_or_are_refused_by_name(descriptor):
    if not descriptor.color_only:
        assert torch.isfinite(descriptor.extract(pictures(2, channels=1))).all()
        return
    with pytest.raises(ValueError, match="3 channels, got gray"):
        descriptor.extract(pictures(2, channels=1))
