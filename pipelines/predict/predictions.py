"""Predictions for picture files, a batch at a time; an unreadable file fails alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special

from bakeoff.datasets.folder.loose_pictures import read_pictures
from bakeoff.datasets.folder.picture_file import PictureFile
from bakeoff.pipelines.results.trained_model import TrainedModel

PICTURES_AT_A_TIME = 256  # decoded at once, so that a large folder needs no more memory than a small one


@dataclass(frozen=True)
class Prediction:
    """What a model says of one file. scores: float32 (n_classes,), or None where error says why there are none."""

    file: str
    scores: np.ndarray | None
    error: str = ""


@dataclass(frozen=True)
class Timing:
    """Seconds of reading and decoding the files, and of everything from pixels to scores."""

    decoding: float
    scoring: float


def predict_files(
    model: TrainedModel,
    files: Sequence[PictureFile],
    clock: Callable[[], float],
    reading: Mapping[str, Any] | None = None,
) -> tuple[list[Prediction], Timing]:
    """One prediction a file, in their order.

    clock: seconds, such as time.perf_counter.   reading: of the pictures that the model learned from.
    """
    predictions: list[Prediction] = []
    decoding = scoring = 0.0
    for first in range(0, len(files), PICTURES_AT_A_TIME):
        batch, start = files[first : first + PICTURES_AT_A_TIME], clock()
        images, errors = read_pictures(batch, model.image_shape, reading)
        decoded = clock()
        good = [i for i in range(len(batch)) if i not in errors]
        scores = dict(zip(good, model.predict_scores(images[good]), strict=True)) if good else {}
        decoding, scoring = decoding + decoded - start, scoring + clock() - decoded
        predictions += [Prediction(f.path, scores.get(i), str(errors.get(i, ""))) for i, f in enumerate(batch)]
    return predictions, Timing(decoding, scoring)


def confidences(model: TrainedModel, scores: np.ndarray) -> np.ndarray:
    """What is shown of the scores (n, n_classes): a net's softmax probabilities; an SVM's margins as they are, since
    nothing makes probabilities of them."""
    shown: np.ndarray = scipy.special.softmax(scores.astype(np.float64), axis=-1)
    return shown if model.side == "end-to-end" else scores


def measure_of(model: TrainedModel) -> str:
    """The name of what `confidences` gives."""
    return "probability" if model.side == "end-to-end" else "margin"
