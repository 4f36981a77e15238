import hashlib
import io
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.fft import dctn

from bakeoff.datasets.folder.duplicates import (
    TURNS,
    close_pairs,
    correlations,
    duplicate_groups,
    near_duplicates,
    perceptual_hashes,
    traits_of,
    turn_hashes,
)
from bakeoff.datasets.sets.photos import load_photos


@pytest.fixture(scope="module")
def pictures():
    """Crops of three photographs."""
    return load_photos().train.images[::20][:60]


def grouped(images, labels=None):
    return duplicate_groups(images, np.zeros(len(images), dtype=np.int64) if labels is None else labels)


def saved_as_jpeg(image, quality=70):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def test_hash_of_a_horizontal_ramp_by_hand():
    # Only the first row of frequencies is non-zero: odd ones, all of one sign (the even ones of a ramp vanish).
    gray = np.arange(8.0)[None, None].repeat(8, axis=1)
    rising, falling = perceptual_hashes(np.concatenate([-gray, gray])).view(np.uint8).reshape(2, 8)
    assert rising[0] & 0b0101_0101 == 0b0101_0101  # bits 1, 3, 5, 7 from the left
    assert falling[0] & 0b0101_0101 == 0


def test_hash_agrees_with_a_two_dimensional_transform_of_each_picture():
    gray = np.random.default_rng(0).random((20, 32, 24))
    for picture, found in zip(gray, perceptual_hashes(gray), strict=True):
        low = dctn(picture)[:8, :8].ravel()
        bits = low > 0
        bits[0] = False
        assert found.tobytes() == np.packbits(bits).tobytes()


def test_hash_ignores_brightness_and_contrast():
    gray = np.random.default_rng(0).random((20, 32, 32))
    np.testing.assert_array_equal(perceptual_hashes(gray), perceptual_hashes(100 * gray + 7))


@pytest.mark.parametrize("turn", TURNS)
def test_hash_of_a_turned_picture_follows_from_the_picture_s(turn):
    images = np.random.default_rng(0).random((20, 32, 32, 1))
    expected = perceptual_hashes(turn.of(images)[..., 0])
    np.testing.assert_array_equal(turn_hashes(perceptual_hashes(images[..., 0]), turn), expected)


def test_the_turns_are_the_eight_of_a_square_and_four_keep_any_rectangle():
    picture = np.arange(9).reshape(1, 3, 3, 1)
    flips = [np.rot90(one, times, axes=(1, 2)) for one in (picture, picture[:, ::-1]) for times in range(4)]
    assert {turn.of(picture).tobytes() for turn in TURNS} == {flip.tobytes() for flip in flips}
    assert [turn.of(np.zeros((1, 2, 3, 1))).shape[1:3] for turn in TURNS] == [(2, 3)] * 4 + [(3, 2)] * 4


@settings(deadline=None)
@given(
    hashes=st.lists(st.integers(0, 2**64 - 1), max_size=30),
    flips=st.lists(st.integers(0, 63), max_size=60),
    mask=st.sampled_from([0, 0b1011101 << 30]),
    labels=st.sampled_from([(0,), (0, 1), (3, 67)]),
)
def test_close_pairs_are_those_of_comparing_all_with_all(hashes, flips, mask, labels):
    near = [value ^ (1 << bit) for value in hashes for bit in flips[:2]]
    values = np.array([*hashes, *near, *(value ^ 0b1011101 << 30 for value in hashes)], dtype=np.uint64)
    others, labels = values ^ np.uint64(mask), np.resize(labels, len(values))
    expected = [
        [i, j]
        for i, j in combinations(range(len(values)), 2)
        if int(values[i] ^ others[j]).bit_count() <= 8 and labels[i] == labels[j]
    ]
    assert close_pairs(values, others, labels).tolist() == expected


