"""`bakeoff export`: a net's ONNX file beside its model, checked against the net on real pictures."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from bakeoff.datasets.folder.loose_pictures import find_pictures, read_pictures
from bakeoff.pipelines.experiments.models import load_trained_model
from bakeoff.pipelines.neural.model_file import NeuralModel
from bakeoff.pipelines.neural.onnx_export import export_onnx, predict_with_onnx
from bakeoff.pipelines.predict.locate import find_model
from bakeoff.pipelines.results.files import write_atomically
from bakeoff.pipelines.results.model import load_stored_model
from bakeoff.pipelines.results.task import load_task

TOLERANCE = 1e-4  # of the scores, as a share of the largest where that exceeds 1
CHECKED_PICTURES = 64


def export(options: argparse.Namespace) -> int:
    """Write `model.onnx` beside the model. Raises ValueError if it is no net of ours, or the two disagree."""
    place = {"runs": options.artifacts / "runs", "dataset": options.dataset, "seed": options.seed}
    path = find_model(options.model, **place, image_size=options.image_size)
    model = load_trained_model(path)
    if not isinstance(model, NeuralModel):
        raise ValueError(f"{path} is no net that torch trained: only those can be exported to ONNX")
    images = real_pictures(path, options.images, model.image_shape)
    content = export_onnx(model)
    expected = model.predict_scores(images)
    difference = float(np.abs(predict_with_onnx(content, images) - expected).max())
    if not difference <= TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise ValueError(f"the ONNX net differs from torch's by {difference:.2g}: nothing was written")
    target = path.with_suffix(".onnx")
    write_atomically(target, content)
    print(f"{target}: {len(content):,} bytes; on {len(images)} pictures at most {difference:.1e} from torch's scores")
    return 0


def real_pictures(path: Path, places: list[str], image_shape: tuple[int, int, int]) -> np.ndarray:
    """The pictures named, or the first test pictures of the data set that the model's run belongs to: uint8.

    Raises ValueError if there are none.
    """
    if places:
        files = [file for place in places for file in find_pictures(Path(place).expanduser())][:CHECKED_PICTURES]
        images, errors = read_pictures(files, image_shape, load_stored_model(path).reading)
        kept = images[[i for i in range(len(files)) if i not in errors]]
    else:
        task = path.parent.parent.parent  # <task>/<experiment>/seed-<n>/model.safetensors
        if not (task / "task.json").exists():
            raise ValueError(f"{path} lies in no run's folder: name pictures to check it with")
        kept = load_task(task).test_images[:CHECKED_PICTURES]
    if len(kept) == 0:
        raise ValueError("none of the pictures could be read: name others to check the net with")
    return kept
