from dataclasses import replace

import numpy as np
import pytest
import torch

from bakeoff.pipelines.neural.config import NeuralConfig
from bakeoff.pipelines.neural.networks.build import build_network, fit_to_pixels
from bakeoff.pipelines.neural.networks.convolutional import ConvNet, SmallAlexNet, Speedrun
from bakeoff.pipelines.neural.networks.perceptrons import LocalPerceptron, Perceptron
from bakeoff.pipelines.neural.neural_model import NetDescription, NeuralModel, build_neural_model, store_neural_model
from bakeoff.pipelines.results.model import load_stored_model, save_stored_model

DESCRIPTIONS = [
    NetDescription(Perceptron((8,), "tanh", "layer", 0.1), flip_averaging=False),
    NetDescription(Perceptron(()), flip_averaging=True),
    NetDescription(ConvNet(4), flip_averaging=True),
    NetDescription(LocalPerceptron((4, 4, 4), 8), flip_averaging=True),
    NetDescription(SmallAlexNet((4, 4, 4, 4, 4), 8), flip_averaging=True),
    NetDescription(Speedrun((4, 8, 8)), flip_averaging=True, shift_averaging=1),
]


def make_model(description: NetDescription = DESCRIPTIONS[2], seed: int = 3) -> tuple[NeuralModel, np.ndarray]:
    """A net with first weights, fitted to nine pictures of noise; and the pictures."""
    shape = (24, 24, 3)
    images = np.random.default_rng(seed).integers(0, 256, (9, *shape), dtype=np.uint8)
    config = NeuralConfig(architecture=description.architecture)
    network = build_network(config.architecture, shape, 2, seed)
    fit_to_pixels(network, torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    return NeuralModel("net", ("cat", "dog"), shape, description, network.eval()), images


@pytest.mark.parametrize("description", DESCRIPTIONS, ids=lambda d: type(d.architecture).__name__)
def test_a_loaded_model_gives_the_same_scores(tmp_path, description):
    model, images = make_model(description)
    n_bytes = save_stored_model(store_neural_model(model), tmp_path / "model.safetensors")
    loaded = build_neural_model(load_stored_model(tmp_path / "model.safetensors"))
    assert n_bytes == (tmp_path / "model.safetensors").stat().st_size
    assert (loaded.experiment, loaded.class_names, loaded.image_shape) == ("net", ("cat", "dog"), model.image_shape)
    assert loaded.description == description
    scores = loaded.predict_scores(images)
    assert (scores.dtype, scores.shape) == (np.float32, (9, 2))
    np.testing.assert_array_equal(scores, model.predict_scores(images))


def test_mirror_images_score_the_same_where_flips_are_averaged():
    model, images = make_model()
    np.testing.assert_allclose(
        model.predict_scores(images), model.predict_scores(images[:, :, ::-1]), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("description", DESCRIPTIONS, ids=lambda d: type(d.architecture).__name__)
def test_scores_are_a_linear_function_of_the_representation(description):
    model, images = make_model(description)
    last = [module for module in model.network.modules() if isinstance(module, torch.nn.Linear)][-1]
    scale = description.architecture.output_scale if isinstance(description.architecture, Speedrun) else 1
    with torch.no_grad():
        scores = scale * last(torch.from_numpy(model.represent(images)))
    np.testing.assert_allclose(scores.numpy(), model.predict_scores(images), rtol=1e-4, atol=1e-5)


def test_pictures_of_another_shape_are_refused():
    model, images = make_model()
    with pytest.raises(ValueError, match=r"images must be uint8 \(n, 24, 24, 3\).* got uint8 \(9, 12, 24, 3\)"):
        model.predict_scores(images[:, :12])
    with pytest.raises(ValueError, match="got float64"):
        model.predict_scores(images / 255)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": {"kind": "Perceptron", "widths": [10**6, 10**6]}}, "size mismatch|Missing key"),
        ({"architecture": {"kind": "Perceptron", "widths": [8] * 50}}, "50 layers cannot have"),
        ({"architecture": {"kind": "Sequential"}}, "unknown kind 'Sequential'"),
        ({"architecture": {"kind": "NetDescription"}}, "unknown kind|missing"),
        ({"flip_averaging": "raw"}, "expected"),
    ],
)
def test_a_header_that_promises_something_else_is_refused_before_it_fills_the_memory(change, message):
    stored = store_neural_model(make_model()[0])
    with pytest.raises((ValueError, RuntimeError, TypeError), match=message):
        build_neural_model(replace(stored, settings={**stored.settings, **change}))


def test_weights_of_another_type_are_refused():
    stored = store_neural_model(make_model()[0])
    wrong = {name: array.astype(np.float64) for name, array in stored.arrays.items()}
    with pytest.raises(ValueError, match=r"must be torch\.float32, got torch\.float64"):
        build_neural_model(replace(stored, arrays=wrong))
