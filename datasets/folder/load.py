"""Anyone's pictures: a folder with one sub-folder per class (or an archive of one, or a .csv), as it comes.

find files -> decode, crop, resize -> leave out what cannot be used, and say why -> split, duplicates together
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.datasets.chosen_pictures import ChosenPictures, blocks_of
from bakeoff.datasets.dataset import Dataset, Progress, Split
from bakeoff.datasets.folder.archives import ARCHIVE_SUFFIXES
from bakeoff.datasets.folder.arrangement import arrange, files_in_classes, name_classes
from bakeoff.datasets.folder.decode import MAX_PIXELS, decoder_versions
from bakeoff.datasets.folder.decoded_pictures import (
    UnreadableError,
    can_be_read,
    decode_into,
    findings_from_array,
    findings_to_array,
)
from bakeoff.datasets.folder.given_splits import SPLITS
from bakeoff.datasets.folder.listing import open_files, stamp_now
from bakeoff.datasets.folder.picture_file import PictureFile, printable
from bakeoff.datasets.folder.store import Memory, Store

MIN_IMAGE_SIZE = 8  # pixels; smaller pictures hold no gradient grid
VERSION = 1  # raise it when a change of code changes what is kept, where it goes, or what is said about it
DECODED, ARRANGED = "decoded pictures", "folder"


def load_folder(
    path: Path,
    *,
    image_size: int = 32,
    max_skipped_share: float = 0.05,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
    store: Store | None = None,
) -> Dataset:
    """Read `path/<class>/**/*` or `path/{train,val,test}/<class>/**/*`; the user's files are never written to.

    path: such a folder, a .zip or .tar of one, or a .csv with columns path, label and perhaps split.
    image_size: side in pixels; a picture's short side is resized to it, and the middle is cut out.
    max_skipped_share: share of picture files that may be unusable before this stops.
    max_pixels: larger pictures are refused, undecoded.   progress: called with (what, files done, files).
    store: keeps the pictures on disk, so that memory does not grow with them, and decodes nothing again as long as
        no file changes; None holds them in memory.
    Pictures are gray (one channel) if every one of them is. A missing split is taken from training, within each class.
    Raises ValueError or FileNotFoundError, in one line that says what to do.
    """
    if image_size < MIN_IMAGE_SIZE:
        raise ValueError(f"image_size must be at least {MIN_IMAGE_SIZE} pixels, got {image_size}")
    with open_files(path) as found:
        name_classes(path, files_in_classes(found))  # complains before anything is decoded
        folder = _Folder(path, found, image_size, max_skipped_share, max_pixels, progress, store or Memory())
        arrays = folder.read()
    card = json.loads(arrays["card"].item())
    shape = (-1, image_size, image_size, card["n_channels"])
    train, validation, test = (
        Split(np.asarray(arrays[name]).reshape(shape), np.array(arrays[f"{name} labels"])) for name in SPLITS
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
            f"pictures, the middle square of each at {image_size}x{image_size} pixels"
            f"{', gray' if card['n_channels'] == 1 else ''}."
        ),
        notes=tuple(card["notes"]),
    )


def dataset_name(path: Path) -> str:
    """A name that is safe as a part of a file name: that of the folder or archive, letters and digits only."""
    name = path.resolve().name
    for suffix in sorted((*ARCHIVE_SUFFIXES, ".csv"), key=len, reverse=True):
        name = name.removesuffix(suffix)
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:60] or "folder"


@dataclass(frozen=True)
class _Folder:
    """Files that were found, and how they are to be read; the arguments of `load_folder`."""

    path: Path
    found: Sequence[PictureFile]
    image_size: int
    max_skipped_share: float
    max_pixels: int
    progress: Progress | None
    store: Store

    def read(self) -> Mapping[str, np.ndarray]:
        """For each split its pictures, uint8 (n, side * side * channels), and labels, int64 (n,); and a card (JSON).

        What could not be read may be readable now, or for this user, though the file has not changed.
        """
        arrays = self._read([])
        files, unreadable = files_in_classes(self.found), json.loads(arrays["card"].item())["unreadable"]
        readable = [index for index in unreadable if can_be_read(files[index].read)]
        return self._read(readable) if readable else arrays

    def _read(self, readable: list[int]) -> Mapping[str, np.ndarray]:
        inputs = {
            "files": digest_listing(self.path, self.found),
            "image_size": self.image_size,
            "max_pixels": self.max_pixels,
            "decoder": decoder_versions(),
            "readable": readable,
        }
        kept = self.store.get_or_compute(
            ARRANGED,
            version=VERSION,
            inputs={**inputs, "max_skipped_share": self.max_skipped_share},
            compute=lambda: self._arrange(inputs),
        )
        self.store.remove(DECODED, version=VERSION, inputs=inputs)  # it is needed only until the splits are written
        return kept.arrays

    def _arrange(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Decoding is kept by itself first: whoever is told of too many damaged files need not wait for it twice."""
        decoded = self.store.get_or_compute(DECODED, version=VERSION, inputs=inputs, compute=self._decode).arrays
        images = np.asarray(decoded["pixels"]).reshape(-1, self.image_size, self.image_size, 3)
        findings = findings_from_array(decoded["findings"])
        arranged = arrange(self.path, self.found, images, findings, self.max_skipped_share)
        card = {
            "class_names": arranged.class_names,
            "notes": arranged.notes,
            "n_channels": arranged.pictures["train"].n_channels,
            "unreadable": [index for index, error in findings.errors.items() if isinstance(error, UnreadableError)],
        }
        return {
            "card": np.array(json.dumps(card)),
            **{name: self._write(pictures) for name, pictures in arranged.pictures.items()},
            **{f"{name} labels": labels for name, labels in arranged.labels.items()},
        }

    def _decode(self) -> dict[str, Any]:
        readers = [file.read for file in files_in_classes(self.found)]
        rows = self.store.allocate((len(readers), self.image_size**2 * 3), np.dtype(np.uint8))
        findings = decode_into(rows, readers, self.image_size, max_pixels=self.max_pixels, progress=self.progress)
        return {"pixels": rows, "findings": findings_to_array(findings)}

    def _write(self, pictures: ChosenPictures) -> Any:
        rows = self.store.allocate((len(pictures), int(np.prod(pictures.shape[1:]))), np.dtype(np.uint8))
        for start, block in blocks_of(pictures):
            rows[start : start + len(block)] = block.reshape(len(block), -1)
        return rows


def digest_listing(path: Path, found: Sequence[PictureFile]) -> str:
    """SHA-256 that changes when a file comes, goes, is written to, or counts otherwise."""
    digest = hashlib.sha256(json.dumps([str(path.resolve()), stamp_now(path) if path.is_file() else ""]).encode())
    for file in found:
        digest.update(json.dumps([file.parts, file.class_name, file.split, file.left_out, file.stamp]).encode())
    return digest.hexdigest()
