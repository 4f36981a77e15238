import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from bakeoff.datasets.resizing import MIDDLE, WHOLE, framed, resize_squares
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.families.bag_of_words import BagOfWords, PatchWords, Vlad
from bakeoff.pipelines.classic.families.descriptors import ColorStatistics, DenseSift
from bakeoff.pipelines.classic.families.family import FeatureFamily, encode_all
from bakeoff.pipelines.classic.families.fisher_vectors import FisherVectors, PatchFisherVectors
from bakeoff.pipelines.classic.families.histograms import (
    ColorHistogram,
    CoOccurrence,
    GrayHistogram,
    Hog,
    LocalBinaryPatterns,
)
from bakeoff.pipelines.classic.families.pixels import PixelPca
from bakeoff.pipelines.classic.matrix.projections import fit_standardizer
from bakeoff.pipelines.classic.system.classic_model import ClassicModel, FittedSystem
from bakeoff.pipelines.neural.networks.build import build_network, fit_to_pixels
from bakeoff.pipelines.neural.networks.convolutional import ConvNet, SmallAlexNet, Speedrun
from bakeoff.pipelines.neural.networks.perceptrons import LocalPerceptron, Perceptron
from bakeoff.pipelines.neural.neural_model import NetDescription, NeuralModel
from bakeoff.pipelines.predict.export import export_model, onnx_file
from bakeoff.pipelines.predict.export.onnx_file import export_onnx, open_session, predict_with_onnx
from bakeoff.pipelines.results.calibrator import Calibrator

SIDE, CLASSES = 24, ("cat", "dog", "pig")
SHAPE = (SIDE, SIDE, 3)
TEMPERATURE = 0.7
SMALL = {"n_gaussians": 4, "n_components": 6, "n_samples": 500, "n_words": 5, "n_iterations": 2}
# Torch takes 2 to 10 seconds for each, most of it on the processor: one in every run of the tests.
FAST = (GrayHistogram(8, (1, 2)), PixelPca())
SLOW: tuple[tuple[FeatureFamily, ...], ...] = (
    (ColorHistogram(), LocalBinaryPatterns()),
    (CoOccurrence(), Hog((4,)), FisherVectors(ColorStatistics(cell_sizes=(3,), stride=4))),
    (FisherVectors(DenseSift(regularizer=2.5, overhang=True, color="opponent"), symmetric=True),),
    (BagOfWords(), Vlad(DenseSift(bin_sizes=(3,)))),
    (PatchFisherVectors(), PatchWords()),
)
NETS = (
    NetDescription(Perceptron((8,), "maxout", normalization="layer"), flip_averaging=False),
    NetDescription(ConvNet(4), flip_averaging=False),
    NetDescription(SmallAlexNet((4, 4, 4, 4, 4), 8), flip_averaging=True),
    NetDescription(LocalPerceptron((4, 4, 4), 8), flip_averaging=True),
    NetDescription(Speedrun((4, 8, 8)), flip_averaging=True, shift_averaging=1),
)


