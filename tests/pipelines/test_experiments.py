from __future__ import annotations

import pytest

from bakeoff.pipelines.experiments import GROUPS, all_experiments, choose_experiments, distinct_experiments
from bakeoff.pipelines.machine.cache import hash_inputs


def test_no_name_is_given_twice():
    """Two approaches with one name would hide an experiment."""
    from bakeoff.pipelines.backprop.experiments import EXPERIMENTS as BACKPROP
    from bakeoff.pipelines.classic.experiments import EXPERIMENTS as CLASSIC
    from bakeoff.pipelines.frozen.experiments import EXPERIMENTS as FROZEN
    from bakeoff.pipelines.neural.experiments import EXPERIMENTS as NEURAL

    table = all_experiments()
    assert len(table) == len(BACKPROP) + len(CLASSIC) + len(FROZEN) + len(NEURAL)
    assert not set(GROUPS) & set(table)
    assert all(experiment.name == name for name, experiment in table.items())


def test_all_sides_are_there_and_the_hand_crafted_one_comes_first():
    sides = [experiment.side for experiment in all_experiments().values()]
    assert sides == sorted(sides, key=["hand-crafted", "end-to-end", "frozen"].index)
    assert set(sides) == {"hand-crafted", "end-to-end", "frozen"}


def test_every_configuration_can_be_hashed_and_differs_from_the_others():
    """A saved run is found again by this hash."""
    keys = {hash_inputs("", 1, {"config": experiment.config}) for experiment in all_experiments().values()}
    assert len(keys) == len(all_experiments())


def test_a_group_stands_for_its_members_and_each_is_taken_once():
    names = [experiment.name for experiment in choose_experiments(["mlp", "hog", "hand-crafted", "mlp"])]
    assert names == ["mlp", "hog", *(name for name in GROUPS["hand-crafted"] if name != "hog")]


@pytest.mark.parametrize(
    ("words", "message"), [(["mpl"], "no experiment 'mpl'; choose from: .*mlp"), ([], "no experiment was named")]
)
def test_unknown_words_are_answered_with_the_known_ones(words, message):
    with pytest.raises(ValueError, match=message):
        choose_experiments(words)


@pytest.mark.parametrize(
    ("channels", "left_out"), [(3, set()), (1, {"classic-without-color-histogram", "xrce2011-sift"})]
)
def test_of_experiments_that_are_identical_on_these_pictures_the_shortest_name_is_left(channels, left_out):
    chosen = choose_experiments(["hand-crafted", "xrce2011", "xrce2011-sift", "xrce2011-color", "mlp"])
    kept = distinct_experiments(chosen, (32, 32, channels))
    assert {e.name for e in chosen} - {e.name for e in kept} == left_out
    assert [e for e in chosen if e in kept] == kept
