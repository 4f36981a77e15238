"""`bakeoff predict`: which class is in these pictures, says a model that was trained before."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from rich.console import Console

from bakeoff.datasets.folder.loose_pictures import find_pictures
from bakeoff.datasets.folder.picture_file import printable
from bakeoff.pipelines.predict.locate import find_model, reading_of
from bakeoff.pipelines.predict.models import load_trained_model
from bakeoff.pipelines.predict.output import prediction_json, prediction_table, summary_lines
from bakeoff.pipelines.predict.predictions import predict_files
from bakeoff.pipelines.results.trained_model import TrainedModel


def predict(options: argparse.Namespace) -> int:
    """Show the predictions; 1 if a file could not be read. Raises ValueError or OSError if nothing can be predicted."""
    place = {"runs": options.artifacts / "runs", "dataset": options.dataset, "seed": options.seed}
    path = find_model(options.model, **place, image_size=options.image_size)
    if not all(options.images):
        raise ValueError("no picture was named: give a picture, or a folder of pictures")
    files = [file for place in options.images for file in find_pictures(Path(place).expanduser())]
    model, loading = load_and_warm_up(path)
    predictions, timing = predict_files(model, files, time.perf_counter, reading_of(path))
    bad = [prediction for prediction in predictions if prediction.scores is None]
    if options.json:
        print(prediction_json(model, path, predictions, loading, timing))
    else:
        console = Console(highlight=False)
        console.print(prediction_table(model, predictions))
        for line in summary_lines(model, path, predictions, loading, timing):
            console.print(line, style="dim", markup=False, soft_wrap=True)
    for prediction in bad:
        print(f"error: {prediction.file}: {printable(prediction.error)}", file=sys.stderr)
    return 1 if bad else 0


def load_and_warm_up(path: Path) -> tuple[TrainedModel, float]:
    """The model, and the seconds until it has answered for the first time: later answers show its own speed."""
    start = time.perf_counter()
    model = load_trained_model(path)
    model.predict_scores(np.zeros((1, *model.image_shape), np.uint8))
    return model, time.perf_counter() - start
