"""Anyone's pictures, as they come: a folder with one sub-folder per class, an archive, a table; or files to classify.

find files -> decode, crop, resize -> leave out what cannot be used, and say why -> split, duplicates together
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bakeoff.datasets.dataset import Dataset, MapChunks, Progress, Split
from bakeoff.datasets.folder.archives import ARCHIVE_SUFFIXES
from bakeoff.datasets.folder.arrangement import files_in_classes, name_classes
from bakeoff.datasets.folder.decode import AS_STATED
from bakeoff.datasets.folder.decoded_pictures import decode_pictures
from bakeoff.datasets.folder.given_splits import SPLITS
from bakeoff.datasets.folder.listing import list_folder, open_files
from bakeoff.datasets.folder.picture_file import PictureFile, printable, read_plain_file
from bakeoff.datasets.folder.ranges import as_ranges
from bakeoff.datasets.folder.reading import Reading
from bakeoff.datasets.folder.samples import Rules
from bakeoff.datasets.folder.stages import FolderStages
from bakeoff.datasets.folder.tables_among_pictures import TABLE_SUFFIXES
from bakeoff.datasets.resizing import WHOLE
from bakeoff.datasets.store import Memory, Store

SPECIAL = {1: ", gray", 3: ""}  # numbers of channels, in a description of pictures


def load_folder(
    path: Path,
    *,
    progress: Progress | None = None,
    store: Store | None = None,
    map_chunks: MapChunks | None = None,
    **options: Any,
) -> Dataset:
    """The data set of a folder `<class>/**/*` or `{train,val,test}/<class>/**/*`, a .zip or .tar of one, or a table.

    The user's files are never written to.   progress: called with (what, files done, files).
    store: keeps the pictures on disk, so that memory does not grow with them, and decodes nothing again as long as
        no file changes; None holds them in memory.   map_chunks: sends the decoding to other processes.
    options: fields of `Reading`.
    Raises ValueError or FileNotFoundError, in one line that says what to do, and TypeError for an unknown option.
    """
    reading = Reading(**options)
    with open_files(path, reading.label) as found:
        return assemble(FolderStages(path, found, reading, progress, store or Memory(), map_chunks))


def assemble(stages: FolderStages) -> Dataset:
    """The data set of files that were found; raises what `load_folder` does."""
    path, reading = stages.path, stages.reading
    loose = [file for file in stages.found if not (file.class_name or file.left_out)]
    name_classes(path, files_in_classes(stages.found), loose)  # complains before anything is decoded
    arrays = stages.read()
    card = json.loads(arrays["card"].item())
    image_size, n_channels = card["image_size"], card["n_channels"]
    train, validation, test = (
        Split(
            np.asarray(arrays[name]).reshape(-1, image_size, image_size, n_channels),
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
            f"{SPECIAL.get(n_channels, f', {n_channels} channels each')}."
        ),
        notes=tuple(card["notes"]),
        reading={
            "pages": reading.pages,
            **{name: card[name] for name in ("ranges", "channels", "frame")},
            **({"regions": reading.regions} if any(file.region for file in stages.files) else {}),
        },
        split_by_us=not any(file.split for file in stages.files),
    )


def dataset_name(path: Path) -> str:
    """A name that is safe as a part of a file name: that of the folder or archive, letters and digits only."""
    name = path.resolve().name
    for suffix in sorted((*ARCHIVE_SUFFIXES, *TABLE_SUFFIXES, ".parquet", ".npz"), key=len, reverse=True):
        name = name.removesuffix(suffix)
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:60] or "folder"


def find_pictures(path: Path) -> Iterator[PictureFile]:
    """A file, or every visible file below a folder, folder by folder: one at a time, however many there are.

    Raises FileNotFoundError if there is no such path, ValueError if the folder has none.
    """
    if path.is_dir():
        listed = (file for file in list_folder(path) if not file.left_out)
        first = next(listed, None)
        if first is None:
            raise ValueError(f"{path} holds no files that are not hidden: name a picture, or a folder of pictures")
        yield first
        yield from listed
    elif not path.exists():
        raise FileNotFoundError(f"{path} does not exist: name a picture, or a folder of pictures")
    else:
        yield PictureFile((path.name,), lambda: read_plain_file(str(path)))


def read_pictures(
    files: Sequence[PictureFile], image_shape: tuple[int, int, int], reading: Mapping[str, Any] | None = None
) -> tuple[np.ndarray, dict[int, str]]:
    """Decode files the way a folder of training pictures is: upright, in its frame, resized.

    image_shape: (side, side, channels) that a model takes; for one channel, colors become their luma.
    reading: that of the data set that it was trained on.
    Returns uint8 (n_files, *image_shape) and, for each index that failed, why; its picture is black.
    Raises ValueError if image_shape is not square.
    """
    height, width, channels = image_shape
    if height != width:
        raise ValueError(f"pictures are read as squares, and this model takes {height} x {width} pixels")
    rules = replace(rules_of(reading), image_size=height)
    images, outcomes = decode_pictures(files, rules)
    if channels > 3 and rules.n_channels != channels:
        raise ValueError(f"this model takes {channels} channels, and which ones was not saved with it: train it again")
    if channels == 1:
        gray = [np.asarray(Image.fromarray(image).convert("L")) for image in images]
        images = np.stack(gray)[..., None] if gray else images[..., :1]
    return images, {index: outcome.reason for index, outcome in outcomes.items() if outcome.fault}


def rules_of(reading: Mapping[str, Any] | None) -> Rules:
    """Of a data set's reading; without one what files state. Raises ValueError and the like for anything else."""
    if not reading:
        return AS_STATED
    if unknown := reading.keys() - {"ranges", "channels", "pages", "frame", "regions"}:
        raise ValueError(f"its reading holds {min(unknown)}, which is not known here")
    words: dict[str, Any] = {name: str(reading[name]) for name in ("channels", "pages", "frame") if name in reading}
    return Rules(as_ranges(reading["ranges"]), **words)
