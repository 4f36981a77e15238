"""Comparison of an exported model with its original, on pictures of the model's size and on larger ones."""

from __future__ import annotations

import time

import numpy as np

from bakeoff.datasets.folder.squares import MIDDLE, framed, resize_squares
from bakeoff.pipelines.classic.system.model_file import ClassicModel
from bakeoff.pipelines.machine.latency import measure_latency
from bakeoff.pipelines.predict.export.c_source import predict_with_c
from bakeoff.pipelines.predict.export.onnx_file import INPUT, PICTURES_AT_A_TIME, open_session, predict_with_onnx
from bakeoff.pipelines.results.calibrator import Calibrator
from bakeoff.pipelines.results.trained_model import TrainedModel

TOLERANCE, ROUNDED = (
    1e-4,
    1e-3,
)  # of a probability; the second where features are stored in less than float32, or the nearest word counts
SAME_CLASS = 0.999  # share of the pictures
SAME_CLASS_IN_C = 0.99  # whose fixed point puts colors and grays on the border of two bins as it comes


def agreement_with_onnx(
    content: bytes, model: TrainedModel, calibrator: Calibrator, images: np.ndarray, frame: str = MIDDLE
) -> str:
    """How far both agree on the pictures, and what one takes of either.

    images: uint8 (n, height, width, channels) of the model's size.
    Raises ValueError if less than SAME_CLASS get the same class, or a probability differs by more than TOLERANCE, or
    ROUNDED for features stored in less than float32.
    """
    session = open_session(content)
    expected = model.predict_scores(images)
    found, scores = predict_with_onnx(session, images)
    same = (scores.argmax(axis=1) == expected.argmax(axis=1)).mean()
    difference = float(np.abs(found - calibrator.probabilities(expected)).max())
    is_square = model.image_shape[0] == model.image_shape[1]
    if is_square:
        larger = _larger(images[:PICTURES_AT_A_TIME])
        squares = resize_squares([framed(picture, frame) for picture in larger], model.image_shape[0])
        probabilities = calibrator.probabilities(model.predict_scores(squares))
        difference = max(difference, float(np.abs(predict_with_onnx(session, larger)[0] - probabilities).max()))
    if not (same >= SAME_CLASS and difference <= _tolerance(model)):
        raise ValueError(
            f"the exported model differs: the same class for {same:.1%} of {len(images)} pictures, probabilities up to "
            f"{difference:.2g} apart; nothing was written"
        )
    seconds = [
        measure_latency(predict, images, time.perf_counter)["single_picture_seconds"]
        for predict in (lambda batch: session.run(None, {INPUT: batch})[1], model.predict_scores)
    ]
    exported, own = (1000 * second for second in seconds)
    larger_too = ", also on larger ones" if is_square else ""
    return (
        f"on {len(images)} pictures the same class for {same:.1%}, probabilities at most {difference:.1e} apart"
        f"{larger_too}; {exported:.2f} ms a picture with onnxruntime, {own:.2f} with bakeoff"
    )


def agreement_with_c(header: str, source: str, model: TrainedModel, images: np.ndarray) -> str:
    """For how many pictures both say the same class. Raises ValueError if that is less than SAME_CLASS_IN_C of them."""
    compiled = predict_with_c(header, source, images, len(model.class_names))
    if compiled is None:
        return "not checked, for there is no C compiler `cc`"
    same = (compiled[0] == model.predict_scores(images).argmax(axis=1)).mean()
    if same < SAME_CLASS_IN_C:
        raise ValueError(
            f"the model in C says the same class for {same:.1%} of {len(images)} pictures only: not written"
        )
    return f"compiled with cc, the same class for {same:.1%} of {len(images)} pictures"


def _tolerance(model: TrainedModel) -> float:
    systems = model.systems if isinstance(model, ClassicModel) else ()
    is_rounded = any(fitted.system.storage != "float32" for fitted in systems)
    families = [family for fitted in systems for family in fitted.system.families]
    return ROUNDED if is_rounded or any(getattr(f, "assignment", "") == "hard" for f in families) else TOLERANCE


def _larger(images: np.ndarray) -> np.ndarray:
    """Twice the size and no squares: resizing and the choice of the middle are compared as well."""
    return np.pad(images.repeat(2, axis=1).repeat(2, axis=2), ((0, 0), (0, 0), (2, 3), (0, 0)), mode="edge")
