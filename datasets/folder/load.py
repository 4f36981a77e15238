"""Anyone's pictures: a folder with one sub-folder per class (or an archive of one, or a .csv), as it comes.

find files -> decode, crop, resize -> leave out what cannot be used, and say why -> split, duplicates together
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.datasets.dataset import Dataset, Progress, Split
from bakeoff.datasets.folder.archives import ARCHIVE_SUFFIXES
from bakeoff.datasets.folder.arrangement import files_in_classes, name_classes
from bakeoff.datasets.folder.decoded_pictures import MapChunks
from bakeoff.datasets.folder.given_splits import SPLITS
from bakeoff.datasets.folder.listing import open_files
from bakeoff.datasets.folder.picture_file import printable
from bakeoff.datasets.folder.reading import Reading
from bakeoff.datasets.folder.squares import WHOLE
from bakeoff.datasets.folder.stages import FolderStages
from bakeoff.datasets.folder.store import Memory, Store
from bakeoff.datasets.folder.tables import TABLE_SUFFIXES


def load_folder(
    path: Path,
    *,
    progress: Progress | None = None,
    store: Store | None = None,
    map_chunks: MapChunks | None = None,
    **options: Any,
) -> Dataset:
    """Read `path/<class>/**/*` or `path/{train,val,test}/<class>/**/*`; the user's files are never written to.

    path: such a folder, a .zip or .tar of one, or a .csv with columns path, label and perhaps split and group.
    progress: called with (what, files done, files).   options: fields of `Reading`.
    store: keeps the pictures on disk, so that memory does not grow with them, and decodes nothing again as long as
        no file changes; None holds them in memory.   map_chunks: sends the decoding to other processes.
    Pictures are gray (one channel) if every one of them is. A missing split is taken from training, within each class.
    Raises ValueError or FileNotFoundError, in one line that says what to do, and TypeError for an unknown option.
    """
    reading = Reading(**options)
    with open_files(path) as found:
        return assemble(FolderStages(path, found, reading, progress, store or Memory(), map_chunks))


def assemble(stages: FolderStages) -> Dataset:
    """The data set of files that were found; raises what `load_folder` does."""
    path, reading = stages.path, stages.reading
    name_classes(path, files_in_classes(stages.found), stages.found)  # complains before anything is decoded
    arrays = stages.read()
    card = json.loads(arrays["card"].item())
    image_size = card["image_size"]
    train, validation, test = (
        Split(
            np.asarray(arrays[name]).reshape(-1, image_size, image_size, card["n_channels"]),
            np.array(arrays[f"{name} labels"]),
            np.array(arrays[f"{name} groups"]) if f"{name} groups" in arrays else None,
            arrays[f"{name} paths"],
        )
        for name in SPLITS
    )
    n_pictures = len(train) + len(validation) + len(test)
    return Dataset(
        dataset_name(path),
        tuple(card["class_names"]),
        train,
        validation,
        test,
        description=(
            f"Pictures from {printable(path.resolve().name)}: {len(card['class_names'])} classes, {n_pictures:,} "
            f"pictures, {'each whole,' if card['frame'] == WHOLE else 'the middle square of each'} at "
            f"{image_size}x{image_size} pixels"
            f"{describe_channels(card['n_channels'])}."
        ),
        notes=tuple(card["notes"]),
        reading={
            "pages": reading.pages,
            **{name: card[name] for name in ("ranges", "channels", "frame")},
            **({"regions": reading.regions} if any(file.region for file in stages.files) else {}),
        },
        split_by_us=not any(file.split for file in stages.files),
    )


def describe_channels(n_channels: int) -> str:
    """After a description of pictures; of those in color nothing."""
    return {1: ", gray", 3: ""}.get(n_channels, f", {n_channels} channels each")


def dataset_name(path: Path) -> str:
    """A name that is safe as a part of a file name: that of the folder or archive, letters and digits only."""
    name = path.resolve().name
    for suffix in sorted((*ARCHIVE_SUFFIXES, *TABLE_SUFFIXES), key=len, reverse=True):
        name = name.removesuffix(suffix)
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:60] or "folder"
