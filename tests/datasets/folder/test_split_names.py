import pytest

from bakeoff.datasets.folder.split_names import find_splits, split_of_name


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"), ("TRAINING", "train"), ("training_set", "train"), ("TrainData", "train"),
        ("trainset", "train"), ("val", "validation"), ("valid", "validation"), ("dev", "validation"),
        ("eval-images", "validation"),
        ("Test", "test"), ("testing", "test"), ("test_set", "test"), ("hold-out", "test"), ("holdout_set", "test"),
        ("Hold out", "test"), ("train2017", "train"), ("02_val", "validation"), ("Test (30%)", "test"),
        ("trainval", "train"),
        ("train_val", "train"), ("Train-Val 2", "train"), ("tst", "test"), ("train_valid", ""), ("tr", ""),
        ("trainer", ""), ("valley", ""), ("tests", ""), ("cat", ""), ("train test", ""), ("", ""),
    ],
)  # fmt: skip
def test_which_split_a_name_says(name, split):
    assert split_of_name(name)[0] == split


def test_only_a_set_of_splits_is_taken_for_one():
    assert find_splits(["training_set", "test_set", "extra"]) == {"training_set": "train", "test_set": "test"}
    assert find_splits(["seg_train", "seg_test"]) == {"seg_train": "train", "seg_test": "test"}
    assert find_splits(["train station", "test tube"]) == {}
    assert find_splits(["train", "tram"]) == {}
    assert find_splits(["val", "test"]) == {}


def test_several_sets_of_splits_are_refused_where_they_are_folders():
    names = ["trainA", "trainB", "testA", "testB"]
    assert find_splits(names) == {}
    with pytest.raises(ValueError, match=r"testA, testB, trainA, trainB name both a split and something else"):
        find_splits(names, are_folders=True)


def test_where_one_is_for_validation_and_none_for_the_test_evaluation_is_the_test():
    assert find_splits(["train", "dev", "eval"]) == {"train": "train", "dev": "validation", "eval": "test"}
    assert find_splits(["train", "eval"]) == {"train": "train", "eval": "validation"}
    assert find_splits(["train", "val", "eval", "test"])["eval"] == "validation"
