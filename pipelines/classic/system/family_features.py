"""One family over one data set, fitted on training pictures, then shown every split; and several side by side, as the
SVM reads them and as rows and named columns of a table."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.families.family import FeatureFamily, NoState, View, encode_all
from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix
from bakeoff.pipelines.classic.matrix.projections import Standardizer
from bakeoff.pipelines.machine.cache import CachedStage, hash_inputs
from bakeoff.pipelines.machine.cores import Hands, hands_on
from bakeoff.pipelines.machine.device import CPU, bytes_to_hold, wait_for
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.stopwatch import measure
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.fitted_values import from_arrays, to_arrays
from bakeoff.pipelines.results.run import Stage
from bakeoff.pipelines.results.table_file import About

BLOCK_VALUES = 1 << 22  # of features in rows that are held at once: 16 MiB as float32


@dataclass(frozen=True)
class Encoded:
    """One family over one data set.

    parts: features (n, length) of "train", "validation", "test"; of other views also "mirrored train" ...
    keys: of the cache entries they come from, or would on a processor.   costs: of making them.
    """

    family: FeatureFamily
    state: Any
    parts: Mapping[str, np.ndarray | torch.Tensor]
    keys: tuple[str, ...]
    costs: tuple[Stage, ...]


@dataclass(frozen=True)
class Joined:
    """Early fusion: the families of a system side by side, as its classifier sees them.

    views: of each picture.   device: that reads them.   standardizer: None leaves them as they are.
    """

    system: System
    encoded: tuple[Encoded, ...]
    views: tuple[View, ...]
    device: torch.device
    standardizer: Standardizer | None = None

    def matrix(self, *splits: str) -> FeatureMatrix:
        """The splits below each other, each in all its views."""
        names = [view.name + split for split in splits for view in self.views]
        blocks = [[e.parts[name] for e in self.encoded] for name in names]
        return FeatureMatrix(blocks, self.system.factors, self.standardizer, self.device)

    def inputs(self, job: Job[ClassicConfig], *, before_classifier: bool = False) -> dict[str, Any]:
        """Of the system's stages, for their cache keys: the whole configuration but other systems, and what lies
        upstream. before_classifier: of what is shared by all that is tried on it, so that this is left out."""
        system = self.system
        if before_classifier:
            compression = system.compression and replace(system.compression, positive_weights=())
            system = replace(system, costs=(), compression=compression)
        return {
            "features": [e.keys for e in self.encoded],
            "config": replace(job.config, systems=(system,)),
            "seed": job.seed if system.compression else None,
        }


def hands_of(workspace: Workspace) -> Hands:
    """The workers of its cluster, or its accelerator, or the cores of this machine: MPS has no float64, which mixtures
    and the SVM compute with."""
    if workspace.cluster:
        return Hands(workspace.cluster.map_chunks, workspace.progress)
    device = workspace.device
    return hands_on(CPU if device.type == "mps" else device, workspace.progress)


def room_on(device: torch.device, shape: tuple[int, int], dtype: np.dtype[Any]) -> torch.Tensor:
    """On an accelerator where it is free, else in memory: disks are slower than encoding there."""
    is_free = shape[0] * shape[1] * dtype.itemsize <= bytes_to_hold(device)
    return torch.empty(shape, dtype=getattr(torch, dtype.name), device=device if is_free else CPU)


def compute_anew(
    device: torch.device, stage: str, *, version: int, inputs: Mapping[str, Any], compute: Callable[[], Any]
) -> CachedStage:
    """As `Cache.get_or_compute`, of what is not kept but on the device."""
    with measure(stage, "features") as clock:
        arrays = compute()
        wait_for(device)
    return CachedStage(arrays, hash_inputs(stage, version, inputs), clock.stage)


def encode(family: FeatureFamily, system: System, job: Job[ClassicConfig]) -> Encoded:
    """Fit a family on the training pictures and encode all pictures; both from the cache where it has them."""
    dataset, workspace = job.dataset, job.workspace
    hands = hands_of(workspace)
    learned = workspace.cache.get_or_compute(
        f"{family.name} fit",
        version=family.version,
        inputs={
            "family": family,
            "data": dataset.fingerprint(),
            "seed": job.seed if family.is_random else None,
            "device": hands.device.type,
        },
        compute=lambda: to_arrays(family.fit(dataset.train.images, job.seed, hands)),
    )
    state: Any = from_arrays(family.state_type, learned.arrays)

    stored = {split: system.storage_of(split) for split in dataset.splits}

    def encode_splits(view: View) -> dict[str, np.ndarray]:
        """Every split through the one encode function."""
        with workspace.progress(family.label, sum(len(split) for split in dataset.splits.values())) as advance:
            encode_pictures = partial(
                encode_all,
                family,
                state,
                view=view,
                advance=advance,
                hands=hands,
            )
            if workspace.known_features is not None and family.state_type is NoState and hands.device == CPU:
                known = {t: workspace.known_features.setdefault((family, view, t), {}) for t in stored.values()}
                return {
                    view.name + name: encode_once(
                        known[t], dataset.splits[name].images, partial(encode_pictures, dtype=t)
                    )
                    for name, t in stored.items()
                }
            allocate = workspace.cache.allocate if hands.device == CPU else partial(room_on, hands.device)
            return {
                view.name + name: encode_pictures(dataset.splits[name].images, dtype=t, allocate=allocate)
                for name, t in stored.items()
            }

    keep = workspace.cache.get_or_compute if hands.device == CPU else partial(compute_anew, hands.device)
    stages = [
        keep(
            f"{family.name} encode",
            version=family.version,
            inputs={"fit": learned.key, "view": view, "storage": "+".join(dict.fromkeys(stored.values()))},
            compute=partial(encode_splits, view),
        )
        for view in job.config.views
    ]
    parts = {name: array for stage in stages for name, array in stage.arrays.items()}
    costs = (
        replace(learned.cost, name=f"{family.label}: fit"),
        *(replace(stage.cost, name=f"{family.label}: encode") for stage in stages),
    )
    return Encoded(family, state, parts, tuple(stage.key for stage in stages), costs)


def encode_once(
    known: dict[bytes, np.ndarray], images: np.ndarray, encode_pictures: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """(n, length) of the pictures (n, h, w, c): those that are not known are encoded, and known from then on."""
    names = [hashlib.sha256(repr(image.shape).encode() + image.tobytes()).digest() for image in images]
    new = {name: row for row, name in enumerate(names) if name not in known}
    if new:
        known.update(zip(new, encode_pictures(images[list(new.values())]), strict=True))
    return np.stack([known[name] for name in names])


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
            paths = [f"{name}/{number:06}" for number in range(start, start + len(labels))]  # of no files
            paths = paths if split.paths is None else split.paths[rows].tolist()
            values = FeatureMatrix([[e.parts[name] for e in encoded]])[rows].numpy()
            yield (paths, [name] * len(labels), labels), values
