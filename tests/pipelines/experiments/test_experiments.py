from dataclasses import replace

import numpy as np
import pytest

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.experiments import GROUPS, all_experiments, choose_experiments, distinct_experiments, train_once
from bakeoff.pipelines.machine.cache import hash_inputs
from bakeoff.pipelines.machine.workspace import Workspace


def test_no_name_is_given_twice():
    """Two approaches with one name would hide an experiment."""
    from bakeoff.pipelines.backprop.pipeline import EXPERIMENTS as BACKPROP
    from bakeoff.pipelines.classic.experiments import EXPERIMENTS as CLASSIC
    from bakeoff.pipelines.frozen.pipeline import EXPERIMENTS as FROZEN
    from bakeoff.pipelines.neural.config import EXPERIMENTS as NEURAL

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
    names = [experiment.name for experiment in choose_experiments(["mlp", "hog", "families", "mlp"])]
    assert names == ["mlp", "hog", *(name for name in GROUPS["families"] if name != "hog")]


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
    chosen = choose_experiments(["families", "xrce2011", "xrce2011-sift", "xrce2011-color", "mlp"])
    kept = distinct_experiments(chosen, (32, 32, channels))
    assert {e.name for e in chosen} - {e.name for e in kept} == left_out
    assert [e for e in chosen if e in kept] == kept


def test_a_run_is_made_once_and_again_for_another_seed_or_setting(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 1), dtype=np.uint8)
    part = Split(images, np.arange(12) % 2)
    dataset, workspace = Dataset("noise", ("a", "b"), part, part, part), Workspace(tmp_path)
    experiment = all_experiments()["hog"]
    run, kept = train_once(experiment, dataset, 0, workspace)
    again, kept_again = train_once(experiment, dataset, 0, workspace)
    assert (kept, kept_again) == (False, True)
    np.testing.assert_array_equal(run.scores, again.scores)
    changed = replace(experiment, config=replace(experiment.config, mirror=True))
    assert not train_once(changed, dataset, 0, workspace)[1]
    assert not train_once(changed, dataset, 1, workspace)[1]
    with pytest.raises(ValueError, match="mlp has no features of its own"):
        all_experiments()["mlp"].extract(dataset, seed=0, workspace=workspace)
