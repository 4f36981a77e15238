from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bakeoff.pipelines.backprop.model_file import (
    BackpropModel,
    build_backprop_model,
    fit_standardizer,
    store_backprop_model,
)
from bakeoff.pipelines.backprop.training import initialize_layers
from bakeoff.pipelines.results.model import load_stored_model, save_stored_model

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 4, 5, 3), dtype=np.uint8)


def make_model(*widths: int) -> BackpropModel:
    layers = initialize_layers((60, *widths, 2), np.random.default_rng(1))
    return BackpropModel("mlp-numpy", ("cat", "dog"), (4, 5, 3), fit_standardizer(IMAGES), layers)


@pytest.mark.parametrize("widths", [(), (6,), (6, 4)])
def test_a_loaded_model_gives_the_same_scores(tmp_path, widths):
    model = make_model(*widths)
    save_stored_model(store_backprop_model(model), tmp_path / "model.safetensors")
    loaded = build_backprop_model(load_stored_model(tmp_path / "model.safetensors"))
    assert (loaded.experiment, loaded.class_names, loaded.image_shape) == ("mlp-numpy", ("cat", "dog"), (4, 5, 3))
    np.testing.assert_array_equal(loaded.predict_scores(IMAGES), model.predict_scores(IMAGES))


@pytest.mark.parametrize("widths", [(), (6,), (6, 4)])
def test_scores_are_a_linear_function_of_the_representation(widths):
    model = make_model(*widths)
    weights, bias = model.layers[-1]
    np.testing.assert_allclose(model.represent(IMAGES) @ weights + bias, model.predict_scores(IMAGES), rtol=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        {"layers.0.weights": np.ones((59, 6), np.float32)},
        {"layers.1.weights": np.ones((6, 3), np.float32)},
        {"layers.1.bias": np.ones((1, 2), np.float32)},
        {"standardizer.mean": np.ones(1, np.float32)},
        {"layers.2.weights": np.ones((2, 2), np.float32)},
        {"layers.0.bias": np.ones(6, np.complex64)},
    ],
)
def test_layers_that_do_not_fit_each_other_are_refused(change):
    stored = store_backprop_model(make_model(6))
    with pytest.raises(ValueError, match=r"layers must have|standardizer must have|expected 2 layers|must be float32"):
        build_backprop_model(replace(stored, arrays={**stored.arrays, **change}))


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
    monkeypatch.setattr("bakeoff.datasets.folder.store.BLOCK_VALUES", 7 * images[0].size)
    np.testing.assert_array_equal(fit_standardizer(images).mean, whole.mean)


def test_pictures_of_one_color_stay_finite() -> None:
    images = np.full((2, 3, 3, 1), 7, dtype=np.uint8)
    np.testing.assert_array_equal(fit_standardizer(images).apply(images), np.zeros((2, 9)))
