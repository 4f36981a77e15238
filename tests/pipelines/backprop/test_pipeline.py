"""A whole run on pictures that a net can learn: what it reports, and that it repeats."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.backprop.pipeline import EXPERIMENTS, BackpropConfig, fit_standardizer, run
from bakeoff.pipelines.experiments import load_trained_model
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.run import RunResult, load_run, save_run

CONFIG = BackpropConfig(widths=(24, 16), epochs=4, batch_size=32)


def make_split(n: int, seed: int) -> Split:
    """Three classes of noisy 6 x 5 pictures: red, green and blue."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n, dtype=np.int64) % 3
    images = rng.integers(0, 120, (n, 6, 5, 3), dtype=np.uint8)
    images[np.arange(n), :, :, labels] += np.uint8(60)
    return Split(images, labels)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return Dataset("colors", ("red", "green", "blue"), make_split(300, 0), make_split(60, 1), make_split(90, 2))


def run_in(folder: Path, dataset: Dataset, config: BackpropConfig = CONFIG, seed: int = 0) -> RunResult:
    return run(Job(dataset, experiment="mlp-numpy", title="MLP", config=config, seed=seed, workspace=Workspace(folder)))


def test_run_learns_and_tells_its_story(tmp_path: Path, dataset: Dataset) -> None:
    result = run_in(tmp_path, dataset)
    assert result.accuracy > 0.95
    assert result.side == "end-to-end"
    assert [stage.kind for stage in result.stages] == ["training", "prediction"]
    assert result.size.dimensions == 90
    assert result.size.parameters == 90 * 24 + 24 + 24 * 16 + 16 + 16 * 3 + 3
    (model_file,) = tmp_path.glob("runs/*/mlp-numpy/seed-0/model.safetensors")
    assert result.size.bytes == model_file.stat().st_size > 4 * result.size.parameters
    assert [row["epoch"] for row in result.history] == [1, 2, 3, 4]
    assert result.validation_score == max(row["validation_score"] for row in result.history)
    assert result.diagnostics["flops_per_picture"] == 2 * (90 * 24 + 24 * 16 + 16 * 3)
    assert result.diagnostics["single_picture_seconds"] > 0
    assert result.diagnostics["pictures_per_second"] > 0
    assert result.scores.dtype == np.float32
    loaded = load_run(save_run(result, tmp_path))
    assert loaded.settings == result.settings


def test_run_repeats_and_takes_training_from_the_cache(tmp_path: Path, dataset: Dataset) -> None:
    first, again = run_in(tmp_path / "a", dataset), run_in(tmp_path / "b", dataset)
    np.testing.assert_array_equal(first.scores, again.scores)
    cached = run_in(tmp_path / "a", dataset)
    assert cached.stages[0].reused
    assert not first.stages[0].reused
    np.testing.assert_array_equal(first.scores, cached.scores)
    assert np.abs(first.scores - run_in(tmp_path / "c", dataset, seed=1).scores).max() > 0.01


def test_weights_of_the_best_epoch_are_kept(tmp_path: Path) -> None:
    """Labels without a pattern: validation goes up and down, and the last epoch is not the best."""
    splits = [make_split(90, seed) for seed in range(3)]
    shuffled = [Split(split.images, np.random.default_rng(9).permutation(split.labels)) for split in splits]
    result = run_in(tmp_path, Dataset("noise", ("a", "b", "c"), *shuffled), replace(CONFIG, epochs=6))
    scores = [row["validation_score"] for row in result.history]
    assert scores[-1] < max(scores)
    assert result.validation_score == max(scores)


@pytest.mark.parametrize(
    "changes",
    [{"input_gradient_penalty": 0.1}, {"widths": ()}, {"widths": (5,)}],
    ids=["gradient penalty", "linear", "two layers"],
)
def test_variants_learn_and_their_models_give_the_scores_of_the_run(tmp_path, dataset: Dataset, changes: dict) -> None:
    result = run_in(tmp_path, dataset, replace(CONFIG, **changes))
    assert result.accuracy > 0.9
    (model_file,) = tmp_path.glob("runs/*/mlp-numpy/seed-0/model.safetensors")
    model = load_trained_model(model_file)
    assert (model.experiment, model.class_names, model.image_shape) == ("mlp-numpy", dataset.class_names, (6, 5, 3))
    np.testing.assert_allclose(model.predict_scores(dataset.test.images), result.scores, rtol=1e-4, atol=1e-5)


def test_experiment_is_a_plain_net_with_two_hidden_layers() -> None:
    _, config = EXPERIMENTS["mlp-numpy"]
    assert len(config.widths) == 2
    assert config.input_gradient_penalty == 0


def test_equals_mean_and_deviation_of_numpy() -> None:
    images = np.random.default_rng(0).integers(0, 200, (5, 4, 6, 3), dtype=np.uint8)
    standardizer = fit_standardizer(images)
    np.testing.assert_allclose(standardizer.mean, images.mean(axis=(0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(standardizer.deviation, images.std(axis=(0, 1, 2)), rtol=1e-6)
    pixels = standardizer.apply(images)
    assert pixels.shape == (5, 72)
    assert pixels.dtype == np.float32
    np.testing.assert_allclose(pixels.reshape(-1, 3).mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(pixels.reshape(-1, 3).std(axis=0), 1, atol=1e-5)


def test_counts_every_block_of_pictures(monkeypatch) -> None:
    images = np.random.default_rng(0).integers(0, 256, (50, 4, 6, 3), dtype=np.uint8)
    whole = fit_standardizer(images)
    monkeypatch.setattr("bakeoff.datasets.store.BLOCK_VALUES", 7 * images[0].size)
    np.testing.assert_array_equal(fit_standardizer(images).mean, whole.mean)


def test_pictures_of_one_color_stay_finite() -> None:
    images = np.full((2, 3, 3, 1), 7, dtype=np.uint8)
    np.testing.assert_array_equal(fit_standardizer(images).apply(images), np.zeros((2, 9)))
