"""Every data set by its name, and anyone's folder by its path."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from bakeoff.datasets.dataset import Dataset, Progress
from bakeoff.datasets.folder.decode import MAX_PIXELS
from bakeoff.datasets.folder.load import load_folder
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
FOLDER_IMAGE_SIZE = 32
SHORT_NAMES = {"cues": "cues-all"}


def dataset_names() -> tuple[str, ...]:
    """The names that `load_dataset` knows, the default first."""
    return (*BUILT_IN, *DOWNLOADED)


def load_dataset(
    name_or_path: str,
    *,
    data_root: Path | None = None,
    image_size: int | None = None,
    max_skipped_share: float = 0.05,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
    store: Store | None = None,
) -> Dataset:
    """Load a data set by name, or read a folder, archive or table of pictures by path. `cues` is short for `cues-all`.

    data_root: folder with data sets already unpacked, and where downloads go; None means ~/.cache/bakeoff.
    image_size, max_skipped_share, max_pixels, store: for a path only, see `load_folder`; image_size is 32 if not given.
    Raises ValueError for an unknown name or unusable data, OSError where a file or download cannot be had.
    """
    name = SHORT_NAMES.get(name_or_path, name_or_path)
    if name in dataset_names() and image_size is not None:
        raise ValueError(f"image_size can be set for a folder of pictures only; {name} has a size of its own")
    if name in BUILT_IN:
        return BUILT_IN[name]()
    if name in DOWNLOADED:
        return load_cifar(DOWNLOADED[name], data_root, progress)
    path = Path(name_or_path).expanduser()
    if not path.exists():
        raise ValueError(
            f"unknown data set {name_or_path!r}: choose one of {', '.join(dataset_names())}, "
            "or a path to a folder with one sub-folder per class"
        )
    return load_folder(
        path,
        image_size=FOLDER_IMAGE_SIZE if image_size is None else image_size,
        max_skipped_share=max_skipped_share,
        max_pixels=max_pixels,
        progress=progress,
        store=store,
    )
