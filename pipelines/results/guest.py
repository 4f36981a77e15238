"""The third contract between pipelines and reports: published models, known by their answers to the test pictures.

Nobody here trained them, so their seconds, memory and validation scores are unknown: they take part in paired tests and
never in a choice. They lie beside the runs of their task:

    <dataset>-<fingerprint[:8]>/guests.json                 every guest of the task
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.results.files import damaged, write_atomically
from bakeoff.pipelines.results.run import Side, task_folder

SCHEMA_VERSION = 1
FILE_NAME = "guests.json"


@dataclass(frozen=True)
class Guest:
    """One published model.

    name: short, as an experiment's.   title: what it is, for people.   side: which of the two roads it took.
    source: who published the answers, where.   predictions: int64 (n_test,), a class index for each test picture.
    Raises ValueError if the predictions are no row of class indices.
    """

    name: str
    title: str
    side: Side
    source: str
    predictions: np.ndarray

    def __post_init__(self) -> None:
        if self.predictions.ndim != 1 or self.predictions.dtype != np.int64 or (self.predictions < 0).any():
            raise ValueError(
                f"predictions of {self.name} must be int64 (n_test,), class indices from 0, "
                f"got {self.predictions.dtype} {self.predictions.shape}"
            )


def save_guests(guests: tuple[Guest, ...], folder: Path) -> Path:
    """Write all guests of a task, whole or not at all; returns their file."""
    records = [asdict(guest) | {"predictions": guest.predictions.tolist()} for guest in guests]
    path = folder / FILE_NAME
    write_atomically(path, json.dumps({"schema": SCHEMA_VERSION, "guests": records}).encode())
    return path


def load_guests(folder: Path) -> tuple[Guest, ...]:
    """Read back what `save_guests` wrote; none where there is no such file. Raises ValueError if it is damaged."""
    path = folder / FILE_NAME
    try:
        record = json.loads(path.read_bytes())
        if record["schema"] != SCHEMA_VERSION:
            raise ValueError(f"schema {record['schema']}, expected {SCHEMA_VERSION}")
        return tuple(
            Guest(**guest | {"predictions": np.array(guest["predictions"], dtype=np.int64)})
            for guest in record["guests"]
        )
    except FileNotFoundError:
        return ()
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise damaged(path, error) from error


def keep_guests(dataset: Dataset, data_root: Path | None, runs: Path, say: Callable[[str], None]) -> None:
    """Save the published models of a data set whose card is saved, if there are any; told where they cannot be had."""
    from bakeoff.datasets.sets import published_predictions as published

    folder = task_folder(runs, dataset.name, dataset.fingerprint())
    if (folder / FILE_NAME).exists() or not published.has_published_predictions(dataset.test.labels):
        return
    try:
        found = published.load_published_predictions(data_root)
    except OSError as error:
        say(f"the report goes without published models: {error}")
    else:
        save_guests(tuple(Guest(m.name, m.title, m.side, published.SOURCE, said) for m, said in found), folder)
