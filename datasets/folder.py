"""Anyone's pictures: a folder with one sub-folder per class (or an archive of one, or a .csv), as it comes.

find files -> decode, crop, resize -> leave out what cannot be used, and say why -> split, duplicates together
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from datasets.dataset import Dataset, Progress, Split
from datasets.decode import MAX_PIXELS, NotAPictureError, PictureError, decode_pictures
from datasets.duplicates import duplicate_groups, exact_groups
from datasets.files import ARCHIVE_SUFFIXES, PictureFile, open_files
from datasets.splits import DEFAULT_SHARES, stratified_split

SPLITS = ("train", "validation", "test")
MIN_IMAGE_SIZE = 8  # pixels; smaller pictures hold no gradient grid
MAX_LISTED = 50  # files named in one note; a report must stay readable
MAX_NEAR_SHARE = 0.2  # of pictures with near duplicates; above it the hash sees a kind of picture, not copies
UNBALANCED = 5  # largest class over smallest class, from which on accuracy misleads
PICTURE_SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff"}
PICTURE_SUFFIXES |= {".ppm", ".pgm", ".pbm", ".avif", ".jp2"}


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
        files = [file for file in found if file.class_name]
        class_names = _find_classes(path, files)
        readers = [file.read for file in files]
        images, errors = decode_pictures(readers, image_size, max_pixels=max_pixels, progress=progress)
    notes = [_note_ignored([file for file in found if not file.class_name], "outside any class folder")]
    notes += _check_skipped(path, files, errors, max_skipped_share)
    kept = [index for index in range(len(files)) if index not in errors]
    files, images = [files[index] for index in kept], _as_gray_if_all_are(images[kept])
    labels = np.array([class_names.index(file.class_name) for file in files], dtype=np.int64)
    notes.append(_check_class_sizes(path, labels, class_names))
    groups, group_notes = _group_duplicates(images)
    split_of, split_notes = _choose_splits(files, labels, groups, class_names)
    notes += [*group_notes, *split_notes, _note_labels_that_disagree(files, labels, groups)]
    every = Split(images, labels)
    train, validation, test = (every.take(split_of == index) for index in range(len(SPLITS)))
    return Dataset(
        dataset_name(path),
        class_names,
        train,
        validation,
        test,
        description=(
            f"Pictures from {path.resolve().name}: {len(class_names)} classes, {len(files):,} pictures, the middle "
            f"square of each at {image_size}x{image_size} pixels{', gray' if images.shape[3] == 1 else ''}."
        ),
        notes=tuple(note for note in notes if note),
    )


def dataset_name(path: Path) -> str:
    """A name that is safe as a part of a file name: that of the folder or archive, letters and digits only."""
    name = path.resolve().name
    for suffix in sorted((*ARCHIVE_SUFFIXES, ".csv"), key=len, reverse=True):
        name = name.removesuffix(suffix)
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:60] or "folder"


def _find_classes(path: Path, files: Sequence[PictureFile]) -> tuple[str, ...]:
    class_names = tuple(sorted({file.class_name for file in files}))
    if len(class_names) < 2:
        raise ValueError(
            f"{path} must hold at least two classes, one sub-folder each, got {len(class_names)} "
            f"({', '.join(class_names) or 'no sub-folder with files'})"
        )
    return class_names


def _check_skipped(
    path: Path, files: Sequence[PictureFile], errors: dict[int, PictureError], max_skipped_share: float
) -> list[str]:
    """Notes on what was left out; stops if it is too much. A text file beside the pictures is none of them."""
    others = {
        index
        for index, error in errors.items()
        if isinstance(error, NotAPictureError) and Path(files[index].parts[-1]).suffix.lower() not in PICTURE_SUFFIXES
    }
    skipped = [f"{files[index].path} ({error})" for index, error in errors.items() if index not in others]
    share = len(skipped) / max(1, len(files) - len(others))
    if share > max_skipped_share:
        raise ValueError(
            f"{len(skipped)} of {len(files) - len(others)} pictures in {path} cannot be used ({share:.0%}, more than "
            f"the {max_skipped_share:.0%} allowed), such as {'; '.join(skipped[:3])}: mend or remove them"
        )
    skipped_note = f"{_count(skipped, 'picture')} could not be used and left out: {_list(skipped)}." if skipped else ""
    return [skipped_note, _note_ignored([files[index] for index in sorted(others)], "that are no pictures")]


def _check_class_sizes(path: Path, labels: np.ndarray, class_names: Sequence[str]) -> str:
    counts = np.bincount(labels, minlength=len(class_names))
    if counts.min() == 0:
        empty = class_names[int(counts.argmin())]
        raise ValueError(f"class {empty!r} in {path} has no usable picture: add pictures or remove it")
    if counts.max() < UNBALANCED * counts.min():
        return ""
    largest, smallest = class_names[int(counts.argmax())], class_names[int(counts.argmin())]
    return (
        f"The classes are unbalanced, from {counts.min():,} pictures ({smallest}) to {counts.max():,} ({largest}): "
        "read balanced accuracy and macro F1 before accuracy."
    )


def _choose_splits(
    files: Sequence[PictureFile], labels: np.ndarray, groups: np.ndarray, class_names: Sequence[str]
) -> tuple[np.ndarray, list[str]]:
    """Index into SPLITS for each picture, int64 (n,), such that duplicates are never in two splits; and notes.

    Given splits are kept, but a picture with a duplicate in an earlier split (train before validation before test)
    moves there. Missing splits are dealt out group by group, within each class.
    """
    given = np.array([SPLITS.index(file.split or "train") for file in files])
    earliest = np.full(len(files), len(SPLITS))
    np.minimum.at(earliest, groups, given)
    split_of = earliest[groups]
    notes = _note_moved(files, given, split_of, groups)
    missing = [index for index in range(1, len(SPLITS)) if not (given == index).any()]
    if missing:
        heads = np.unique(groups[split_of == 0])  # one picture for each group of duplicates
        shares = {SPLITS[index]: DEFAULT_SHARES[SPLITS[index]] for index in missing}
        dealt = stratified_split(labels[heads], {"train": 1 - sum(shares.values()), **shares}, class_names)
        for name in shares:
            split_of[np.isin(groups, heads[dealt[name]])] = SPLITS.index(name)
        notes.append(
            f"The {' and '.join(shares)} split was taken from training by us, within each class: "
            f"{', '.join(f'{share:.0%} {name}' for name, share in shares.items())}."
        )
    only_later = set(labels) - set(labels[split_of == 0])
    if only_later:
        raise ValueError(f"class {class_names[min(only_later)]!r} must have pictures in train, got none there")
    return split_of, notes


def _group_duplicates(images: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """For each picture the first of its duplicates, int64 (n,); and notes."""
    groups, notes = duplicate_groups(images), []
    n_pictures, n_groups = _count_grouped(groups)
    if n_pictures > MAX_NEAR_SHARE * len(images):
        notes.append(
            f"{n_pictures:,} of {len(images):,} pictures look so much alike that near duplicates cannot be told from "
            "pictures of a kind, so only exact duplicates are kept together. If they are frames of films, keep each "
            "film within one of the folders train, val and test."
        )
        groups = exact_groups(images)
        n_pictures, n_groups = _count_grouped(groups)
    if n_pictures:
        notes.append(
            f"{n_pictures:,} pictures have exact or near duplicates (found by perceptual hash), in "
            f"{n_groups:,} group{'' if n_groups == 1 else 's'}; each group is kept within one split."
        )
    return groups, notes


def _count_grouped(groups: np.ndarray) -> tuple[int, int]:
    """Pictures with a duplicate, and groups that they form."""
    sizes = np.unique(groups, return_counts=True)[1]
    return int(sizes[sizes > 1].sum()), int((sizes > 1).sum())


def _note_moved(files: Sequence[PictureFile], given: np.ndarray, split_of: np.ndarray, groups: np.ndarray) -> list[str]:
    moved = np.flatnonzero(given != split_of).tolist()
    moves = [f"{files[index].path} to {SPLITS[split_of[index]]}" for index in moved]
    return [f"{_count(moves, 'picture')} moved to the split of a duplicate: {_list(moves)}."] if moves else []


def _note_labels_that_disagree(files: Sequence[PictureFile], labels: np.ndarray, groups: np.ndarray) -> str:
    odd = np.flatnonzero(labels != labels[groups]).tolist()
    pairs = [f"{files[index].path} and {files[groups[index]].path}" for index in odd]
    return f"{_count(pairs, 'duplicate')} with another class: {_list(pairs)}." if pairs else ""


def _note_ignored(files: Sequence[PictureFile], which: str) -> str:
    if not files:
        return ""
    suffixes = Counter(Path(file.parts[-1]).suffix.lower() or "no extension" for file in files)
    kinds = ", ".join(f"{count:,} {suffix}" for suffix, count in suffixes.most_common(5))
    return f"{_count(files, 'file')} {which} ignored ({kinds}), such as {files[0].path}."


def _as_gray_if_all_are(images: np.ndarray) -> np.ndarray:
    gray = images[..., :1]
    return gray.copy() if all((part == part[..., :1]).all() for part in images) else images


def _count(things: Sequence[object] | np.ndarray | range, noun: str) -> str:
    return f"{len(things):,} {noun}{'' if len(things) == 1 else 's'}"


def _list(lines: Sequence[str]) -> str:
    more = f"; and {len(lines) - MAX_LISTED:,} more" if len(lines) > MAX_LISTED else ""
    return "; ".join(lines[:MAX_LISTED]) + more
