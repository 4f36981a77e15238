import numpy as np
import pytest
import torch

from bakeoff.pipelines.classic.families.descriptors import (
    ColorStatistics,
    DenseSift,
    Patches,
    repeat_border,
)

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 18, 22, 3), dtype=np.uint8)
KINDS = [
    DenseSift(bin_sizes=(3,), stride=3),
    DenseSift(bin_sizes=(3, 4), overhang=True),
    DenseSift(bin_sizes=(3,), color="opponent"),
    ColorStatistics(),
    ColorStatistics(overhang=True),
    Patches(stride=3),
]
every_kind = pytest.mark.parametrize("descriptors", KINDS, ids=repr)


@every_kind
def test_there_is_one_position_a_descriptor_inside_the_picture(descriptors):
    extracted, positions = descriptors.extract(torch.from_numpy(IMAGES)), descriptors.positions(18, 22)
    assert extracted.shape[:2] == (6, len(positions))
    assert positions.min() >= 0
    assert (positions <= torch.tensor([21, 17])).all()


@every_kind
def test_positions_are_where_the_descriptors_look(descriptors):
    """A lit pixel changes only descriptors around it, half of them on either side."""
    dark = torch.full((1, 20, 60, 3), 100, dtype=torch.uint8)
    lit = dark.clone()
    lit[0, 10, 30] = torch.tensor([255, 180, 90], dtype=torch.uint8)
    changed = (descriptors.extract(lit) - descriptors.extract(dark)).norm(dim=2)[0] > 1e-3
    x = descriptors.positions(20, 60)[changed, 0]
    assert abs(float(x.mean()) - 30) < 2
    assert (x - 30).abs().max() < 14


@every_kind
def test_a_sample_holds_true_descriptors_with_their_positions(descriptors):
    sample, places = descriptors.sample(IMAGES, n_samples=50, seed=3)
    everything = descriptors.extract(torch.from_numpy(IMAGES))
    positions = descriptors.positions(18, 22)
    assert len(sample) == len(places) == 50
    for row, place in zip(sample, places, strict=True):
        here = (positions == place).all(dim=1)
        assert (everything[:, here] - row).abs().amax(dim=2).min() < 1e-5


def test_a_sample_of_more_than_there_is_holds_every_descriptor_once():
    descriptors = Patches(stride=4)
    sample, places = descriptors.sample(IMAGES, n_samples=10_000, seed=0)
    everything = descriptors.extract(torch.from_numpy(IMAGES)).flatten(0, 1)
    assert sample.shape == everything.shape
    np.testing.assert_allclose(sample.sort(dim=0).values, everything.sort(dim=0).values, atol=1e-6)
    np.testing.assert_array_equal(places.unique(dim=0, return_counts=True)[1], len(IMAGES))


def test_a_sample_takes_equally_many_from_every_picture():
    """Pictures of one gray level each tell which picture a raw patch is from."""
    images = np.broadcast_to(np.arange(6, dtype=np.uint8).reshape(6, 1, 1, 1), (6, 18, 22, 3)).copy()

    class RawPatches(Patches):
        def extract(self, images):
            return images[:, :3, :3].float().flatten(1)[:, None].expand(-1, len(self.positions(18, 22)), -1)

    sample, _ = RawPatches().sample(images, n_samples=240, seed=0)
    np.testing.assert_array_equal(sample[:, 0].long().bincount(minlength=6), 40)


@pytest.mark.parametrize(("n_images", "n_samples"), [(6, 50), (230, 4000), (230, 300), (230, 10**6)])
def test_a_sample_drawn_by_batches_is_the_one_drawn_at_once(n_images, n_samples):
    """The formula drew one random number for every descriptor of every chosen picture before the first batch."""
    images = np.random.default_rng(1).integers(0, 256, (n_images, 10, 11, 1), dtype=np.uint8)
    descriptors = Patches(stride=2)
    positions = descriptors.positions(10, 11)
    generator = np.random.default_rng(5)
    per_image = min(40, len(positions))
    n_chosen = min(n_images, -(-n_samples // per_image))
    per_image = min(-(-n_samples // n_chosen), len(positions))
    chosen = np.sort(generator.choice(n_images, n_chosen, replace=False))
    drawn = torch.from_numpy(generator.random((n_chosen, len(positions))).argsort(axis=1)[:, :per_image])
    everything = descriptors.extract(torch.from_numpy(images[chosen]))
    sample, places = descriptors.sample(images, n_samples=n_samples, seed=5)
    expected = everything.take_along_dim(drawn[:, :, None], dim=1).flatten(0, 1)[:n_samples]
    assert torch.equal(sample, expected)
    assert torch.equal(places, positions[drawn.flatten()][:n_samples])


def test_the_border_is_repeated_as_by_numpy():
    padded = np.pad(IMAGES, ((0, 0), (3, 3), (3, 3), (0, 0)), mode="edge")
    np.testing.assert_array_equal(repeat_border(torch.from_numpy(IMAGES), 3), padded)


def test_overhang_adds_descriptors_nearer_to_the_border():
    plain, over = (DenseSift(bin_sizes=(4,), overhang=overhang).positions(18, 22) for overhang in (False, True))
    assert len(over) > len(plain)
    assert (over.min(dim=0).values < plain.min(dim=0).values).all()


def test_opponent_sift_is_three_times_as_long_and_falls_back_to_gray():
    color = DenseSift(bin_sizes=(3,), color="opponent")
    assert color.extract(torch.from_numpy(IMAGES)).shape[2] == 384
    gray = torch.from_numpy(IMAGES[..., :1].copy())
    np.testing.assert_array_equal(color.extract(gray), DenseSift(bin_sizes=(3,)).extract(gray))


def test_refusals_say_what_is_missing():
    assert ColorStatistics().refusal((32, 32, 3)) == ""
    assert ColorStatistics().refusal((32, 32, 1)) == "it needs color, and these pictures are gray"
    assert "at least" in DenseSift().refusal((16, 40, 3))


@pytest.mark.parametrize("kind", [DenseSift, ColorStatistics, Patches])
def test_the_stride_follows_the_root_of_the_side_and_what_is_seen_stays_as_fine(kind):
    follows, images = kind(stride=2, reference_side=32), np.random.default_rng(0).integers(0, 256, (1, 128, 130, 3))
    pictures = torch.from_numpy(images.astype(np.uint8))
    assert torch.equal(follows.positions(32, 40), kind(stride=2).positions(32, 40))
    assert torch.equal(follows.positions(64, 70), kind(stride=3).positions(64, 70))
    assert torch.equal(follows.positions(128, 130), kind(stride=4).positions(128, 130))
    assert torch.equal(follows.extract(pictures), kind(stride=4).extract(pictures))
    assert torch.equal(follows.positions(26, 40), kind(stride=2).positions(26, 40))  # never finer
