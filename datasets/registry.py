"""Registry of data sets: built-in ones by name, any folder by its path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from bakeoff.datasets.dataset import Dataset, Progress
from bakeoff.datasets.folder.held import load_pictures, read_parquet
from bakeoff.datasets.folder.load import dataset_name, load_folder
from bakeoff.datasets.folder.reading import Reading
from bakeoff.datasets.folder.store import Store
from bakeoff.datasets.sets.cifar import CIFAR10, CIFAR100, load_cifar
from bakeoff.datasets.sets.cues import CUES, load_cues
from bakeoff.datasets.sets.digits import load_digits
from bakeoff.datasets.sets.photos import load_photos

# Those that need no download and have one fixed form.
BUILT_IN: dict[str, Callable[[], Dataset]] = {
    "photos": load_photos,
    "digits": load_digits,
    **{f"cues-{cue}": partial(load_cues, cue) for cue in CUES},
}
DOWNLOADED = {archive.name: archive for archive in (CIFAR10, CIFAR100)}
SHORT_NAMES = {"cues": "cues-all"}


def dataset_names() -> tuple[str, ...]:
    """The names that `load_dataset` knows, the default first."""
    return (*BUILT_IN, *DOWNLOADED)


def load_dataset(
    name_or_path: str,
    *,
    data_root: Path | None = None,
    progress: Progress | None = None,
    store: Store | None = None,
    **options: Any,
) -> Dataset:
    """Load a data set by name, or read a folder, archive or table of pictures by path. `cues` is short for `cues-all`.

    data_root: folder with data sets already unpacked, and where downloads go; None means ~/.cache/bakeoff.
    store, options: for a path only, see `load_folder` and `Reading`.
    Raises ValueError for an unknown name or unusable data, OSError where a file or download cannot be had.
    """
    if not name_or_path.strip():
        raise ValueError(f"no data set was named: choose one of {', '.join(dataset_names())}, or a path to a folder")
    name = SHORT_NAMES.get(name_or_path, name_or_path)
    path = Path(name_or_path).expanduser()
    if name in dataset_names():
        given = [field for field, value in asdict(Reading(**options)).items() if value != getattr(Reading(), field)]
        if given:
            raise ValueError(f"{given[0]} can be set for a folder of pictures only; {name} has a form of its own")
        dataset = BUILT_IN[name]() if name in BUILT_IN else load_cifar(DOWNLOADED[name], data_root, progress)
        taken = f"{name} is the built-in data set; your folder of that name is ./{name_or_path}."
        return replace(dataset, notes=(taken, *dataset.notes)) if path.is_dir() else dataset
    if not path.exists():
        raise ValueError(
            f"unknown data set {name_or_path!r}: choose one of {', '.join(dataset_names())}, "
            "or a path to a folder with one sub-folder per class"
        )
    if path.suffix.lower() == ".parquet":
        return load_pictures(read_parquet(path), name=dataset_name(path.with_suffix("")), **options)
    return load_folder(path, progress=progress, store=store, **options)