def test_correlation_agrees_with_numpy():
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    pairs = np.array(list(combinations(range(6), 2)))
    centered = images - images.mean(axis=(1, 2), keepdims=True)
    expected = [np.corrcoef(centered[left].ravel(), centered[right].ravel())[0, 1] for left, right in pairs]
    np.testing.assert_allclose(correlations(images, pairs), expected, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_traits_are_those_of_each_picture_alone(channels):
    images = np.random.default_rng(0).integers(0, 256, (90, 64, 64, channels), dtype=np.uint8)  # several blocks
    images[7] = images[7, ..., :1]
    images[8] = 3
    found, gray = traits_of(images), images.mean(axis=3)
    np.testing.assert_array_equal(found["hash"], perceptual_hashes(gray))
    assert np.flatnonzero(found["is_flat"]).tolist() == [8]
    assert np.flatnonzero(found["is_gray"]).tolist() == ([7, 8] if channels > 1 else [*range(90)])
    assert found["digest"].tolist() == [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images]
    np.testing.assert_array_equal(found[60:62], np.concatenate([traits_of(images[[60]]), traits_of(images[[61]])]))


def test_of_pictures_with_known_traits_only_near_duplicates_are_read(pictures):
    images = np.concatenate([pictures, [saved_as_jpeg(pictures[10])], pictures[[4]]])
    traits, read = traits_of(images), np.zeros_like(images)
    seen = [10, len(pictures)]
    read[seen] = images[seen]
    labels = np.zeros(len(images), dtype=np.int64)
    expected, found = duplicate_groups(images, labels), duplicate_groups(read, labels, traits)
    assert (expected[0][-1], expected[1][-2]) == (4, 10)
    np.testing.assert_array_equal(found, expected)


def test_groups_equal_pixels_under_the_first():
    images = np.zeros((5, 8, 8, 1), np.uint8)
    images[[1, 3]] = 9
    images[4, 0, 0] = 1
    assert grouped(images)[0].tolist() == [0, 1, 0, 1, 4]


def test_finds_pictures_saved_again_brighter_or_softer(pictures):
    changed = [saved_as_jpeg(pictures[10]), (pictures[20] * 0.9).astype(np.uint8), saved_as_jpeg(pictures[30], 50)]
    _, groups = grouped(np.concatenate([pictures, changed]))
    assert groups[-3:].tolist() == groups[[10, 20, 30]].tolist()


def test_pictures_of_another_hue_are_no_duplicates(pictures):
    structured = pictures[pictures.mean(axis=3).std(axis=(1, 2)) > 20]
    reds = np.zeros_like(structured)
    reds[..., 0] = structured.mean(axis=3)
    blues = reds[..., ::-1]
    count, both = len(reds), np.concatenate([reds, blues])
    for left, right in near_duplicates(both, np.zeros(len(both), dtype=np.int64), traits_of(both)):
        assert (left < count) == (right < count)


def test_flat_pictures_are_duplicates_only_if_equal():
    images = np.full((4, 32, 32, 3), 200, np.uint8)
    images[1] = 90
    images[3, 0, 0] = 201
    assert grouped(images)[1].tolist() == [0, 1, 0, 3]


def test_duplicates_of_duplicates_are_one_group(pictures):
    original = pictures[10]
    again = saved_as_jpeg(original)
    images = np.stack([pictures[30], again, pictures[50], original, again])
    assert grouped(images)[1].tolist() == [0, 1, 2, 1, 1]


def test_grouping_does_not_depend_on_the_order_of_pictures(pictures):
    images = np.concatenate([pictures, [saved_as_jpeg(image) for image in pictures[:10]]])
    order = np.random.default_rng(0).permutation(len(images))
    groups, shuffled = grouped(images)[1], grouped(images[order])[1]
    same = groups[order][:, None] == groups[order][None]
    np.testing.assert_array_equal(same, shuffled[:, None] == shuffled[None])


@pytest.mark.parametrize("turn", TURNS[1:])
def test_a_mirrored_or_turned_copy_is_a_duplicate_within_its_class(pictures, turn):
    copies = np.stack([saved_as_jpeg(np.ascontiguousarray(turn.of(pictures[[index]])[0])) for index in (10, 20)])
    images, labels = np.concatenate([pictures, copies]), np.zeros(len(pictures) + 2, dtype=np.int64)
    labels[-1] = 1  # arrows to the left and to the right
    assert grouped(images, labels)[1][-2:].tolist() == [10, len(pictures) + 1]


def test_pictures_that_are_no_squares_are_compared_without_transposing_them(pictures):
    images = np.concatenate([pictures, pictures[[10], :, ::-1]])[:, :24]
    assert grouped(images)[1][-1] == 10
