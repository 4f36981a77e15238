import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bakeoff.pipelines.results.run import RunResult, Size, Stage, load_run, load_runs, save_run
from bakeoff.pipelines.results.task import Task, load_task, save_task, task_name


def make_run(**changes) -> RunResult:
    values = {
        "experiment": "hog", "title": "HOG", "side": "hand-crafted", "dataset": "toy", "fingerprint": "0123456789ab",
        "class_names": ("cat", "dog"), "seed": 3, "settings": {"cell_size": 4, "costs": [0.1, 1.0]},
        "labels": np.array([0, 1, 1]), "scores": np.float32([[1, 0], [0, 1], [2, 1]]),
        "validation_labels": np.array([0]), "validation_scores": np.float32([[1, 0]]),
        "validation_score": 1.0, "train_score": 0.9,
        "stages": (Stage("hog", "features", 1.5, 2.5, 1000), Stage("svm", "training", 0.5, 0.5, 2000, reused=True)),
        "size": Size(dimensions=36, parameters=74, bytes=296), "environment": {"commit": "abc"},
        "trials": ({"settings": {"C": 1.0}, "validation_score": 1.0, "seconds": 0.5},),
        "history": ({"epoch": 1, "train_loss": 0.5},),
        "diagnostics": {"dead": [0.0, 0.25]},
    }  # fmt: skip
    return RunResult(**{**values, **changes})


def make_task() -> Task:
    return Task(
        dataset="toy", fingerprint="0123456789ab", class_names=("cat", "dog"), description="Two.", notes=("none",),
        split_sizes={"train": 4, "validation": 1, "test": 3},
        class_counts={"train": (2, 2), "validation": (1, 0), "test": (1, 2)},
        test_images=np.full((3, 2, 2, 1), 7, np.uint8), test_labels=np.array([0, 1, 1]),
    )  # fmt: skip


def test_accuracy_is_the_share_of_highest_scores_on_the_label():
    assert make_run().predictions.tolist() == [0, 1, 0]
    assert make_run().accuracy == pytest.approx(2 / 3)


def test_seconds_add_up_by_kind():
    run = make_run()
    assert (run.seconds("features"), run.seconds("training"), run.seconds()) == (1.5, 0.5, 2.0)


def test_a_saved_run_comes_back_equal(tmp_path):
    run = make_run()
    loaded = load_run(save_run(run, tmp_path))
    for name in ("experiment", "side", "seed", "stages", "size", "class_names", "settings", "trials", "history",
                 "diagnostics", "environment", "validation_score", "train_score"):  # fmt: skip
        assert getattr(loaded, name) == getattr(run, name), name
    for name in ("labels", "scores", "validation_labels", "validation_scores"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(run, name))


def test_a_saved_task_comes_back_equal(tmp_path):
    task = make_task()
    loaded = load_task(save_task(task, tmp_path))
    np.testing.assert_array_equal(loaded.test_images, task.test_images)
    assert (loaded.class_names, loaded.notes, loaded.split_sizes) == (task.class_names, task.notes, task.split_sizes)


@pytest.mark.parametrize("groups", [None, np.array([4, 4, 7])])
def test_a_task_keeps_its_groups_and_its_reading(tmp_path, groups):
    found = load_task(save_task(replace(make_task(), test_groups=groups, reading={"pages": "max"}), tmp_path))
    np.testing.assert_array_equal(found.test_groups, groups)
    assert found.reading == {"pages": "max"}


def test_a_task_saved_before_there_were_groups_has_none(tmp_path):
    folder = save_task(make_task(), tmp_path)
    card = json.loads((folder / "task.json").read_text())
    (folder / "task.json").write_text(
        json.dumps({k: v for k, v in card.items() if k not in ("test_groups", "reading")})
    )
    assert (load_task(folder).test_groups, load_task(folder).reading) == (None, {})


@pytest.mark.parametrize("groups", [np.zeros(2, int), np.zeros(3)])
def test_groups_must_fit_the_labels(groups):
    with pytest.raises(ValueError, match=r"groups must be int64 \(3,\)"):
        replace(make_task(), test_groups=groups)


def test_runs_are_listed_by_experiment_and_seed(tmp_path):
    for experiment, seed in (("mlp", 1), ("hog", 2), ("mlp", 0)):
        folder = save_run(make_run(experiment=experiment, seed=seed), tmp_path)
    found = load_runs(folder.parent.parent)
    assert [(run.experiment, run.seed) for run in found] == [("hog", 2), ("mlp", 0), ("mlp", 1)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": np.zeros((3, 5), np.float32)}, r"scores must have shape \(3, 2\).*got \(3, 5\)"),
        ({"validation_scores": np.zeros((2, 2), np.float32)}, r"validation_scores must have shape \(1, 2\)"),
        ({"scores": np.float32([[1, 0], [0, np.nan], [2, 1]])}, "must be finite"),
    ],
)
def test_scores_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make_run(**changes)


@pytest.mark.parametrize("name", ["run.json", "scores.npz"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\x93NUMPY", b'{"schema": 1}', b'{"schema": 99}'])
def test_a_damaged_file_is_named_with_the_way_out(tmp_path, name, content):
    folder = save_run(make_run(), tmp_path)
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=r"(?s)seed-3.*delete it and run `bakeoff train` again"):
        load_run(folder)


def test_a_pickle_in_a_strangers_file_is_never_opened(tmp_path):
    folder = save_run(make_run(), tmp_path)
    np.savez(folder / "scores.npz", bad=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="damaged"):
        load_run(folder)


@pytest.mark.parametrize(
    ("asked", "name"),
    [("cues", "cues-all"), ("photos", "photos"), ("a/my birds.tar.gz", "my-birds"), ("b.parquet", "b")],
)
def test_runs_are_kept_under_the_name_of_their_data_set(asked, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("photos").symlink_to(tmp_path)  # a folder called like a built-in data set, which is the one taken
    assert task_name(asked) == name
