"""Data set: labeled pictures in three disjoint splits, the one value that every pipeline takes."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

Progress = Callable[[str, int, int], None]
"""Called now and then while something long is loaded: what is done, how much of it so far, how much in all."""

MapChunks = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]
"""function(chunk) of every chunk, in the order of the chunks, which are asked for only as workers become free: the
threads of this process, or the workers of a cluster."""


def results_in_order(submit: Callable[[Any], Any], chunks: Iterable[Any], n_ahead: int) -> Iterator[Any]:
    """Results of the futures that `submit` returns, in the order of the chunks, at most n_ahead of them under way.

    So the memory is that of n_ahead chunks and results, however many there are.
    """
    under_way: deque[Any] = deque()
    for chunk in chunks:
        if len(under_way) == n_ahead:
            yield under_way.popleft().result()
        under_way.append(submit(chunk))
    while under_way:
        yield under_way.popleft().result()


@dataclass(frozen=True)
class Split:
    """Pictures and their classes.

    images: uint8 (n, height, width, channels), channels 1 (gray), 3 (RGB) or another number, of things unlike colors.
    labels: int64 (n,), indices into the data set's class names.
    groups: int64 (n,), equal for pictures that are no independent draws, such as one patient's; None where all are.
    paths: str (n,), of the files in their folder, for tables; None where there are none. No method sees them.
    Raises ValueError if a shape or dtype is off.
    """

    images: np.ndarray
    labels: np.ndarray
    groups: np.ndarray | None = None
    paths: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.shape[3] < 1 or self.images.dtype != np.uint8:
            raise ValueError(
                f"images must be uint8 (n, height, width, channels), got {self.images.dtype} {self.images.shape}"
            )
        if self.labels.shape != self.images.shape[:1] or self.labels.dtype != np.int64:
            raise ValueError(
                f"labels must be int64 ({len(self.images)},) to match the images, "
                f"got {self.labels.dtype} {self.labels.shape}"
            )
        if self.groups is not None and (self.groups.shape != self.labels.shape or self.groups.dtype != np.int64):
            raise ValueError(f"groups must be int64 ({len(self)},), got {self.groups.dtype} {self.groups.shape}")

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: np.ndarray) -> "Split":
        """The pictures at these indices, in that order, or those of a boolean mask."""
        groups, paths = (None if part is None else part[indices] for part in (self.groups, self.paths))
        return Split(self.images[indices], self.labels[indices], groups, paths)


@dataclass(frozen=True)
class Dataset:
    """A classification task: fit on `train`, choose on `validation`, read `test` once, at the end.

    description: one or two sentences for the report - what the task is, and what it is not.
    notes: what happened while loading that a reader should know (files skipped, duplicates moved ...).
    task: fingerprint of the data set that this one shows in another form, such as smaller; "" for one of its own.
    reading: how files become such pictures, in plain values: what `Rules` holds, and "regions", where parts of them
        were marked; empty where there is nothing to say.
    split_by_us: whether the splits are a draw of ours, so that other ones are as good.
    Raises ValueError if the splits disagree in picture shape, or a label has no class name.
    """

    name: str
    class_names: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    description: str = ""
    notes: tuple[str, ...] = field(default=())
    task: str = ""
    reading: Mapping[str, Any] = field(default_factory=dict)
    split_by_us: bool = False

    def __post_init__(self) -> None:
        shapes = {split.images.shape[1:] for split in self.splits.values()}
        if len(shapes) != 1:
            raise ValueError(f"all splits must have pictures of one shape, got {sorted(shapes)}")
        if len(self.class_names) < 2:
            raise ValueError(f"a data set needs at least two classes, got {list(self.class_names)}")
        for split_name, split in self.splits.items():
            if len(split) == 0:
                raise ValueError(f"the {split_name} split has no pictures")
            if split.labels.min() < 0 or split.labels.max() >= len(self.class_names):
                raise ValueError(
                    f"labels of the {split_name} split must lie in 0..{len(self.class_names) - 1}, "
                    f"got {split.labels.min()}..{split.labels.max()}"
                )

    @property
    def splits(self) -> dict[str, Split]:
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of every picture."""
        height, width, channels = self.train.images.shape[1:]
        return height, width, channels

    @property
    def train_counts(self) -> np.ndarray:
        """int64 (n_classes,): training pictures of each class."""
        return np.bincount(self.train.labels, minlength=len(self.class_names))

    def fingerprint(self) -> str:
        """SHA-256 over every pixel, label, class name and, where there are any, group, in order: two data sets are the
        same task exactly when their fingerprints are equal."""
        return self._fingerprint

    def task_fingerprint(self) -> str:
        """Of the task that answers about these pictures belong to, whatever size a method looks at."""
        return self.task or self.fingerprint()

    @cached_property
    def _fingerprint(self) -> str:
        """Computed once: every stage of every experiment asks for it, and CIFAR's pixels are 180 MB."""
        digest = hashlib.sha256("\0".join(self.class_names).encode())
        for split in self.splits.values():
            digest.update(repr(split.images.shape).encode())
            digest.update(np.ascontiguousarray(split.images).data)
            digest.update(np.ascontiguousarray(split.labels, dtype="<i8").data)
            if split.groups is not None:
                digest.update(np.ascontiguousarray(split.groups, dtype="<i8").data)
        return digest.hexdigest()


Load = TypeVar("Load", bound=Callable[..., Dataset])
NAMED: dict[str, Callable[..., Dataset]] = {}


def named(name: str) -> Callable[[Load], Load]:
    """Make a function a data set that `load_dataset`, and so the command line, knows by this name.

    The function takes nothing; or, if it downloads, data_root and progress as `load_dataset` does.
    """

    def announce(load: Load) -> Load:
        NAMED[name] = load
        return load

    return announce
