"""Classifier of picture files: a trained model with its probabilities, its reading, and when it is not sure."""

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from glob import escape
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.datasets.folder.load import find_pictures, read_pictures
from bakeoff.datasets.folder.picture_file import PictureFile
from bakeoff.pipelines.experiments import build_trained_model
from bakeoff.pipelines.results.calibrator import Calibrator
from bakeoff.pipelines.results.model import FILE_NAME, TrainedModel, load_stored_model, stored_image_shape
from bakeoff.pipelines.results.task import task_name

NOT_SURE = "not sure"  # in place of a class
PICTURES_AT_A_TIME = 256  # decoded at once, so that a large folder needs no more memory than a small one


@dataclass(frozen=True)
class Prediction:
    """What a model says of one file.

    class_name: the class, or "not sure".   probability: of the likeliest class, or of the one decided for.
    probabilities: by class, sum 1.   error: why there are none; then all else is empty.
    """

    file: str
    class_name: str = ""
    probability: float = 0.0
    probabilities: Mapping[str, float] | None = None
    error: str = ""


@dataclass(frozen=True)
class Classifier:
    """A trained model and how it decides.

    calibrator: of its scores.   reading: how files became the pictures that it learned from.
    not_sure_below: in 0..1; where no class is that probable, the answer is "not sure".
    by_threshold: of two classes, name the wanted one from the model's own threshold on, instead of the likelier.
    Raises ValueError if that cannot be.
    """

    path: Path
    model: TrainedModel
    calibrator: Calibrator
    reading: Mapping[str, Any]
    not_sure_below: float = 0.0
    by_threshold: bool = False

    def __post_init__(self) -> None:
        if self.by_threshold and self.calibrator.threshold is None:
            raise ValueError(f"--by-threshold is for models of two classes, {self.path} knows {len(self.class_names)}")
        if self.not_sure_below and NOT_SURE in self.class_names:
            raise ValueError(
                f"--not-sure-below names pictures {NOT_SURE!r}, which is a class of {self.path}: leave it out"
            )

    @property
    def class_names(self) -> tuple[str, ...]:
        return self.model.class_names

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """uint8 (n, height, width, channels) -> float64 (n, n_classes). Raises ValueError for any other shape."""
        return self.calibrator.probabilities(self.model.predict_scores(images))

    def predict(self, *places: str | Path) -> Iterator[Prediction]:
        """One prediction for each file, in the order of `find_pictures`.

        places: pictures, or folders of them.   Raises FileNotFoundError or ValueError for a place without any.
        """
        for batch in self.predict_batches(file for place in places for file in find_pictures(Path(place).expanduser())):
            yield from batch

    def predict_batches(
        self, files: Iterable[PictureFile], timing: dict[str, float] | None = None
    ) -> Iterator[list[Prediction]]:
        """The same by the batch.   timing: gains the seconds of `decoding` and `scoring`, and `n_files`."""
        waiting, timing = iter(files), defaultdict[str, float](int) if timing is None else timing
        while batch := list(islice(waiting, PICTURES_AT_A_TIME)):
            start = time.perf_counter()
            images, errors = read_pictures(batch, self.model.image_shape, self.reading)
            decoded = time.perf_counter()
            good = [i for i in range(len(batch)) if i not in errors]
            found = dict(zip(good, self.probabilities(images[good]), strict=True)) if good else {}
            timing["decoding"] += decoded - start
            timing["scoring"] += time.perf_counter() - decoded
            timing["n_files"] += len(batch)
            yield [
                self.decide(file.path, found[i]) if i in found else Prediction(file.path, error=errors[i])
                for i, file in enumerate(batch)
            ]

    def decide(self, file: str, probabilities: np.ndarray) -> Prediction:
        """What these probabilities, float64 (n_classes,), say of the file."""
        best = int(probabilities.argmax())
        wanted, threshold = self.calibrator.wanted, self.calibrator.threshold
        if self.by_threshold and wanted is not None and threshold is not None:
            best = wanted if probabilities[wanted] >= threshold else 1 - wanted
        name = NOT_SURE if probabilities.max() < self.not_sure_below else self.class_names[best]
        by_name = dict(zip(self.class_names, probabilities.tolist(), strict=True))
        return Prediction(file, name, float(probabilities[best]), by_name)


def load_model(place: str | Path, *, not_sure_below: float = 0.0, by_threshold: bool = False) -> Classifier:
    """The model of a run's folder or of a model file, ready to classify picture files; see `Classifier`.

    Raises ValueError, naming the file, if it is missing, damaged, or holds what is not in our tables. No code in it
    is ever run.

        model = bakeoff.load_model("artifacts/runs/photos-0d7c13be/classic/seed-0", not_sure_below=0.6)
        for found in model.predict("new pictures"):
            print(found.file, found.class_name, found.probability)
    """
    path = Path(place).expanduser()
    path = path / FILE_NAME if path.is_dir() else path
    stored = load_stored_model(path)
    model = build_trained_model(stored, path)
    return Classifier(path, model, stored.calibrator, stored.reading, not_sure_below, by_threshold)


def find_model(options: argparse.Namespace) -> Path:
    """The model file that a person means.

    options: model, a path to a model file or to a run's folder, or else an experiment's name; artifacts, dataset, seed
        and image_size (None takes any), where an experiment's run is looked for: of several data sets of one name, the
        one that was trained on last is taken.
    Raises ValueError if there is none, saying where it was looked for and how to make it.
    """
    word, dataset, seed, runs = options.model, options.dataset, options.seed, options.artifacts / "runs"
    if not word:
        raise ValueError("no model was named: give an experiment that was trained, a run's folder, or a model file")
    path = Path(word).expanduser()
    if path.is_file() or (path / FILE_NAME).is_file():
        return path if path.is_file() else path / FILE_NAME
    if os.sep in word or word.endswith(Path(FILE_NAME).suffix):
        raise ValueError(f"{path} is neither a model file nor a run's folder with a {FILE_NAME}")
    name = task_name(dataset)
    found = [
        file
        for folder in runs.glob("*-*")
        if folder.name.rpartition("-")[0] == name
        for file in folder.glob(f"{escape(word)}/seed-{seed}/{FILE_NAME}")
    ]
    if not found:
        raise ValueError(
            f"no model of {word} for {name} with seed {seed} in {runs}: run `bakeoff train {word} "
            f"--dataset {dataset}` first, or name its file"
        )
    if (image_size := options.image_size) is not None:
        sizes = {file: stored_image_shape(file)[0] for file in found}
        found = [file for file in found if sizes[file] == image_size]
        if not found:
            there = ", ".join(map(str, sorted(set(sizes.values()))))
            raise ValueError(
                f"{word} was trained on {name} at {there} pixels, not at image_size {image_size}: run "
                f"`bakeoff train {word} --dataset {dataset} --image-size {image_size}` first"
            )
    return max(found, key=lambda file: file.stat().st_mtime)