def make_images(n: int, height: int = SIDE, width: int = SIDE) -> np.ndarray:
    """Coarse patterns with some noise, so that edges and flat places occur."""
    random = np.random.default_rng(n)
    coarse = random.integers(0, 256, (n, -(-height // 6), -(-width // 6), 3)).repeat(6, axis=1).repeat(6, axis=2)
    return (coarse[:, :height, :width] + random.integers(0, 9, (n, height, width, 3))).clip(0, 255).astype(np.uint8)


def systems_model(
    *systems: tuple[FeatureFamily, ...], standardized: bool = False, mirror: bool = False
) -> ClassicModel:
    random, images, fitted = np.random.default_rng(0), make_images(30), []
    for families in systems:
        small = tuple(
            replace(family, **{name: value for name, value in SMALL.items() if hasattr(family, name)})
            for family in families
        )
        states = tuple(family.fit(images, 0) for family in small)
        features = np.concatenate([encode_all(f, s, images) for f, s in zip(small, states, strict=True)], axis=1)
        weights = random.normal(size=(len(CLASSES), features.shape[1])).astype(np.float32)
        scaling = "standardize" if standardized else "unit"
        system = System("tiny", small, scaling, (1 / len(small),) * len(small), storage="float16")
        standardizer = (
            fit_standardizer([torch.from_numpy(features * np.float32(system.factors[0]))]) if standardized else None
        )
        bias = random.normal(size=len(CLASSES)).astype(np.float32)
        fitted.append(FittedSystem(system, states, standardizer, weights, bias))
    fusion = np.array([1.0, 0.5], np.float32) if len(systems) > 1 else None
    return ClassicModel(
        "tiny",
        CLASSES,
        SHAPE,
        tuple(fitted),
        fusion,
        ClassicConfig((), mirror, shifts=((1, 0),) if mirror else ()).views,
    )


def net(description: NetDescription) -> NeuralModel:
    network = build_network(description.architecture, SHAPE, 3, seed=0)
    fit_to_pixels(network, torch.from_numpy(make_images(50).transpose(0, 3, 1, 2).copy()))
    return NeuralModel("net", CLASSES, SHAPE, description, network.eval())


def small_net() -> NeuralModel:
    return net(NetDescription(Perceptron((5,), normalization="none"), flip_averaging=False))


def assert_alike(model, content: bytes, frame: str = MIDDLE) -> None:
    """For any number of pictures, of any size."""
    session, calibrator = open_session(content), Calibrator(TEMPERATURE)
    for n, height, width in ((1, SIDE, SIDE), (40, SIDE, SIDE), (3, 61, 50), (2, 15, 20)):
        images = make_images(n, height, width)
        squares = resize_squares([framed(image, frame) for image in images], SIDE)
        probabilities, scores = predict_with_onnx(session, images)
        assert probabilities.dtype == scores.dtype == np.float32
        expected = model.predict_scores(squares)
        np.testing.assert_allclose(scores, expected, atol=1e-4 * max(1, np.abs(expected).max()))
        np.testing.assert_allclose(
            probabilities, calibrator.probabilities(expected), atol=export_model._tolerance(model)
        )


@pytest.mark.slow
def test_pictures_of_any_number_and_size_get_the_model_s_probabilities():
    onnx = pytest.importorskip("onnx")
    model = systems_model(FAST)
    content = export_onnx(model, TEMPERATURE)
    assert_alike(model, content)
    properties = {entry.key: entry.value for entry in onnx.load_from_string(content).metadata_props}
    assert properties["experiment"] == "tiny"
    assert json.loads(properties["class_names"]) == list(CLASSES)
    assert float(properties["temperature"]) == TEMPERATURE


@pytest.mark.slow
@pytest.mark.parametrize("families", SLOW, ids=lambda families: families[0].label)
def test_every_family_is_expressed(families):
    pytest.importorskip("onnx")
    model = systems_model(families)
    assert_alike(model, export_onnx(model, TEMPERATURE))


@pytest.mark.slow
@pytest.mark.parametrize("description", NETS, ids=lambda description: type(description.architecture).__name__)
def test_every_net_is_expressed(description):
    pytest.importorskip("onnx")
    model = net(description)
    assert_alike(model, export_onnx(model, TEMPERATURE))


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [small_net, lambda: systems_model((PixelPca(),), (Hog((4,)),), standardized=True, mirror=True)],
    ids=["as our own back-propagation trains them", "fusion, scaling and mirror images"],
)
def test_so_are_other_models(make):
    pytest.importorskip("onnx")
    model = make()
    assert_alike(model, export_onnx(model, TEMPERATURE))


class Sorted(FeatureFamily):
    """A family of somebody's own, of numpy."""

    def encode(self, images, state):
        return torch.from_numpy(np.sort(images.flatten(1).numpy())[:, ::99].astype(np.float32) / 255)


@pytest.mark.slow
def test_a_family_without_a_graph_is_named():
    pytest.importorskip("onnx")
    model = systems_model((PixelPca(), Sorted()))
    with pytest.raises(ValueError, match=r"^sorted cannot be written as ONNX: [^\n]+$"):
        export_onnx(model, TEMPERATURE)


def test_waiting_threads_keep_no_core_busy():
    """Spinning, two threads took 24 ms a picture of mlp-strong and one 10 ms, where something else computed."""
    helper = pytest.importorskip("onnx").helper
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "copy",
        [helper.make_tensor_value_info("x", 1, [1])],
        [helper.make_tensor_value_info("y", 1, [1])],
    )
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", onnx_file.OPSET)], ir_version=9)
    options = open_session(content.SerializeToString()).get_session_options()
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(
        ValueError, match=r"exporting needs onnxscript: .*pip install -c constraints.txt onnx onnxscript onnxruntime"
    ):
        onnx_file.require_onnx()


@pytest.mark.slow
def test_pictures_may_be_taken_whole():
    assert_alike(small_net(), export_onnx(small_net(), TEMPERATURE, WHOLE), WHOLE)


def test_where_the_nearest_word_counts_probabilities_may_differ_by_more():
    assert export_model._tolerance(systems_model((PixelPca(),))) == export_model.TOLERANCE
    assert export_model._tolerance(small_net()) == export_model.TOLERANCE
    words = FittedSystem(System("w", (BagOfWords(),)), (), None, np.ones((3, 1)), np.ones(3))
    assert export_model._tolerance(ClassicModel("w", CLASSES, SHAPE, (words,), None)) == export_model.NEAREST
