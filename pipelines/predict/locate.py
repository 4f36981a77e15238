"""Lookup of a model's file from what a person types: an experiment, a run's folder, or the file itself."""

from __future__ import annotations

import os
from glob import escape
from pathlib import Path

from bakeoff.datasets.folder.load import dataset_name
from bakeoff.datasets.registry import SHORT_NAMES, dataset_names
from bakeoff.pipelines.results.model import FILE_NAME, stored_image_shape


def find_model(word: str, *, runs: Path, dataset: str, seed: int, image_size: int | None = None) -> Path:
    """The model file that `word` means.

    word: a path to a model file or to a run's folder, or else an experiment's name.
    runs, dataset, seed: where an experiment's run is looked for; of several data sets of one name, the one that was
        trained on last is taken.
    image_size: side in pixels of the pictures it was trained on; None takes any.
    Raises ValueError if there is none, saying where it was looked for and how to make it.
    """
    if not word:
        raise ValueError("no model was named: give an experiment that was trained, a run's folder, or a model file")
    path = Path(word).expanduser()
    if path.is_file() or (path / FILE_NAME).is_file():
        return path if path.is_file() else path / FILE_NAME
    if os.sep in word or word.endswith(Path(FILE_NAME).suffix):
        raise ValueError(f"{path} is neither a model file nor a run's folder with a {FILE_NAME}")
    name = SHORT_NAMES.get(dataset, dataset)
    if name not in dataset_names():
        name = dataset_name(Path(dataset).expanduser())
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
    if image_size is not None:
        sizes = {file: stored_image_shape(file)[0] for file in found}
        found = [file for file in found if sizes[file] == image_size]
        if not found:
            there = ", ".join(map(str, sorted(set(sizes.values()))))
            raise ValueError(
                f"{word} was trained on {name} at {there} pixels, not at image_size {image_size}: run "
                f"`bakeoff train {word} --dataset {dataset} --image-size {image_size}` first"
            )
    return max(found, key=lambda file: file.stat().st_mtime)
