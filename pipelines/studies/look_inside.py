"""Interpretation study: evidence maps and neighbors of the best run of each side, on pictures that only one gets right.

Rows, told apart by `kind`; each has side and experiment:
"evidence"   picture (place in the pictures "test"), index (of the test picture), label, said, method ("occlusion"),
             n_cells, values (n_cells x n_cells numbers as text, row by row)
"neighbor"   picture, rank (1 is the nearest), index (of the training picture), label, cosine, shown (place in the
             pictures "train")
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.resizing import resize_dataset
from bakeoff.pipelines.experiments import load_trained_model
from bakeoff.pipelines.experiments.evidence import N_CELLS, nearest, occlusion_maps
from bakeoff.pipelines.results.calibrator import true_margins
from bakeoff.pipelines.results.model import TrainedModel
from bakeoff.pipelines.results.run import NotApplicableError, RunResult
from bakeoff.pipelines.results.study import Row, StudyResult, drawn_pictures
from bakeoff.pipelines.studies.request import Request, best_by_side, choose_runs, study

NAME = "look-inside"
TITLE = "Where the two sides look"
STAGE = "study look-inside"
VERSION = 3  # raise it when a change of code changes results
LEAST_PICTURES = 10  # training and test pictures from which there are neighbors


@dataclass(frozen=True)
class Settings:
    """n_pictures: test pictures looked into, at most.   k: neighbors, among n_train pictures drawn at random."""

    n_pictures: int
    n_train: int
    k: int = 5
    experiments: tuple[str, ...] = ()


PROFILES = {
    "quick": Settings(n_pictures=6, n_train=1000),
    "full": Settings(n_pictures=8, n_train=5000),
}
NOTES = (
    "The test pictures are chosen by rule: just one of the two sides is right, and their margins differ the most, each "
    "divided by its standard deviation over the validation pictures; no class occurs twice in either direction.",
)


@study(NAME, place=5, profiles=("quick", "full"))
def run(request: Request) -> StudyResult:
    """Raises NotApplicableError without a saved run of each side, where both get the same pictures right, or for
    pictures that are too small or too few."""
    dataset, settings = request.dataset, PROFILES[request.profile]
    hand, net = best_of_each_side(request)
    check_pictures(dataset)
    chosen = choose_pictures(hand, net, settings.n_pictures)
    if len(chosen) == 0:
        raise NotApplicableError(f"the study {NAME} has no picture that just one of the two runs classifies correctly")
    drawn = drawn_pictures(len(dataset.train), settings.n_train, request.seed)
    settings = replace(settings, experiments=(hand.experiment, net.experiment))
    asked = {"chosen": chosen.tolist(), "settings": [len(drawn), settings.k, request.seed]}
    rows: list[Row] = []
    seconds = 0.0

    def compute(folder: Path) -> dict[str, np.ndarray]:
        return inspect(load_trained_model(folder), dataset, chosen, drawn, settings.k)

    with request.workspace.progress(TITLE, 2) as advance:
        for one in (hand, net):
            found, cost = request.ask(one, (STAGE, VERSION), asked, compute)
            rows += rows_of(found, one, chosen, drawn, dataset)
            seconds += cost
            advance(1, one.experiment)
    near = [row for row in rows if row["kind"] == "neighbor"]
    rows = [row for row in rows if row["kind"] == "evidence"] + [{**row, "shown": i} for i, row in enumerate(near)]
    shown = dataset.train.images[np.array([row["index"] for row in near], np.int64)]
    pictures = {"test": dataset.test.images[chosen], "train": shown}
    return replace(request.answer(NAME, TITLE, settings, rows, seconds, NOTES), pictures=pictures)


def best_of_each_side(request: Request) -> tuple[RunResult, RunResult]:
    """The hand-crafted and the end-to-end run that are best on validation."""
    best = best_by_side(choose_runs(request))
    if not {"hand-crafted", "end-to-end"} <= best.keys():
        raise NotApplicableError(f"the study {NAME} needs a saved run of each side, got only {', '.join(best)}")
    return best["hand-crafted"], best["end-to-end"]


def check_pictures(dataset: Dataset) -> None:
    side, fewest = min(dataset.image_shape[:2]), min(len(dataset.train), len(dataset.test))
    if side < N_CELLS or fewest < LEAST_PICTURES:
        raise NotApplicableError(
            f"the study {NAME} needs pictures of {N_CELLS} x {N_CELLS} pixels, and {LEAST_PICTURES} of them to train "
            f"and to test, got {side} pixels and {fewest} pictures"
        )


def choose_pictures(hand: RunResult, net: RunResult, n_pictures: int) -> np.ndarray:
    """int64 (at most n_pictures,): test pictures by the rule of the notes, those of the hand-crafted side first."""
    margins = [scaled_margins(one) for one in (hand, net)]
    chosen: list[int] = []
    for right, wrong in (margins, margins[::-1]):
        apart = np.argsort(wrong - right, kind="stable")
        firsts: dict[int, int] = {}
        for index in apart[(right > 0)[apart] & (wrong < 0)[apart]]:
            firsts.setdefault(int(hand.labels[index]), int(index))
        chosen += list(firsts.values())[: n_pictures // 2]
    return np.array(chosen, np.int64)


def scaled_margins(one: RunResult) -> np.ndarray:
    """float64 (n_test,): the true class's score less the highest other, by the deviation of that on validation."""
    deviation = float(true_margins(one.validation_scores, one.validation_labels).std())
    return true_margins(one.scores, one.labels) / (deviation or 1.0)


def inspect(
    model: TrainedModel, dataset: Dataset, chosen: np.ndarray, drawn: np.ndarray, k: int
) -> dict[str, np.ndarray]:
    """Of the chosen test pictures: said int (m,), neighbors int (m, k) among the drawn training pictures, cosines
    (m, k), occlusion (m, n_cells, n_cells)."""
    dataset = resize_dataset(dataset, model.image_shape[0])  # a model may look at smaller pictures
    images, color = dataset.test.images[chosen], dataset.train.images.mean(axis=(0, 1, 2)).astype(np.float32)
    neighbors, cosines = nearest(model.represent(images), model.represent(dataset.train.images[drawn]), k)
    said = model.predict_scores(images).argmax(axis=1)
    maps = occlusion_maps(model.predict_scores, images, said, color)
    return {"said": said, "neighbors": neighbors, "cosines": cosines, "occlusion": maps}


def rows_of(
    found: Mapping[str, np.ndarray], one: RunResult, chosen: np.ndarray, drawn: np.ndarray, dataset: Dataset
) -> Iterator[Row]:
    """Everything found in one run, but the places of the neighbors."""
    names, who = dataset.class_names, {"side": one.side, "experiment": one.experiment}
    for picture, index in enumerate(chosen.tolist()):
        answers = {"label": names[dataset.test.labels[index]], "said": names[found["said"][picture]]}
        values = " ".join(f"{value:.4g}" for value in found["occlusion"][picture].ravel())
        evidence = {"method": "occlusion", "n_cells": N_CELLS, "values": values}
        yield {"kind": "evidence", **who, "picture": picture, "index": index, **answers, **evidence}
        near = zip(drawn[found["neighbors"][picture]].tolist(), found["cosines"][picture].tolist(), strict=True)
        for rank, (neighbor, cosine) in enumerate(near, start=1):
            facts = {"rank": rank, "index": neighbor, "label": names[dataset.train.labels[neighbor]]}
            yield {"kind": "neighbor", **who, "picture": picture, **facts, "cosine": cosine}
