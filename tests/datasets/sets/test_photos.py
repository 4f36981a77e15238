import numpy as np
import pytest

from bakeoff.datasets.sets.photos import (
    BLOCK_SIZE,
    CROPS_PER_CLASS,
    PICTURES,
    cut_crops,
    deal_blocks,
    load_photos,
    read_picture,
    shrink,
)


@pytest.fixture(scope="module")
def photos():
    return load_photos()


def test_has_a_fixed_number_of_crops_for_each_class(photos):
    for name, split in photos.splits.items():
        assert np.bincount(split.labels).tolist() == [CROPS_PER_CLASS[name]] * len(PICTURES)
        assert split.images.shape[1:] == (32, 32, 3)


def test_is_the_same_every_time(photos):
    assert load_photos().fingerprint() == photos.fingerprint()


@pytest.mark.parametrize("name", PICTURES)
def test_no_pixel_of_a_picture_is_in_two_splits(name):
    height, width = read_picture(name).shape[:2]
    pixel_ids = np.arange(height * width).reshape(height, width, 1)
    seen = {split: set(crops.ravel().tolist()) for split, (crops, _) in cut_crops(pixel_ids, seed=7).items()}
    assert not seen["train"] & seen["test"]
    assert not seen["train"] & seen["validation"]
    assert not seen["validation"] & seen["test"]


def test_changing_one_source_pixel_changes_crops_of_at_most_one_split():
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (301, 299, 3), dtype=np.uint8)
    before = cut_crops(shrink(picture, 2), seed=0)
    changed_splits = []
    for row, column in random.integers(0, 299, (40, 2)):
        touched = picture.copy()
        touched[row, column] = touched[row, column] ^ 128
        after = cut_crops(shrink(touched, 2), seed=0)
        changed_splits.append([name for name in before if (before[name][0] != after[name][0]).any()])
    assert max(map(len, changed_splits)) == 1
    assert {name for names in changed_splits for name in names} == {"train", "validation", "test"}


def test_crops_are_windows_of_the_picture_at_different_places():
    pixel_ids = np.arange(200 * 300).reshape(200, 300, 1)
    for crops, _ in cut_crops(pixel_ids, seed=3).values():
        corners = crops[:, 0, 0, 0]
        assert len(set(corners.tolist())) == len(corners)
        expected = corners[:, None, None] + 300 * np.arange(32)[:, None] + np.arange(32)
        np.testing.assert_array_equal(crops[..., 0], expected)


def test_crops_that_share_a_pixel_are_of_one_group():
    height, width = 200, 300
    pixel_ids = np.arange(height * width).reshape(height, width, 1)
    groups_of: dict[int, set[int]] = {}
    for crops, blocks in cut_crops(pixel_ids, seed=3).values():
        for crop, block in zip(crops, blocks.tolist(), strict=True):
            for pixel in crop.ravel().tolist():
                groups_of.setdefault(pixel, set()).add(block)
    assert max(map(len, groups_of.values())) == 1


def test_groups_are_of_one_picture(photos):
    for split in photos.splits.values():
        assert all(len(set(split.labels[split.groups == group].tolist())) == 1 for group in set(split.groups.tolist()))


def test_blocks_tile_the_picture_and_are_large_enough():
    blocks = np.concatenate(list(deal_blocks(191, 384, np.random.RandomState(0)).values()))
    covered = np.zeros((191, 384), dtype=int)
    for top, bottom, left, right in blocks:
        assert bottom - top >= BLOCK_SIZE
        assert right - left >= BLOCK_SIZE
        covered[top:bottom, left:right] += 1
    assert (covered == 1).all()


def test_shrink_averages_whole_squares():
    picture = np.array([[0, 2, 9], [4, 6, 9], [9, 9, 9]], dtype=np.uint8)[:, :, None]
    np.testing.assert_array_equal(shrink(picture, 2), [[[3]]])


def test_pictures_come_from_installed_packages_only(monkeypatch):
    monkeypatch.setattr("bakeoff.datasets.sets.photos.find_spec", lambda package: None)
    with pytest.raises(FileNotFoundError, match=r"'brick' is not in skimage .* install skimage again"):
        read_picture("brick")


def test_notes_say_which_pictures_are_gray(photos):
    assert "brick, camera, coins, grass, gravel, moon, page, text" in photos.notes[0]
