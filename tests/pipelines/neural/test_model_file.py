from __future__ import annotations

import pytest
import torch

from pipelines.neural.config import BottleneckPerceptron, NeuralConfig, Perceptron, SmallAlexNet, Speedrun
from pipelines.neural.model_file import load_model, save_model
from pipelines.neural.networks.build import build_network, fit_to_pixels

CONFIGS = [
    NeuralConfig(architecture=Perceptron((8,), "tanh", "xavier", "layer", 0.1), pixels="zca", flip_averaging=False),
    NeuralConfig(architecture=BottleneckPerceptron(8, 1, 2)),
    NeuralConfig(architecture=SmallAlexNet((4, 4, 4, 4, 4), 8)),
    NeuralConfig(architecture=Speedrun((4, 8, 8))),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: type(c.architecture).__name__)
def test_a_loaded_model_gives_the_same_scores(tmp_path, config):
    shape = (24, 24, 1) if config.pixels == "zca" else (24, 24, 3)
    network = build_network(config, shape, 2, seed=3)
    images = torch.randint(0, 256, (9, shape[2], 24, 24), dtype=torch.uint8)
    fit_to_pixels(network, images)
    n_bytes = save_model(tmp_path / "model.npz", network, config, shape, ("cat", "dog"))
    model = load_model(tmp_path / "model.npz")
    assert n_bytes == (tmp_path / "model.npz").stat().st_size
    assert (model.class_names, model.image_shape) == (("cat", "dog"), shape)
    assert model.flip_averaging is config.flip_averaging
    assert torch.equal(model.network(images), network.eval()(images))


def test_missing_and_damaged_models_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"model\.npz is missing: train the model first"):
        load_model(tmp_path / "model.npz")
    (tmp_path / "model.npz").write_bytes(b"not a model")
    with pytest.raises(ValueError, match=r"model\.npz is not a whole model .*: train it again"):
        load_model(tmp_path / "model.npz")
