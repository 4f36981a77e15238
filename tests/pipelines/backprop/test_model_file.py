from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bakeoff.pipelines.backprop.model_file import BackpropModel, build_backprop_model, store_backprop_model
from bakeoff.pipelines.backprop.standardize import fit_standardizer
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
