from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch

from bakeoff.pipelines.neural import onnx_export
from bakeoff.pipelines.neural.config import NeuralConfig
from bakeoff.pipelines.neural.model_file import NetDescription, NeuralModel
from bakeoff.pipelines.neural.networks.alexnet import SmallAlexNet
from bakeoff.pipelines.neural.networks.build import build_network, fit_to_pixels
from bakeoff.pipelines.neural.networks.convnet import ConvNet
from bakeoff.pipelines.neural.networks.local import LocalPerceptron
from bakeoff.pipelines.neural.networks.mlp import Perceptron
from bakeoff.pipelines.neural.networks.speedrun import Speedrun
from bakeoff.pipelines.neural.onnx_export import PixelsToScores, export_onnx, predict_with_onnx

# Two of them in every run of the tests: torch.export takes 2 to 10 seconds for each.
FAST = [
    NetDescription(Perceptron((8,)), flip_averaging=False),
    NetDescription(ConvNet(4), flip_averaging=False),
]
SLOW = [
    NetDescription(Perceptron((8,), "maxout", normalization="layer"), flip_averaging=False),
    NetDescription(SmallAlexNet((4, 4, 4, 4, 4), 8), flip_averaging=True),
    NetDescription(LocalPerceptron((4, 4, 4), 8), flip_averaging=True),
    NetDescription(Speedrun((4, 8, 8)), flip_averaging=True, shift_averaging=1),
]
SHAPE = (24, 24, 3)


def make_images(n: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, *SHAPE), dtype=np.uint8)


def make_model(description: NetDescription) -> NeuralModel:
    config = NeuralConfig(architecture=description.architecture)
    network = build_network(config.architecture, SHAPE, 3, seed=0)
    fit_to_pixels(network, torch.from_numpy(make_images(50).transpose(0, 3, 1, 2).copy()))
    return NeuralModel("net", ("cat", "dog", "pig"), SHAPE, description, network.eval())


@pytest.mark.parametrize(
    "description",
    [*FAST, *(pytest.param(description, marks=pytest.mark.slow) for description in SLOW)],
    ids=lambda description: type(description.architecture).__name__,
)
def test_the_onnx_net_scores_as_torch_does_for_any_number_of_pictures(description):
    onnx = pytest.importorskip("onnx")
    model = make_model(description)
    content = export_onnx(model)
    for n in (1, 2, 7):
        scores = predict_with_onnx(content, make_images(n))
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores, model.predict_scores(make_images(n)), atol=1e-4)
    properties = {entry.key: entry.value for entry in onnx.load_from_string(content).metadata_props}
    assert properties["experiment"] == "net"
    assert json.loads(properties["class_names"]) == ["cat", "dog", "pig"]


@pytest.mark.parametrize("flips", [False, True])
def test_pixels_to_scores_is_what_predict_scores_does(flips):
    model = make_model(NetDescription(Perceptron((8,)), flip_averaging=flips))
    images = make_images(5)
    with torch.inference_mode():
        scores = PixelsToScores(model)(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(scores, model.predict_scores(images), atol=1e-5)


def test_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(
        ValueError, match=r"exporting needs onnxscript: .*pip install -c constraints.txt -e '\.\[onnx\]'"
    ):
        onnx_export.require_onnx()
