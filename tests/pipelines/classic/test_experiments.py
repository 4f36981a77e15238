import json

import pytest

from bakeoff.pipelines.classic.experiments import COMPARISON, EXPERIMENTS, FAMILIES
from bakeoff.pipelines.results.configuration import describe

PHOTO, GRAY, THUMBNAIL = (32, 32, 3), (32, 32, 1), (8, 8, 3)


def families_of(name):
    return [family for system in EXPERIMENTS[name][1].systems for family in system.families]


def test_every_family_stands_alone_is_left_out_and_joins_the_whole():
    """What the report needs to say what each family adds."""
    assert len(FAMILIES) == 4
    assert families_of("classic") == [family for _, family in FAMILIES.values()]
    for name, (_, family) in FAMILIES.items():
        assert families_of(name) == [family]
        without = families_of(f"classic-without-{name}")
        assert family not in without
        assert len(without) == len(FAMILIES) - 1


def test_the_comparison_is_every_combination_of_the_four_families():
    assert len(COMPARISON) == len(set(COMPARISON)) == 4 + 4 + 1
    assert all(set(families_of(name)) <= {family for _, family in FAMILIES.values()} for name in COMPARISON)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_configuration_is_sound(name):
    title, config = EXPERIMENTS[name]
    assert title
    for system in config.systems:
        assert len(system.weights) in (0, len(system.families))
        assert not system.weights or sum(system.weights) == pytest.approx(1)
        assert list(system.costs) == sorted(set(system.costs))
        assert all(family.refusal(PHOTO) == "" for family in system.families)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_families_that_stand_together_have_labels_that_differ(name):
    """Their dimensions and times are told by label."""
    labels = [family.label for family in families_of(name)]
    assert len(set(labels)) == len(labels)


def test_every_system_of_2011_has_a_compressed_twin_with_the_same_features():
    for part in ("-sift", "-color", ""):
        for suffix, sub_dimension in (("-compressed", 8), ("-compressed-64x", 16)):
            assert families_of(f"xrce2011{part}{suffix}") == families_of(f"xrce2011{part}")
            systems = EXPERIMENTS[f"xrce2011{part}{suffix}"][1].systems
            assert {system.compression.sub_dimension for system in systems} == {sub_dimension}


def test_titles_differ():
    assert len({title for title, _ in EXPERIMENTS.values()}) == len(EXPERIMENTS)


def test_gray_pictures_leave_out_color_alone():
    assert [name for name, (_, family) in FAMILIES.items() if family.refusal(GRAY)] == ["color-histogram"]


def test_thumbnails_leave_out_what_needs_a_gradient_grid():
    assert [name for name, (_, family) in FAMILIES.items() if family.refusal(THUMBNAIL)] == ["hog", "sift-bow"]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_description_is_json_and_tells_the_kind_of_every_family(name):
    description = describe(EXPERIMENTS[name][1])
    assert json.loads(json.dumps(description)) == description
    kinds = [family["kind"] for system in description["systems"] for family in system["families"]]
    assert kinds == [type(family).__name__ for family in families_of(name)]
