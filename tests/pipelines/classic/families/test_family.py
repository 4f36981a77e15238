"""What holds for every family: one body of tests for all of them."""

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.pipelines.classic.families.bag_of_words import BagOfWords, PatchWords
from bakeoff.pipelines.classic.families.descriptors import ColorStatistics, DenseSift, Patches
from bakeoff.pipelines.classic.families.family import NoState, View, batch_ends, encode_all
from bakeoff.pipelines.classic.families.fisher_vectors import FisherVectors, PatchFisherVectors
from bakeoff.pipelines.classic.families.histograms import (
    ColorHistogram,
    CoOccurrence,
    GrayHistogram,
    Hog,
    LocalBinaryPatterns,
)
from bakeoff.pipelines.classic.families.pixels import PixelPca
from bakeoff.pipelines.machine.cores import Hands
from bakeoff.pipelines.results.fitted_values import from_arrays, to_arrays

SIFT = DenseSift(bin_sizes=(3, 4), stride=4)
FAMILIES = [
    ColorHistogram(n_bins=3, grids=(1, 2)),
    Hog(),
    LocalBinaryPatterns(radii=(1, 2), n_cells=2),
    LocalBinaryPatterns(radii=(1,), patterns="uniform", n_cells=1),
    GrayHistogram(n_bins=5, grids=(1, 2)),
    CoOccurrence(distances=(1, 2), n_levels=8),
    Hog(cell_sizes=(4,), reference_side=8),
    BagOfWords(descriptors=SIFT, n_words=7, n_samples=300, n_iterations=3),
    PixelPca(n_components=5),
    PatchWords(n_words=6, n_samples=300, n_iterations=3),
    FisherVectors(descriptors=SIFT, n_components=6, n_gaussians=3, n_samples=300, n_iterations=3),
    FisherVectors(descriptors=ColorStatistics(), n_components=4, n_gaussians=3, n_samples=300, n_iterations=3),
    PatchFisherVectors(descriptors=Patches(stride=4), n_components=6, n_gaussians=3, n_samples=300, n_iterations=3),
]
LENGTHS = {"color histogram": 27 * 5, "gray histogram": 5 * 5, "bag of words": 5 * 7, "pixel pca": 5}
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 17, 18, 3), dtype=np.uint8)

every_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: f"{family.name} {len(repr(family))}")


def encode(family, images=IMAGES, **options):
    return encode_all(family, family.fit(IMAGES, 0), images, **options)


@every_family
def test_gives_one_finite_vector_a_picture(family):
    features = encode(family)
    assert features.dtype == np.float32
    assert features.shape == (12, LENGTHS.get(family.name, features.shape[1]))
    assert np.isfinite(features).all()
    assert features.std(axis=0).max() > 0


@every_family
def test_a_picture_is_encoded_alike_whatever_stands_beside_it(family, monkeypatch):
    """So batches may have any size, and no test picture can change another's features."""
    together = encode(family)
    monkeypatch.setattr(type(family), "batch_size", 5)
    np.testing.assert_allclose(encode(family, IMAGES[::-1])[::-1], together, atol=2e-5)


@every_family
def test_mirrored_is_the_encoding_of_the_mirror_image(family):
    np.testing.assert_allclose(encode(family, view=View(mirrored=True)), encode(family, IMAGES[:, :, ::-1]), atol=1e-6)


def test_a_view_moves_the_picture_repeats_its_border_and_turns_it():
    picture = torch.tensor([[1, 2, 3], [4, 5, 6]])[None, ..., None]
    assert View(1, -1).of(picture)[0, ..., 0].tolist() == [[2, 3, 3], [2, 3, 3]]
    assert View(0, 1, mirrored=True).of(picture)[0, ..., 0].tolist() == [[2, 1, 1], [5, 4, 4]]
    assert View().of(picture) is picture
    assert [View().name, View(1, -1).name, View(0, 2, mirrored=True).name] == ["", "moved 1,-1 ", "moved 0,2 mirrored "]


@every_family
def test_what_was_learnt_survives_the_disk(family):
    state = family.fit(IMAGES, 0)
    again = from_arrays(family.state_type, to_arrays(state))
    np.testing.assert_array_equal(encode_all(family, again, IMAGES), encode_all(family, state, IMAGES))


