"""Anyone's pictures: a folder with one sub-folder per class (or an archive of one, or a .csv), as it comes.

find files -> decode, crop, resize -> leave out what cannot be used, and say why -> split, duplicates together
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datasets.archives import ARCHIVE_SUFFIXES
from datasets.dataset import Dataset, Progress, Split
from datasets.decode import MAX_PIXELS, decode_pictures
from datasets.files import open_files
from datasets.folder_notes import (
    is_no_picture,
    note_balance,
    note_conversions,
    note_formats,
    note_ignored,
    note_labels_that_disagree,
    note_skipped,
    notes_left_out,
)
from datasets.folder_splits import SPLITS, choose_splits, group_duplicates
from datasets.picture_file import PictureFile, printable

MIN_IMAGE_SIZE = 8  # pixels; smaller pictures hold no gradient grid
ALL_GRAY = "Every picture is gray: experiments that need color do not apply and skip themselves."


def load_folder(
    path: Path,
    *,
    image_size: int = 32,
    max_skipped_share: float = 0.05,
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> Dataset:
    """Read `path/<class>/**/*` or `path/{train,val,test}/<class>/**/*`; the user's files are never written to.

    path: such a folder, a .zip or .tar of one, or a .csv with columns path, label and perhaps split.
    image_size: side in pixels; a picture's short side is resized to it, and the middle is cut out.
    max_skipped_share: share of picture files that may be unusable before this stops.
    max_pixels: larger pictures are refused, undecoded.   progress: called with (what, files done, files).
    Pictures are gray (one channel) if every one of them is. A missing split is taken from training, within each class.
    Raises ValueError or FileNotFoundError, in one line that says what to do.
    """
    if image_size < MIN_IMAGE_SIZE:
        raise ValueError(f"image_size must be at least {MIN_IMAGE_SIZE} pixels, got {image_size}")
    with open_files(path) as found:
        files = [file for file in found if file.class_name and not file.left_out]
        _name_classes(path, files)  # complains before anything is decoded
        decoded = decode_pictures([file.read for file in files], image_size, max_pixels=max_pixels, progress=progress)
    errors = decoded.errors
    pictures = [index for index, file in enumerate(files) if not is_no_picture(file, errors.get(index))]
    class_names = _name_classes(path, [files[index] for index in pictures])
    kept = [index for index in pictures if index not in errors]
    notes = [
        note_skipped(path, [(files[i], errors[i]) for i in pictures if i in errors], len(pictures), max_skipped_share),
        note_ignored([file for file in found if not (file.class_name or file.left_out)], "outside any class folder"),
        note_ignored([file for file in files if file.class_name not in class_names], "in folders without a picture"),
        note_ignored(
            [files[i] for i in sorted(set(errors) - set(pictures)) if files[i].class_name in class_names],
            "beside the pictures",
        ),
        *notes_left_out(file for file in found if file.left_out),
    ]
    place = {index: row for row, index in enumerate(kept)}
    files, images = [files[index] for index in kept], _as_gray_if_all_are(decoded.images[kept])
    labels = np.array([class_names.index(file.class_name) for file in files], dtype=np.int64)
    _check_every_class(path, labels, class_names)
    groups, group_notes = group_duplicates(images)
    split_of, split_notes = choose_splits(files, labels, groups, class_names)
    notes += [
        note_balance(labels, class_names),
        *group_notes,
        *split_notes,
        note_labels_that_disagree(files, labels, groups),
        note_conversions(files, {place[index]: texts for index, texts in decoded.remarks.items()}),
        note_formats(files, [decoded.file_formats[index] for index in kept]),
        ALL_GRAY if images.shape[3] == 1 else "",
    ]
    every = Split(images, labels)
    train, validation, test = (every.take(split_of == index) for index in range(len(SPLITS)))
    return Dataset(
        dataset_name(path),
        class_names,
        train,
        validation,
        test,
        description=(
            f"Pictures from {printable(path.resolve().name)}: {len(class_names)} classes, {len(files):,} pictures, the "
            f"middle square of each at {image_size}x{image_size} pixels{', gray' if images.shape[3] == 1 else ''}."
        ),
        notes=tuple(note for note in notes if note),
    )


def dataset_name(path: Path) -> str:
    """A name that is safe as a part of a file name: that of the folder or archive, letters and digits only."""
    name = path.resolve().name
    for suffix in sorted((*ARCHIVE_SUFFIXES, ".csv"), key=len, reverse=True):
        name = name.removesuffix(suffix)
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:60] or "folder"


def _name_classes(path: Path, files: Sequence[PictureFile]) -> tuple[str, ...]:
    class_names = tuple(sorted({file.class_name for file in files}))
    if len(class_names) < 2:
        raise ValueError(
            f"{path} must hold at least two classes, one sub-folder each, got {len(class_names)} "
            f"({', '.join(class_names) or 'no sub-folder with pictures'})"
        )
    return class_names


def _check_every_class(path: Path, labels: np.ndarray, class_names: Sequence[str]) -> None:
    counts = np.bincount(labels, minlength=len(class_names))
    if counts.min() == 0:
        empty = class_names[int(counts.argmin())]
        raise ValueError(f"class {empty!r} in {path} has no usable picture: add pictures or remove it")


def _as_gray_if_all_are(images: np.ndarray) -> np.ndarray:
    gray = images[..., :1]
    return gray.copy() if all((part == part[..., :1]).all() for part in images) else images
