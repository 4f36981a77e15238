"""Decoded files -> which are kept, in which split, and what a reader must know about it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.datasets.folder.conversion import NotAPictureError
from bakeoff.datasets.folder.decode import Outcome
from bakeoff.datasets.folder.decoded_pictures import Outcomes
from bakeoff.datasets.folder.given_splits import SPLITS, choose_splits, drop_contradictions, group_duplicates
from bakeoff.datasets.folder.groups import join, name_groups, suggest_label
from bakeoff.datasets.folder.notes import (
    note_balance,
    note_conversions,
    note_formats,
    note_ignored,
    note_nested,
    note_recording,
    note_skipped,
    note_split_folders,
    notes_left_out,
    notes_on_names,
)
from bakeoff.datasets.folder.picture_file import PictureFile
from bakeoff.datasets.folder.reading import Reading
from bakeoff.datasets.store import choose

ALL_GRAY = "Every picture is gray: experiments that need color do not apply and skip themselves."


@dataclass(frozen=True)
class Plan:
    """Where each picture goes.

    kept: index of each into `files_in_classes`.   labels, split_of: int64 (n,), the latter into SPLITS or DROPPED.
    groups: int64 (n,), equal for pictures of one group, or None where none were named.   notes: as in `Dataset`.
    """

    class_names: tuple[str, ...]
    files: list[PictureFile]
    kept: np.ndarray
    labels: np.ndarray
    split_of: np.ndarray
    groups: np.ndarray | None
    notes: list[str]


def plan(
    path: Path,
    found: Sequence[PictureFile],
    images: np.ndarray,
    outcomes: Outcomes,
    traits: np.ndarray,
    reading: Reading,
) -> Plan:
    """Leave out what cannot be used, and say why; split, what belongs together in one.

    found: every file.   images: uint8 (n, side, side, 3 or more), of `files_in_classes(found)`, their outcomes and
        traits.
    A missing split is taken from training, within each class.
    Raises ValueError, in one line that says what to do, for what makes no data set.
    """
    files = files_in_classes(found)
    errors = {index: outcome for index, outcome in outcomes.items() if outcome.fault}
    # A text file beside the pictures is none of them; one that calls itself a picture is a damaged one.
    others = {i for i, error in errors.items() if error.fault == NotAPictureError.fault and not files[i].is_picture}
    pictures = [index for index in range(len(files)) if index not in others]
    class_names = name_classes(path, [files[index] for index in pictures], [files[index] for index in others])
    failed = [f"{files[i].path} ({errors[i].reason})" for i in pictures if i in errors]
    outside = "whose paths --label does not match" if reading.label else "outside any class folder"
    notes = [
        note_split_folders([files[index] for index in pictures]),
        "" if reading.label else note_nested([files[index] for index in pictures]),
        note_skipped(path, failed, len(pictures), reading.max_skipped_share),
        note_ignored([file for file in found if not (file.class_name or file.left_out)], outside),
        note_ignored([file for file in files if file.class_name not in class_names], "of classes without a picture"),
        note_ignored([files[i] for i in sorted(others) if files[i].class_name in class_names], "beside the pictures"),
        *notes_left_out(file for file in found if file.left_out),
    ]
    kept = np.array([index for index in pictures if index not in errors])
    files = [files[index] for index in kept]
    empty = sorted(set(class_names) - {file.class_name for file in files})
    if empty:
        raise ValueError(f"class {empty[0]!r} in {path} has no usable picture: add pictures or remove it")
    label_of = {name: label for label, name in enumerate(class_names)}
    labels = np.array([label_of[file.class_name] for file in files], dtype=np.int64)
    exact, alike, about_copies = group_duplicates(choose(images, kept), labels, traits[kept])
    named, about_groups = name_groups(files, reading.group)
    dropped, contradictions = drop_contradictions(files, labels, exact, alike, reading.duplicates)
    groups = join(alike, named)
    split_of, about_splits = choose_splits(files, labels, groups, class_names, reading.duplicates, dropped)
    notes += [*notes_on_names(class_names), note_balance(labels, class_names)]
    notes += [*about_copies, *about_groups, *contradictions, *about_splits]
    return Plan(class_names, files, kept, labels, split_of, None if named is None else groups, notes)


def arrange(plan: Plan, images: np.ndarray, outcomes: Outcomes, traits: np.ndarray) -> tuple[list[str], dict[str, Any]]:
    """Notes, and for each split its pictures (`ChosenPictures`), "labels", "paths" and, where there are any, "groups".

    images, outcomes, traits: as decoded for good. Pictures are gray (one channel) if every one of them is.
    """
    kept = [outcomes[index] for index in plan.kept.tolist()]
    chosen = choose(images, plan.kept)
    is_gray = traits["is_gray"][plan.kept]
    if images.shape[3] == 3 and is_gray.all():
        chosen = replace(chosen, n_channels=1)
    notes = [
        *plan.notes,
        note_conversions(plan.files, [(*f.remarks, *o.remarks) for f, o in zip(plan.files, kept, strict=True)]),
        note_formats(plan.files, [outcome.file_format for outcome in kept]),
        note_recording(plan.files, [_facts(*about) for about in zip(kept, is_gray.tolist(), strict=True)]),
        ALL_GRAY if chosen.n_channels == 1 else "",
    ]
    arrays: dict[str, Any] = {}
    for index, name in enumerate(SPLITS):
        rows = np.flatnonzero(plan.split_of == index)
        arrays[name] = choose(chosen, rows)
        arrays[f"{name} labels"] = plan.labels[rows]
        arrays[f"{name} paths"] = np.array([plan.files[row].path for row in rows])
        if plan.groups is not None:
            arrays[f"{name} groups"] = plan.groups[rows]
    return notes, arrays


def _facts(outcome: Outcome, is_gray: bool) -> set[str]:
    remarks = [remark for remark in outcome.remarks if not (outcome.kind and remark.startswith(f"of {outcome.kind}"))]
    return {outcome.file_format, outcome.kind or "8-bit", "gray" if is_gray else "in color", *remarks, *outcome.facts}


def files_in_classes(found: Sequence[PictureFile]) -> list[PictureFile]:
    """Those that are to be decoded."""
    return [file for file in found if file.class_name and not file.left_out]


def name_classes(path: Path, files: Sequence[PictureFile], others: Sequence[PictureFile] = ()) -> tuple[str, ...]:
    """Sorted. Raises ValueError for fewer than two.   others: what else there is, to be counted then."""
    class_names = tuple(sorted({file.class_name for file in files}, key=_natural))
    if len(class_names) < 2:
        loose = Counter(file.suffix for file in others)
        kinds = ", ".join(f"{n:,} {suffix or 'without extension'}" for suffix, n in loose.most_common(5))
        raise ValueError(
            f"{path} must hold at least two classes, one sub-folder each, got {len(class_names)} "
            f"({', '.join(class_names) or 'no sub-folder with pictures'})"
            + (f"; other files: {kinds}" if kinds else "")
            + f". {suggest_label([*files, *others])}Unpack archives, give each class a folder, or list the pictures in "
            "a .csv of path,label"
        )
    return class_names


def _natural(name: str) -> tuple[list[str | int], str]:
    """Sorts 2 before 10, and 01 before 1."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)], name
