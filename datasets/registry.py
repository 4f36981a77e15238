"""Registry of data sets: built-in ones by name, any folder by its path."""

from dataclasses import asdict, replace
from importlib import import_module
from inspect import signature
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from bakeoff.datasets import sets
from bakeoff.datasets.dataset import NAMED, Dataset, MapChunks, Progress
from bakeoff.datasets.folder.reading import Reading
from bakeoff.datasets.store import Store

DEFAULT = "photos"
SHORT_NAMES = {"cues": "cues-all"}


def dataset_names() -> tuple[str, ...]:
    """The names that `load_dataset` knows, the default first."""
    for module in iter_modules(sets.__path__):  # each announces its own
        import_module(f"{sets.__name__}.{module.name}")
    return (DEFAULT, *(name for name in NAMED if name != DEFAULT))


def load_dataset(
    name_or_path: str,
    *,
    data_root: Path | None = None,
    progress: Progress | None = None,
    store: Store | None = None,
    map_chunks: MapChunks | None = None,
    **options: Any,
) -> Dataset:
    """Load a data set by name, or read a folder, archive, table or arrays of pictures by path.

    `cues` is short for `cues-all`.

    data_root: folder with data sets already unpacked, and where downloads go; None means ~/.cache/bakeoff.
    store, map_chunks, options: for a path only, see `load_folder` and `Reading`.
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
        given_to = signature(NAMED[name]).parameters
        place = {"data_root": data_root, "progress": progress}
        dataset = NAMED[name](**{word: value for word, value in place.items() if word in given_to})
        taken = f"{name} is the built-in data set; your folder of that name is ./{name_or_path}."
        return replace(dataset, notes=(taken, *dataset.notes)) if path.is_dir() else dataset
    if not path.exists():
        raise ValueError(
            f"unknown data set {name_or_path!r}: choose one of {', '.join(dataset_names())}, "
            "or a path to a folder with one sub-folder per class"
        )
    from bakeoff.datasets.folder.held import find_parquet, load_pictures, read_arrays, read_parquet
    from bakeoff.datasets.folder.load import dataset_name, load_folder

    shards = find_parquet(path)
    if shards or path.suffix.lower() == ".npz":
        pictures = read_parquet(shards) if shards else read_arrays(path)
        return load_pictures(pictures, name=dataset_name(path), **options)
    return load_folder(path, progress=progress, store=store, map_chunks=map_chunks, **options)
