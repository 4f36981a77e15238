"""`bakeoff export`: a model as a file for elsewhere, beside its own, checked against it on real pictures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.datasets.folder.loose_pictures import find_pictures, read_pictures, rules_of
from bakeoff.pipelines.experiments.models import build_trained_model
from bakeoff.pipelines.predict.export.c_source import export_c
from bakeoff.pipelines.predict.export.checks import agreement_with_c, agreement_with_onnx
from bakeoff.pipelines.predict.export.onnx_file import OPSET, export_onnx
from bakeoff.pipelines.predict.locate import find_model
from bakeoff.pipelines.results.files import write_atomically
from bakeoff.pipelines.results.model import ON_REGIONS, StoredModel, load_stored_model
from bakeoff.pipelines.results.task import load_task
from bakeoff.pipelines.results.trained_model import TrainedModel

CHECKED_PICTURES = 256


def export(options: argparse.Namespace) -> int:
    """Write `model.onnx`, or `model.h` and `model.c`, beside the model.

    Raises ValueError if the model has no such form, or it and the written one disagree: then nothing is written.
    """
    place = {"runs": options.artifacts / "runs", "dataset": options.dataset, "seed": options.seed}
    path = find_model(options.model, **place, image_size=options.image_size)
    stored = load_stored_model(path)
    model = build_trained_model(stored, path)
    images = real_pictures(path, options.images, model.image_shape, stored.reading)
    print(WRITERS[options.form](path, model, stored, images))
    if stored.reading.get("regions"):
        print(f"note: {ON_REGIONS}", file=sys.stderr)
    return 0


def write_onnx(path: Path, model: TrainedModel, stored: StoredModel, images: np.ndarray) -> str:
    frame = rules_of(stored.reading).frame
    content = export_onnx(model, stored.calibrator.temperature, frame)
    found = agreement_with_onnx(content, model, stored.calibrator, images, frame)
    target = path.with_suffix(".onnx")
    write_atomically(target, content)
    return f"{target}: {len(content):,} bytes, opset {OPSET}; {found}"


def write_c(path: Path, model: TrainedModel, stored: StoredModel, images: np.ndarray) -> str:
    header, source = export_c(model)
    found = agreement_with_c(header, source, model, images)
    targets = path.with_suffix(".h"), path.with_suffix(".c")
    for target, content in zip(targets, (header, source), strict=True):
        write_atomically(target, content.encode())
    return f"{targets[0]}, {targets[1]}: {len(source):,} bytes of C99; {found}"


WRITERS: Mapping[str, Callable[[Path, TrainedModel, StoredModel, np.ndarray], str]] = {"onnx": write_onnx, "c": write_c}


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
