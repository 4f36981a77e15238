"""Loose picture files, not a data set: the ones that somebody wants to have classified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bakeoff.datasets.folder.decode import AS_STATED
from bakeoff.datasets.folder.decoded_pictures import Decoding, decode_pictures
from bakeoff.datasets.folder.listing import list_folder
from bakeoff.datasets.folder.picture_file import PictureFile, read_plain_file
from bakeoff.datasets.folder.ranges import as_ranges
from bakeoff.datasets.folder.samples import Rules


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
    rules = rules_of(reading)
    images, outcomes = decode_pictures(files, Decoding(height, rules))
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
    texts = {name: str(value) for name, value in reading.items() if name not in ("ranges", "regions")}
    return Rules(as_ranges(reading["ranges"]), **texts)
