"""What was asked: a data set's card and the test pictures that a report may show."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.registry import SHORT_NAMES, dataset_names
from bakeoff.pipelines.results.files import read_arrays, read_json, read_value, write_arrays, write_value
from bakeoff.pipelines.results.run import task_folder


@dataclass(frozen=True)
class Task:
    """What a report must know of a data set: its card, and the test pictures it may show.

    test_images: uint8 (n_test, height, width, channels), or (0, ...) where they must not be passed on.
    test_labels: int64 (n_test,).
    split_sizes: pictures in train, validation, test.   class_counts: split -> pictures per class.
    test_groups: int64 (n_test,), equal for pictures that are no independent draws; None where all are.
    reading: how files become such pictures, as in `Dataset`.
    """

    dataset: str
    fingerprint: str
    class_names: tuple[str, ...]
    description: str
    notes: tuple[str, ...]
    split_sizes: Mapping[str, int]
    class_counts: Mapping[str, tuple[int, ...]]
    test_images: np.ndarray
    test_labels: np.ndarray
    test_groups: np.ndarray | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        images, labels = self.test_images, self.test_labels
        some = images if len(images) else np.zeros((len(labels), *images.shape[1:]), images.dtype)
        Split(some, labels, self.test_groups)  # raises ValueError where one does not fit another
        if len(labels) and not 0 <= labels.min() <= labels.max() < len(self.class_names):
            raise ValueError(f"test_labels must lie in 0..{len(self.class_names) - 1}")


def task_name(dataset: str) -> str:
    """The name under which runs of a data set are kept: its own, or made from the path of a folder or archive."""
    name = SHORT_NAMES.get(dataset, dataset)
    if name in dataset_names():
        return name
    from bakeoff.datasets.folder.load import dataset_name  # and all that decodes pictures: reports need none of it

    return dataset_name(Path(dataset).expanduser())


def keep_task(dataset: Dataset, fingerprint: str, root: Path) -> bool:
    """Save the data set's card for the report; its file's time says which data set of a name was asked for last.

    Returns whether it is new: then a person has not yet been told what it says.
    """
    card = task_folder(root, dataset.name, fingerprint) / "task.json"
    try:
        if read_json(card).get("notes") == list(dataset.notes):
            card.touch()
            return False
    except ValueError:  # missing or damaged: written anew
        pass
    splits, n_classes = dataset.splits, len(dataset.class_names)
    task = Task(
        dataset=dataset.name,
        fingerprint=fingerprint,
        class_names=dataset.class_names,
        description=dataset.description,
        notes=dataset.notes,
        split_sizes={name: len(split) for name, split in splits.items()},
        class_counts={k: tuple(np.bincount(s.labels, minlength=n_classes).tolist()) for k, s in splits.items()},
        test_images=dataset.test.images,
        test_labels=dataset.test.labels,
        test_groups=dataset.test.groups,
        reading=dataset.reading,
    )
    save_task(task, root)
    return True


def save_task(task: Task, root: Path) -> Path:
    """Write a task's card and test pictures; returns its folder."""
    folder = task_folder(root, task.dataset, task.fingerprint)
    arrays = {"test_images": task.test_images, "test_labels": task.test_labels, "test_groups": task.test_groups}
    write_arrays(folder / "task.npz", {name: array for name, array in arrays.items() if array is not None})
    write_value(folder / "task.json", task)
    return folder


def load_task(folder: Path) -> Task:
    """Read back what `save_task` wrote. Raises ValueError, naming the file, if it is damaged."""
    return read_value(Task, folder, read_json(folder / "task.json") | read_arrays(folder / "task.npz"))  # type: ignore[no-any-return]
