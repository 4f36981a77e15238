import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.families.family import NoState, encode_all
from bakeoff.pipelines.classic.families.histograms import ColorHistogram, GrayHistogram, Hog, LocalBinaryPatterns
from bakeoff.pipelines.classic.families.pixels import PixelPca
from bakeoff.pipelines.classic.matrix.projections import fit_standardizer
from bakeoff.pipelines.classic.system.classic_model import ClassicModel, FittedSystem
from bakeoff.pipelines.predict.export.c_source import export_c, predict_with_c

FAMILIES = (
    Hog((4, 8)),
    Hog((5,), block_size=3, n_orientations=6),
    GrayHistogram(),
    LocalBinaryPatterns(),
    LocalBinaryPatterns(patterns="uniform", radii=(2,), n_cells=3),
    ColorHistogram(),
)


def make_images(n: int, height: int = 26, width: int = 32, n_channels: int = 3) -> np.ndarray:
    random = np.random.default_rng(n)
    coarse = random.integers(0, 256, (n, -(-height // 6), -(-width // 6), n_channels)).repeat(6, 1).repeat(6, 2)
    return (
        (coarse[:, :height, :width] + random.normal(0, 9, (n, height, width, n_channels))).clip(0, 255).astype(np.uint8)
    )


def make_model(*families, shape=(26, 32, 3), scaled=False, n_systems=1) -> ClassicModel:
    images, random, systems = make_images(40, *shape), np.random.default_rng(0), []
    for _ in range(n_systems):
        states = (NoState(),) * len(families)
        features = np.concatenate([encode_all(f, s, images) for f, s in zip(families, states, strict=True)], axis=1)
        standardizer = fit_standardizer([torch.from_numpy(features)]) if scaled else None
        weights = random.normal(size=(4, features.shape[1])).astype(np.float32)
        system = System("tiny", families, "standardize" if scaled else "unit")
        systems.append(FittedSystem(system, states, standardizer, weights, random.normal(size=4).astype(np.float32)))
    fusion = np.array([1.0, 0.5], np.float32) if n_systems > 1 else None
    return ClassicModel("tiny", ("a", "b */", "c", "ü"), shape, tuple(systems), fusion)


def in_c(model: ClassicModel, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    compiled = predict_with_c(*export_c(model), images, 4)
    if compiled is None:
        pytest.skip("there is no C compiler `cc`")
    return compiled


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.label)
def test_classes_are_the_model_s(family):
    """Measured: all with HOG and gray levels; 99 to 100 % with patterns and colors, whose ties are many."""
    model, images = make_model(family), make_images(300)
    classes, scores = in_c(model, images)
    expected = model.predict_scores(images)
    assert (classes == expected.argmax(axis=1)).mean() >= 0.98
    assert np.abs(scores - expected).mean() < 0.01 * np.abs(expected).max()


def test_hog_agrees_to_a_thousandth():
    model, images = make_model(Hog((4, 8))), make_images(50)
    np.testing.assert_allclose(in_c(model, images)[1], model.predict_scores(images), atol=5e-3)


@pytest.mark.parametrize(
    "model",
    [
        make_model(Hog((4,)), GrayHistogram(), shape=(24, 24, 1)),
        make_model(Hog((4,)), GrayHistogram(), scaled=True),
        make_model(Hog((4,)), n_systems=2),
    ],
    ids=["gray pictures", "scaled features", "fusion"],
)
def test_what_is_linear_is_worked_in(model):
    images = make_images(50, *model.image_shape)
    expected = model.predict_scores(images)
    np.testing.assert_allclose(in_c(model, images)[1], expected, atol=0.02 * np.abs(expected).max())


def test_a_black_picture_and_a_white_one():
    model = make_model(Hog((4,)), GrayHistogram())
    images = np.stack([np.zeros((26, 32, 3), np.uint8), np.full((26, 32, 3), 255, np.uint8)])
    np.testing.assert_allclose(in_c(model, images)[1], model.predict_scores(images), atol=5e-3)


def test_the_header_states_bytes_and_operations():
    header, _ = export_c(make_model(Hog((4,))))
    n_weights = 4 * 5 * 7 * 36  # classes, blocks down and across, values of a block
    flash = int(re.search(r"Flash: about ([\d,]+) bytes", header)[1].replace(",", ""))
    assert 2 * n_weights < flash < 2 * n_weights + 200
    assert f"at most {n_weights:,} multiplications with a weight" in header
    assert r"b * /" in header


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (
            replace(make_model(Hog((4,))), views=ClassicConfig((), mirror=True).views),
            "tiny is no linear SVM on features of one view",
        ),
        (make_model(Hog((4,), signed=True)), "hog is not written in C: only unsigned HOG"),
    ],
)
def test_what_is_not_written_in_c_is_named(model, reason):
    with pytest.raises(ValueError, match=reason):
        export_c(model)


def test_a_family_that_learns_is_named():
    images = make_images(40)
    family = PixelPca(n_components=5)
    state = family.fit(images, 0)
    fitted = FittedSystem(System("p", (family,)), (state,), None, np.ones((4, 5), np.float32), np.ones(4, np.float32))
    with pytest.raises(ValueError, match="pixel pca is not written in C"):
        export_c(ClassicModel("p", ("a", "b", "c", "d"), (26, 32, 3), (fitted,), None))