@every_family
def test_only_a_random_family_depends_on_the_seed(family):
    first, same, other = (to_arrays(family.fit(IMAGES, seed)) for seed in (0, 0, 1))
    assert all(np.array_equal(first[name], same[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first) == family.is_random


@every_family
@pytest.mark.parametrize("shape", [(20, 24, 1), (20, 24, 3), (4, 24, 3), (11, 11, 1)])
def test_refuses_exactly_the_pictures_it_cannot_encode(family, shape):
    images = np.random.default_rng(1).integers(0, 256, (12, *shape), dtype=np.uint8)
    if family.refusal(shape):
        with pytest.raises(ValueError, match=r"color|must be at least"):
            encode_all(family, family.fit(images, 0), images)
    else:
        assert len(encode_all(family, family.fit(images, 0), images)) == 12


def test_tells_of_every_picture_and_stores_what_is_asked():
    family, told = Hog(cell_sizes=(4,)), []
    images = np.concatenate([IMAGES] * 20)
    features = encode_all(family, NoState(), images, dtype=np.float16, advance=told.append)
    assert sum(told) == len(images)
    assert len(told) > 1
    assert features.dtype == np.float16
    np.testing.assert_allclose(features[:12], encode(family), atol=1e-3)


def test_no_pictures_are_an_error():
    with pytest.raises(ValueError, match="at least one picture, got none"):
        encode_all(Hog(), NoState(), IMAGES[:0])


def test_names_are_plain_words():
    assert [family.name for family in FAMILIES[:3]] == ["color histogram", "hog", "local binary patterns"]


def test_fewer_descriptors_than_words_make_a_smaller_codebook():
    family = replace(next(family for family in FAMILIES if isinstance(family, BagOfWords)), n_words=10_000)
    assert family.fit(IMAGES[:1], 0).n_words == len(SIFT.positions(17, 18))


def test_a_flat_picture_is_encoded_too():
    for family in FAMILIES:
        assert torch.isfinite(
            family.encode(torch.full((1, 17, 18, 3), 90, dtype=torch.uint8), family.fit(IMAGES, 0))
        ).all()


@pytest.mark.parametrize(
    ("n", "most", "ends"),
    [
        (1, 100, [1]),
        (100, 100, [100]),
        (101, 100, [50, 101]),
        (450, 100, [75, 150, 225, 300, 375, 450]),
        (2, 1, [1, 2]),
    ],
)
def test_several_batches_are_an_even_number_of_one_size(n, most, ends):
    assert batch_ends(n, most) == ends


@given(n=st.integers(1, 3000), most=st.integers(1, 200))
def test_batches_hold_every_picture_and_no_more_than_they_may(n, most):
    sizes = np.diff([0, *batch_ends(n, most)])
    assert sizes.sum() == n
    assert 1 <= sizes.min() <= sizes.max() <= most


@every_family
def test_whatever_is_learnt_tells_how_far_it_is(family):
    told = []

    @contextmanager
    def show(description, total):
        told.append([description, total, 0])

        def advance(n=1, note=""):
            told[-1][2] += n

        yield advance

    family.fit(IMAGES, 0, Hands(show=show))
    assert bool(told) == (family.state_type is not NoState)
    for description, total, done in told:
        assert done == total or ("k-means" in description and 0 < done < total)  # k-means may end early


@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
@every_family
def test_every_value_has_a_name_of_its_own(family, n_channels):
    images = np.concatenate([IMAGES, IMAGES], axis=3)[..., :n_channels]
    if family.refusal(images.shape[1:]):
        assert n_channels != 3
        return
    state = family.fit(images, 0)
    length = encode_all(family, state, images[:1]).shape[1]
    names = family.column_names(images.shape[1:], state, length)
    assert len(names) == length == len(set(names))


@every_family
def test_every_one_of_five_channels_is_seen_or_refused(family):
    images = np.concatenate([IMAGES, IMAGES[::-1]], axis=3)[..., :5]
    if family.refusal(images.shape[1:]):
        assert "it needs red, green and blue, and these pictures have 5 channels" in family.refusal(images.shape[1:])
        return
    state = family.fit(images, 0)
    features = encode_all(family, state, images)
    for channel in range(5):
        changed = images.copy()
        changed[..., channel] = 255 - changed[..., channel] // 2
        assert not np.allclose(encode_all(family, state, changed), features), channel
