"""Which of a folder's pictures are for training, validation and testing: duplicates never in two splits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bakeoff.datasets.chosen_pictures import Pictures
from bakeoff.datasets.folder.duplicates import duplicate_groups, exact_groups
from bakeoff.datasets.folder.notes import count, listed
from bakeoff.datasets.folder.picture_file import PictureFile
from bakeoff.datasets.splits import DEFAULT_SHARES, stratified_split

SPLITS = ("train", "validation", "test")
MAX_NEAR_SHARE = 0.2  # of pictures with near duplicates; above it the hash sees a kind of picture, not copies


def group_duplicates(images: Pictures) -> tuple[np.ndarray, list[str]]:
    """For each picture the first of its duplicates, int64 (n,); and notes.   images: uint8 (n, h, w, c)."""
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


def choose_splits(
    files: Sequence[PictureFile], labels: np.ndarray, groups: np.ndarray, class_names: Sequence[str]
) -> tuple[np.ndarray, list[str]]:
    """Index into SPLITS for each picture, int64 (n,), such that duplicates are never in two splits; and notes.

    Given splits are kept, but a picture with a duplicate in an earlier split (train before validation before test)
    moves there. Missing splits are dealt out group by group, within each class that has enough groups.
    Raises ValueError if fewer than two classes have enough, or a class has no picture in train.
    """
    given = np.array([SPLITS.index(file.split or "train") for file in files])
    earliest = np.full(len(files), len(SPLITS))
    np.minimum.at(earliest, groups, given)
    split_of = earliest[groups]
    notes = _note_moved(files, given, split_of)
    missing = [index for index in range(1, len(SPLITS)) if not (given == index).any()]
    if missing:
        notes += _deal(split_of, missing, labels, groups, class_names)
    only_later = set(labels) - set(labels[split_of == 0])
    if only_later:
        raise ValueError(f"class {class_names[min(only_later)]!r} must have pictures in train, got none there")
    return split_of, notes


def _deal(
    split_of: np.ndarray, missing: Sequence[int], labels: np.ndarray, groups: np.ndarray, class_names: Sequence[str]
) -> list[str]:
    """Move pictures from training to the missing splits, in place. Returns notes."""
    heads = np.unique(groups[split_of == 0])  # one picture for each group of duplicates
    n_heads = np.bincount(labels[heads], minlength=len(class_names))
    n_needed = len(missing) + 1
    small = np.flatnonzero((n_heads > 0) & (n_heads < n_needed)).tolist()
    if (n_heads >= n_needed).sum() < 2:
        counts = ", ".join(f"{class_names[label]!r} has {n}" for label, n in enumerate(n_heads))
        raise ValueError(
            f"at least two classes must have {n_needed} different pictures or more, one for each of train, "
            f"{', '.join(SPLITS[index] for index in missing)}, but {counts}: add pictures"
        )
    shares = {SPLITS[index]: DEFAULT_SHARES[SPLITS[index]] for index in missing}
    dealt_heads = heads[~np.isin(labels[heads], small)]
    dealt = stratified_split(labels[dealt_heads], {"train": 1 - sum(shares.values()), **shares}, class_names)
    for name in shares:
        split_of[np.isin(groups, dealt_heads[dealt[name]])] = SPLITS.index(name)
    percentages = ", ".join(f"{share:.0%} {name}" for name, share in shares.items())
    notes = [f"The {' and '.join(shares)} split was taken from training by us, within each class: {percentages}."]
    if small:
        names = [f"{class_names[label]} ({n_heads[label]})" for label in small]
        notes.append(
            f"Too few different pictures to be tested on, so that all of them are in training: {listed(names)}."
        )
    return notes


def _count_grouped(groups: np.ndarray) -> tuple[int, int]:
    """Pictures with a duplicate, and groups that they form."""
    sizes = np.unique(groups, return_counts=True)[1]
    return int(sizes[sizes > 1].sum()), int((sizes > 1).sum())


def _note_moved(files: Sequence[PictureFile], given: np.ndarray, split_of: np.ndarray) -> list[str]:
    moved = np.flatnonzero(given != split_of).tolist()
    moves = [f"{files[index].path} to {SPLITS[split_of[index]]}" for index in moved]
    return [f"{count(moves, 'picture')} moved to the split of a duplicate: {listed(moves)}."] if moves else []
