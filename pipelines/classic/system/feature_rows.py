"""The features of some experiments as rows and named columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix
from bakeoff.pipelines.classic.system.family_features import Encoded
from bakeoff.pipelines.results.table_file import About

BLOCK_VALUES = 1 << 22  # of features that are held at once: 16 MiB as float32


def name_columns(encoded: Sequence[Encoded], image_shape: tuple[int, int, int]) -> list[str]:
    """Every value's name, after its family's; families that are called the same are numbered."""
    labels = [e.family.label for e in encoded]
    names = []
    for place, (label, e) in enumerate(zip(labels, encoded, strict=True)):
        number = f" {labels[: place + 1].count(label)}" if labels.count(label) > 1 else ""
        own = e.family.column_names(image_shape, e.state, e.parts["train"].shape[1])
        names += [f"{label}{number}: {name}" for name in own]
    return names


def feature_rows(dataset: Dataset, encoded: Sequence[Encoded]) -> Iterator[tuple[About, np.ndarray]]:
    """All pictures in the order of the splits, some at a time: path, split and label of each, and float32 values."""
    step = max(1, BLOCK_VALUES // max(1, sum(e.parts["train"].shape[1] for e in encoded)))
    for name, split in dataset.splits.items():
        for start in range(0, len(split), step):
            rows = slice(start, start + step)
            labels = [dataset.class_names[label] for label in split.labels[rows].tolist()]
            paths = split.paths[rows].tolist() if split.paths is not None else _numbered(name, start, len(labels))
            values = FeatureMatrix([[e.parts[name] for e in encoded]])[rows].numpy()
            yield (paths, [name] * len(labels), labels), values


def _numbered(split: str, start: int, n: int) -> list[str]:
    """For pictures that are no files of their own."""
    return [f"{split}/{number:06}" for number in range(start, start + n)]
