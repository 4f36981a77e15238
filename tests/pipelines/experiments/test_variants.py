"""Studies that train, on small pictures and a small classifier: what is varied, kept and not done twice."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.experiments import all_experiments, variants
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.neural import config as neural
from bakeoff.pipelines.neural.config import Optimizer
from bakeoff.pipelines.neural.networks.perceptrons import Perceptron
from bakeoff.pipelines.results.run import NotApplicableError
from bakeoff.pipelines.results.study import unpack_correct
from bakeoff.pipelines.studies import training_data
from bakeoff.pipelines.studies.request import Draws, Request


def make_dataset(channels: int = 1, *, side: int = 16) -> Dataset:
    """Two classes of noise around two levels of gray; 40 training pictures."""
    random = np.random.default_rng(0)

    def split(n: int) -> Split:
        labels = np.arange(n, dtype=np.int64) % 2
        pixels = random.integers(0, 150, (n, side, side, channels)) + 60 * labels[:, None, None, None]
        return Split(pixels.astype(np.uint8), labels)

    return Dataset("toy", ("dark", "light"), split(40), split(10), split(20))


@pytest.fixture
def request_for(tmp_path, monkeypatch):
    monkeypatch.setitem(
        training_data.PROFILES,
        "quick",
        training_data.Settings(("pca",), sizes=(5, 10, 500), draws=Draws(2, few=12)),
    )
    return lambda **changes: replace(Request(make_dataset(), Workspace(tmp_path), experiments=("pca",)), **changes)


def test_a_learning_curve_holds_every_size_below_all_and_seeds_where_pictures_are_few(request_for):
    study = training_data.run(request_for())
    points = [(row["per_class"], row["n_train"], row["seed"]) for row in study.rows]
    assert points == [(None, 40, 0), (10, 20, 0), (5, 10, 0), (5, 10, 1)]
    for row in study.rows:
        assert unpack_correct(row["correct"], 20).mean() == row["accuracy"]
    assert study.settings["experiments"] == ("pca",)
    assert study.seconds == pytest.approx(sum(row["seconds"] for row in study.rows))


def test_a_second_time_nothing_is_trained_and_no_features_are_left(request_for, monkeypatch, tmp_path):
    first = training_data.run(request_for())
    monkeypatch.setattr("bakeoff.pipelines.classic.pipeline.run_system", None)
    assert training_data.run(request_for()).rows == first.rows
    assert [folder.name for folder in (tmp_path / "cache").iterdir()] == [variants.STAGE]
    assert list((tmp_path / "studies").iterdir()) == []
    assert not (tmp_path / "runs").exists()


def test_a_net_that_did_not_train_is_marked_in_its_row(request_for, monkeypatch):
    title, mlp = neural.EXPERIMENTS["mlp"]
    monkeypatch.setattr(torch.nn.init, "normal_", lambda weights, *_: torch.nn.init.zeros_(weights))
    still = replace(mlp, architecture=Perceptron(()), optimizers=(Optimizer(learning_rate=0.0),), epochs=1)
    monkeypatch.setitem(neural.EXPERIMENTS, "mlp", (title, still))
    for _ in range(2):  # trained, then from the cache
        rows = training_data.run(request_for(experiments=("pca", "mlp"))).rows
        assert {row["did_not_train"] for row in rows if row["experiment"] == "mlp"} == {True}
        assert {row["did_not_train"] for row in rows if row["experiment"] == "pca"} == {False}


def test_a_study_that_was_stopped_keeps_what_was_done(request_for, monkeypatch, tmp_path):
    pipeline, done = variants.train, []

    def stop_at_the_third(*arguments):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(pipeline(*arguments))
        return done[-1]

    monkeypatch.setattr(variants, "train", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        training_data.run(request_for())
    entries = [e for e in (tmp_path / "cache" / variants.STAGE).iterdir() if not e.name.startswith(".")]
    assert len(entries) == 2


def test_wrong_labels_touch_training_and_validation_and_never_the_test():
    dataset = make_dataset()
    noisy = training_data.mislabel(dataset, 0.3, seed=0)
    assert (noisy.train.labels != dataset.train.labels).sum() == 12
    assert (noisy.validation.labels != dataset.validation.labels).sum() == 3
    assert noisy.test is dataset.test
    assert training_data.mislabel(dataset, 0, seed=0) is dataset


def test_label_noise_has_a_row_for_every_rate(request_for):
    study = training_data.run_label_noise(request_for())
    assert [row["rate"] for row in study.rows] == [0, 0.2, 0.4]
    assert {row["n_train"] for row in study.rows} == {40}


def test_what_cannot_be_applied_is_left_out_and_nothing_at_all_is_an_error(request_for):
    rows = training_data.run_label_noise(request_for(experiments=("color-histogram", "pca"))).rows
    assert {row["experiment"] for row in rows} == {"pca"}
    with pytest.raises(NotApplicableError, match="no experiment that can be applied"):
        training_data.run_label_noise(request_for(experiments=("color-histogram",)))


def test_a_saved_run_of_the_very_same_training_is_used(request_for, monkeypatch, tmp_path):
    from bakeoff.pipelines.results.run import save_run

    request = request_for()
    (experiment,) = request.choose(("pca",))
    key = variants.run_key(experiment, request.dataset.fingerprint(), 0)
    run = experiment.run(request.dataset, seed=0, workspace=request.workspace)
    save_run(replace(run, environment={**run.environment, "key": key}), request.workspace.runs)
    monkeypatch.setattr("bakeoff.pipelines.classic.pipeline.run_system", None)
    kept = variants.train(variants.Variant(request.dataset, all_experiments()["pca"], 0, {}), request.workspace)
    np.testing.assert_array_equal(unpack_correct(kept["correct"], 20), run.predictions == run.labels)


def test_all_points_of_a_study_use_the_precision_that_was_measured_once(request_for, monkeypatch, tmp_path):
    from bakeoff.pipelines.neural import probing
    from bakeoff.pipelines.neural.config import EXPERIMENTS, Augmentation, NeuralConfig, Optimizer
    from bakeoff.pipelines.neural.networks.perceptrons import Perceptron

    net = NeuralConfig(
        architecture=Perceptron((4,)),
        optimizers=(Optimizer(learning_rate=0.01),),
        augmentation=Augmentation(flip="none", crop=0),
        epochs=1,
        mixed_precision="auto",
    )
    monkeypatch.setitem(EXPERIMENTS, "tiny-net", ("Test", net))
    measured = []
    monkeypatch.setattr(probing, "has_bfloat16", lambda _: True)
    monkeypatch.setattr(probing, "bfloat16_pays", lambda *_: measured.append(True) or True)
    rows = training_data.run_label_noise(request_for(experiments=("tiny-net",))).rows
    assert len(rows) == 3
    assert len(measured) == 1
    assert (tmp_path / "cache" / "bfloat16").is_dir()
