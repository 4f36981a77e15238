"""Splits of all pictures: who is tested when, what stays together, and what is kept."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.classic.families.family import encode_all
from bakeoff.pipelines.classic.system import family_features
from bakeoff.pipelines.contest.cross_validation import (
    NEVER,
    cross_validate,
    deal_folds,
    fold_dataset,
    plan_splits,
    pool,
)
from bakeoff.pipelines.experiments import all_experiments
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.neural.networks.perceptrons import Perceptron
from bakeoff.pipelines.results.run import NotApplicableError
from bakeoff.pipelines.results.study import load_study, save_study, unpack_correct, unpack_numbers


def colored(n: int, seed: int, groups: np.ndarray | None = None) -> Split:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    images = rng.integers(0, 120, (n, 32, 32, 3))
    images[labels == 1, :, :, 0] += 60
    return Split(images.astype(np.uint8), labels, groups)


@pytest.fixture
def dataset() -> Dataset:
    return Dataset("colored", ("blue", "red"), colored(35, 0), colored(5, 1), colored(10, 2), split_by_us=True)


def test_every_picture_is_tested_once_and_classes_are_spread_evenly():
    labels = np.repeat([0, 1], [180, 20])
    folds = deal_folds(labels, np.arange(200), 5, seed=0)
    assert np.bincount(folds).tolist() == [40] * 5
    assert np.bincount(folds[labels == 1]).tolist() == [4] * 5
    assert (folds != deal_folds(labels, np.arange(200), 5, seed=1)).any()


def test_a_group_is_in_one_fold():
    labels, groups = np.arange(300) // 10 % 2, np.arange(300) // 10
    folds = deal_folds(labels, groups, 5, seed=0)
    assert all(len(set(folds[groups == group])) == 1 for group in range(30))


def test_groups_that_hold_every_class_are_tested():
    labels, groups = np.arange(300) % 3, np.arange(300) // 30  # ten patients, of each all classes
    folds = deal_folds(labels, groups, 5, seed=0)
    assert np.bincount(folds).tolist() == [60] * 5
    assert all(len(set(folds[groups == group])) == 1 for group in range(10))


def test_a_class_of_two_groups_is_learned_from_alone():
    labels, groups = np.repeat([0, 1, 2], 10), np.arange(30)
    groups[20:] = 20 + np.arange(10) % 2
    folds = deal_folds(labels, groups, 5, seed=0)
    assert (folds == NEVER).tolist() == (labels == 2).tolist()


def test_what_is_in_a_group_with_a_class_of_two_groups_is_learned_from_alone():
    labels, groups = np.arange(60) % 2, np.arange(60) // 6
    labels[[0, 6]] = 2
    assert (deal_folds(labels, groups, 5, seed=0) == NEVER).tolist() == (groups < 2).tolist()


@pytest.mark.parametrize(
    ("labels", "groups"),
    [([0, 0, 0, 1, 1], range(5)), ([0, 1, 2] * 4, np.arange(12) // 3), ([0, 1] * 4, range(8))],
    ids=["a class of two", "four patients with every class", "no class with a picture for each fold"],
)
def test_too_few_groups_are_refused(labels, groups):
    with pytest.raises(NotApplicableError, match="two classes of 3"):
        deal_folds(np.array(labels), np.array(groups), 5, seed=0)


def test_copies_in_several_splits_are_one_group(dataset):
    copied = replace(dataset, test=Split(np.repeat(dataset.train.images[:1], 10, 0), dataset.test.labels * 0))
    groups = pool(copied).groups
    assert groups.tolist() == [*range(40), *[0] * 10]


def test_validation_shares_no_group_with_training():
    groups = np.arange(80) // 4
    one = colored(80, 0, groups)
    base = Dataset("colored", ("blue", "red"), one, one, one)
    folds = deal_folds(one.labels, groups, 5, seed=0)
    split = fold_dataset(base, one, folds == 1, seed=0)
    found = [set(part.groups.tolist()) for part in split.splits.values()]
    assert sum(map(len, found)) == 20 == len(set.union(*found))
    assert sum(map(len, split.splits.values())) == 80


def test_classes_of_fewer_pictures_than_parts_of_validation_are_split():
    one = colored(16, 0, np.arange(16))
    base = Dataset("colored", ("blue", "red"), one, one, one)
    folds = deal_folds(one.labels, one.groups, 5, seed=0)
    for fold in range(5):
        split = fold_dataset(base, one, folds == fold, seed=fold)
        assert np.bincount(split.train.labels).min() >= 5
        assert 1 <= len(split.validation) <= 3


@pytest.mark.parametrize(
    ("labels", "groups"),
    [(np.repeat([0, 1], 40), np.arange(80) // 10), (np.repeat([0, 1, 2], [20, 7, 7]), np.arange(34).clip(19))],
    ids=["eight patients", "a large class of one patient"],
)
def test_groups_fewer_than_parts_of_validation_are_split(labels, groups):
    one = Split(np.zeros((len(labels), 8, 8, 1), np.uint8), labels, groups)
    base = Dataset("patients", tuple("abc"[: labels.max() + 1]), one, one, one)
    folds = deal_folds(labels, groups, 5, seed=0)
    for fold in range(5):
        split = fold_dataset(base, one, folds == fold, seed=fold)
        assert len(split.validation)
        assert len(set(groups)) == sum(len(set(part.groups)) for part in split.splits.values())


@pytest.mark.parametrize(
    ("asked", "a_split", "changes", "expected"),
    [
        (None, 121.0, {}, 0),  # not even one repeat in 600 s
        (None, 50.0, {}, 10),
        (None, 1e-6, {}, 20),
        (None, 1e-6, {"split_by_us": False}, 0),
        (1, 1e-6, {}, 0),
        (3, 6000.0, {"split_by_us": False}, 3),
    ],
)
def test_how_many_splits_are_drawn(dataset, asked, a_split, changes, expected):
    assert plan_splits(replace(dataset, **changes), asked, 600.0, a_split) == expected


def test_the_first_repeat_has_five_minutes_whatever_the_budget(dataset):
    assert plan_splits(dataset, None, 30.0, 60.0) == 5
    assert plan_splits(dataset, None, 30.0, 61.0) == 0


def test_many_pictures_keep_their_split(dataset):
    many = Split(np.zeros((2000, 8, 8, 1), np.uint8), np.zeros(2000, np.int64))
    large = Dataset("large", ("a", "b"), many, many, many, split_by_us=True)
    assert plan_splits(large, None, 600.0, 1e-6) == 0


def test_features_that_nothing_is_learned_for_are_made_once(dataset, tmp_path, monkeypatch):
    encoded: list[tuple[str, int]] = []

    def counting(family, state, images, **settings):
        encoded.append((family.name, len(images)))
        return encode_all(family, state, images, **settings)

    monkeypatch.setattr(family_features, "encode_all", counting)
    finalists = [all_experiments()[name] for name in ("color-histogram", "pca")]
    workspace = Workspace(tmp_path / "few", console=Console(file=io.StringIO()))
    found = cross_validate(dataset, finalists, 5, 0, workspace)
    assert {name: sum(n for other, n in encoded if other == name) for name, _ in encoded} == {
        "color histogram": 50,
        "pixel pca": 5 * 50,  # its projection is learned in every fold
    }
    monkeypatch.setattr("bakeoff.pipelines.contest.cross_validation.FEW_PICTURES", 50)
    encoded.clear()
    again = cross_validate(dataset, finalists, 5, 0, replace(workspace, artifacts=tmp_path / "many"))
    assert sum(n for _, n in encoded) == 2 * 5 * 50
    assert [row["correct"] for row in again.rows] == [row["correct"] for row in found.rows]


def test_answers_out_of_fold_are_kept_and_found_again(dataset, tmp_path, monkeypatch):
    workspace = Workspace(tmp_path, console=Console(file=io.StringIO()))
    finalists = [replace(all_experiments()[name], image_size=16) for name in ("color-histogram", "mlp")]
    finalists[1] = replace(finalists[1], config=replace(finalists[1].config, architecture=Perceptron(())))
    study = cross_validate(dataset, finalists, 6, 0, workspace)
    assert load_study(save_study(study, tmp_path)) == study
    assert [row["split"] for row in study.rows] == [split for split in range(6) for _ in finalists]
    folds = [unpack_numbers(text) for text in study.settings["folds"]]
    assert [len(unpack_numbers(study.settings["labels"])), *map(len, folds)] == [50, 50, 50]
    for row in study.rows:
        right = unpack_correct(row["correct"], row["n_test"])
        assert len(right) == np.count_nonzero(folds[row["repeat"]] == row["fold"])
        assert right.mean() == pytest.approx(row["accuracy"])
    assert np.mean([row["accuracy"] for row in study.rows if row["experiment"] == "color-histogram"]) > 0.9
    monkeypatch.setattr("bakeoff.pipelines.machine.job.save_stored_model", None)  # nothing trains
    assert cross_validate(dataset, finalists, 6, 0, workspace).rows == study.rows
