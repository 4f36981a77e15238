"""`bakeoff export`: a model as a file for elsewhere, beside its own, checked against it on real pictures."""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.datasets.folder.load import find_pictures, read_pictures, rules_of
from bakeoff.datasets.resizing import framed, resize_squares
from bakeoff.pipelines.classic.system.classic_model import ClassicModel
from bakeoff.pipelines.experiments import build_trained_model
from bakeoff.pipelines.machine.stopwatch import measure_latency
from bakeoff.pipelines.predict.classifier import find_model
from bakeoff.pipelines.predict.export.c_source import export_c, predict_with_c
from bakeoff.pipelines.predict.export.onnx_file import (
    INPUT,
    OPSET,
    PICTURES_AT_A_TIME,
    export_onnx,
    open_session,
    predict_with_onnx,
)
from bakeoff.pipelines.results.files import write_atomically
from bakeoff.pipelines.results.model import ON_REGIONS, StoredModel, TrainedModel, load_stored_model
from bakeoff.pipelines.results.task import load_task

CHECKED_PICTURES = 256
TOLERANCE = 1e-4  # of a probability
NEAREST = 1e-3  # the same, where the nearest word counts
SAME_CLASS = 0.999  # share of the pictures
SAME_CLASS_IN_C = 0.99  # whose fixed point puts colors and grays on the border of two bins as it comes


def export(options: argparse.Namespace) -> int:
    """Write `model.onnx`, or `model.h` and `model.c`, beside the model.

    Raises ValueError if the model has no such form, or it and the written one disagree: then nothing is written.
    """
    path = find_model(options)
    stored = load_stored_model(path)
    model = build_trained_model(stored, path)
    images = real_pictures(path, options.images, model.image_shape, stored.reading)
    print((write_c if options.form == "c" else write_onnx)(path, model, stored, images))
    if stored.reading.get("regions"):
        print(f"note: {ON_REGIONS}", file=sys.stderr)
    return 0


def write_onnx(path: Path, model: TrainedModel, stored: StoredModel, images: np.ndarray) -> str:
    content = export_onnx(model, stored.calibrator.temperature, rules_of(stored.reading).frame)
    found = agreement_with_onnx(content, model, stored, images)
    target = path.with_suffix(".onnx")
    write_atomically(target, content)
    return f"{target}: {len(content):,} bytes, opset {OPSET}; {found}"


def write_c(path: Path, model: TrainedModel, stored: StoredModel, images: np.ndarray) -> str:
    header, source = export_c(model)
    compiled = predict_with_c(header, source, images, len(model.class_names))
    found = "not checked, for there is no C compiler `cc`"
    if compiled is not None:
        same = (compiled[0] == model.predict_scores(images).argmax(axis=1)).mean()
        found = f"compiled with cc, the same class for {same:.1%} of {len(images)} pictures"
        if same < SAME_CLASS_IN_C:
            raise ValueError(f"the model in C differs: {found}; nothing was written")
    targets = path.with_suffix(".h"), path.with_suffix(".c")
    for target, content in zip(targets, (header, source), strict=True):
        write_atomically(target, content.encode())
    return f"{targets[0]}, {targets[1]}: {len(source):,} bytes of C99; {found}"


def real_pictures(
    path: Path, places: list[str], image_shape: tuple[int, int, int], reading: Mapping[str, Any]
) -> np.ndarray:
    """The pictures named, or the first test pictures of the data set that the model's run belongs to: uint8.

    Raises ValueError if there are none.
    """
    if places:
        files = [file for place in places for file in find_pictures(Path(place).expanduser())][:CHECKED_PICTURES]
        images, errors = read_pictures(files, image_shape, reading)
        kept = images[[i for i in range(len(files)) if i not in errors]]
    else:
        task = path.parent.parent.parent  # <task>/<experiment>/seed-<n>/model.safetensors
        if not (task / "task.json").exists():
            raise ValueError(f"{path} lies in no run's folder: name pictures to check it with")
        kept = load_task(task).test_images[:CHECKED_PICTURES]
    if len(kept) == 0:
        raise ValueError("none of the pictures could be read: name others to check the model with")
    return kept


def agreement_with_onnx(content: bytes, model: TrainedModel, stored: StoredModel, images: np.ndarray) -> str:
    """How far both agree on the pictures, and what one takes of either.

    images: uint8 (n, height, width, channels) of the model's size.
    Raises ValueError if less than SAME_CLASS get the same class, or a probability differs by more than TOLERANCE, or
    NEAREST where the nearest word counts.
    """
    session, calibrator, frame = open_session(content), stored.calibrator, rules_of(stored.reading).frame
    expected = model.predict_scores(images)
    found, scores = predict_with_onnx(session, images)
    same = (scores.argmax(axis=1) == expected.argmax(axis=1)).mean()
    difference = float(np.abs(found - calibrator.probabilities(expected)).max())
    is_square = model.image_shape[0] == model.image_shape[1]
    if is_square:
        # Twice the size and no squares: resizing and the choice of the middle are compared as well.
        larger = images[:PICTURES_AT_A_TIME].repeat(2, axis=1).repeat(2, axis=2)
        larger = np.pad(larger, ((0, 0), (0, 0), (2, 3), (0, 0)), mode="edge")
        squares = resize_squares([framed(picture, frame) for picture in larger], model.image_shape[0])
        probabilities = calibrator.probabilities(model.predict_scores(squares))
        difference = max(difference, float(np.abs(predict_with_onnx(session, larger)[0] - probabilities).max()))
    if not (same >= SAME_CLASS and difference <= _tolerance(model)):
        raise ValueError(
            f"the exported model differs: the same class for {same:.1%} of {len(images)} pictures, probabilities up to "
            f"{difference:.2g} apart; nothing was written"
        )
    seconds = [
        measure_latency(predict, images)["single_picture_seconds"]
        for predict in (lambda batch: session.run(None, {INPUT: batch})[1], model.predict_scores)
    ]
    exported, own = (1000 * second for second in seconds)
    larger_too = ", also on larger ones" if is_square else ""
    return (
        f"on {len(images)} pictures the same class for {same:.1%}, probabilities at most {difference:.1e} apart"
        f"{larger_too}; {exported:.2f} ms a picture with onnxruntime, {own:.2f} with bakeoff"
    )


def _tolerance(model: TrainedModel) -> float:
    systems = model.systems if isinstance(model, ClassicModel) else ()
    families = [family for fitted in systems for family in fitted.system.families]
    return NEAREST if any(getattr(f, "assignment", "") == "hard" for f in families) else TOLERANCE
