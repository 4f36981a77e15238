from dataclasses import replace

import numpy as np
import pytest

from bakeoff.pipelines.classic.families.family import encode_all
from bakeoff.pipelines.classic.families.fisher_vectors import FisherVectors
from bakeoff.pipelines.classic.recipes import expected_seconds, mixture_size, recipes

SHAPES = [(side, side, channels) for side in (16, 32, 48, 64, 128, 224) for channels in (1, 3)]
COLOR_ONLY = {"fisher-sift"}  # on gray pictures the recipes with color are these


def families_of(recipe):
    return [family for system in recipe.config.systems for family in system.families]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_recipe_can_take_the_pictures_it_is_for(shape):
    for recipe in recipes(shape, 1000):
        (system,) = recipe.config.systems
        assert all(family.refusal(shape) == "" for family in families_of(recipe))
        assert not system.weights or sum(system.weights) == pytest.approx(1)
        assert len(system.weights) in (0, len(system.families))
        assert len({family.label for family in system.families}) == len(system.families)


def test_recipes_have_the_same_names_in_the_same_order_at_every_size():
    for channels in (1, 3):
        names = {tuple(r.name for r in recipes(shape, 1000)) for shape in SHAPES if shape[2] == channels}
        assert len(names) == 1
        assert names.pop()[:4] == ("texture", "union", "fisher", "fisher-rich")


def test_no_two_recipes_are_alike():
    for channels in (1, 3):
        ladder = recipes((64, 64, channels), 1000)
        assert len({recipe.config for recipe in ladder}) == len(ladder)
        assert len({recipe.title for recipe in ladder}) == len(ladder)


@pytest.mark.parametrize("channels", [1, 3])
def test_every_family_encodes_large_pictures_in_a_vector_of_bounded_length(channels):
    """HOG of 128 pixels had 135,144 numbers when cells did not grow."""
    images = np.random.default_rng(0).integers(0, 256, (6, 96, 96, channels), dtype=np.uint8)
    for recipe in recipes((96, 96, channels), 500):
        for family in families_of(recipe):
            if hasattr(family, "n_samples"):
                family = replace(family, n_samples=400, n_iterations=1)
            features = encode_all(family, family.fit(images, 0), images)
            assert np.isfinite(features).all()
            assert features.shape[1] < 6000


def test_pictures_hold_a_bounded_number_of_descriptors():
    for shape in SHAPES[2:]:
        for recipe in recipes(shape, 1000):
            for family in families_of(recipe):
                if isinstance(family, FisherVectors) and recipe.name != "fisher-fine":
                    assert 100 < len(family.descriptors.positions(*shape[:2])) < 7000


@pytest.mark.parametrize(("n_train", "expected"), [(1, 16), (900, 32), (2640, 64), (10_000, 256), (10**6, 256)])
def test_mixtures_grow_with_the_training_pictures(n_train, expected):
    assert mixture_size(n_train) == expected


def test_steps_up_the_ladder_cost_more_and_so_do_larger_sizes():
    cheap, *_ = ladder = recipes((64, 64, 3), 2000)
    seconds = [expected_seconds(recipe.config, 3000, (64, 64, 3)) for recipe in ladder[:4]]
    assert seconds == sorted(seconds)
    assert expected_seconds(cheap.config, 3000, (128, 128, 3)) > 2 * seconds[0]
    assert expected_seconds(cheap.config, 6000, (64, 64, 3)) > 1.5 * seconds[0]
    mirrored = replace(ladder[2].config, mirror=True)
    assert expected_seconds(mirrored, 3000, (64, 64, 3)) > 1.5 * seconds[2]


def test_families_that_pictures_cannot_feed_cost_nothing():
    (color,) = (recipe for recipe in recipes((32, 32, 3), 2000) if recipe.name == "fisher")
    gray = replace(color.config.systems[0], families=color.config.systems[0].families[:1])
    alone = replace(color.config, systems=(gray,))
    assert expected_seconds(color.config, 100, (32, 32, 1)) == expected_seconds(alone, 100, (32, 32, 1))
