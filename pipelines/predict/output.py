"""Output of predictions: a table for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.table import Table
from rich.text import Text

from bakeoff.datasets.folder.picture_file import printable
from bakeoff.pipelines.predict.predictions import Prediction, Timing, confidences, measure_of
from bakeoff.pipelines.results.trained_model import TrainedModel

N_SHOWN = 3  # classes of a picture
EXPLANATIONS = {
    "probability": "probability: softmax of the net's outputs; the report's calibration says how far to trust it",
    "margin": "margin: the linear classifier's score, the larger the surer; not a probability",
}


def prediction_table(model: TrainedModel, predictions: Sequence[Prediction]) -> Table:
    """A row for each picture that was read: its class, how sure, and what comes next."""
    measure = measure_of(model)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("picture", "class", measure, "then"):
        table.add_column(column, justify="right" if column == measure else "left", overflow="fold")
    for prediction in predictions:
        if prediction.scores is None:
            continue
        values = confidences(model, prediction.scores)
        best, *others = np.argsort(-values, kind="stable")[:N_SHOWN]
        then = ", ".join(f"{printable(model.class_names[i])} {_number(measure, values[i])}" for i in others)
        cells = (prediction.file, printable(model.class_names[best]), _number(measure, values[best]), then)
        table.add_row(*(Text(cell, style="bold" if i == 1 else "") for i, cell in enumerate(cells)))
    return table


def summary_lines(
    model: TrainedModel, path: Path, predictions: Sequence[Prediction], loading: float, timing: Timing
) -> list[str]:
    """What the numbers are, and what they took."""
    n = len(predictions)
    seconds = timing.decoding + timing.scoring
    return [
        EXPLANATIONS[measure_of(model)],
        f"{1000 * seconds / n:.1f} ms a picture ({1000 * timing.decoding / n:.1f} decoding, "
        f"{1000 * timing.scoring / n:.1f} scoring), {n} in all; model loaded in {loading:.2f} s",
        f"{printable(model.experiment)}: {path}",
    ]


def prediction_json(
    model: TrainedModel, path: Path, predictions: Sequence[Prediction], loading: float, timing: Timing
) -> str:
    """One JSON object: the model, the times in seconds, and a row for each file in order, with "error" where it could
    not be read. scores: as the model gives them; probabilities: of nets only."""
    rows = [_row(model, prediction) for prediction in predictions]
    record = {
        "model": {"path": str(path), "experiment": model.experiment, "side": model.side, "measure": measure_of(model)},
        "seconds": {"loading": loading, "decoding": timing.decoding, "scoring": timing.scoring},
        "pictures": rows,
    }
    return json.dumps(record, indent=1)


def _row(model: TrainedModel, prediction: Prediction) -> dict[str, object]:
    if prediction.scores is None:
        return {"file": prediction.file, "error": prediction.error}
    by_name = dict(zip(model.class_names, prediction.scores.tolist(), strict=True))
    row: dict[str, object] = {
        "file": prediction.file,
        "class": model.class_names[int(prediction.scores.argmax())],
        "scores": by_name,
    }
    if measure_of(model) == "probability":
        row["probabilities"] = dict(zip(model.class_names, confidences(model, prediction.scores).tolist(), strict=True))
    return row


def _number(measure: str, value: float) -> str:
    return f"{value:.1%}" if measure == "probability" else f"{value:+.2f}"
