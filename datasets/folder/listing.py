"""Where pictures lie: a folder, an archive, or a .csv of path,label -> files with their classes.

Nothing is decoded here, and the user's files are never written to.
"""

from __future__ import annotations

import csv
import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from bakeoff.datasets.folder.archives import ARCHIVE_SUFFIXES, list_archive
from bakeoff.datasets.folder.picture_file import (
    EMPTY,
    HIDDEN,
    MET_BEFORE,
    PictureFile,
    as_class_name,
    check_size,
    fail,
    is_visible,
    stamp_of,
)

SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


@contextmanager
def open_files(path: Path) -> Iterator[list[PictureFile]]:
    """The files of a folder, archive or table, with class and split where the layout tells; sorted by path.

    The files can be read until the context ends.
    Folders: `class/**/file`, or `train|val|test/class/**/file`. A file outside any class has class_name "".
    Raises ValueError if path is none of these or is damaged, FileNotFoundError if it does not exist.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: name a folder with one sub-folder per class")
    with ExitStack() as opened:
        if path.is_dir():
            yield label_by_folder(list_folder(path))
        elif path.name.lower().endswith(ARCHIVE_SUFFIXES):
            yield label_by_folder(list_archive(path, opened))
        elif path.suffix.lower() == ".csv":
            yield list_table(path)
        else:
            raise ValueError(
                f"{path} must be a folder with one sub-folder per class, an archive of one "
                f"({', '.join(ARCHIVE_SUFFIXES)}) or a .csv of path,label"
            )


def label_by_folder(files: Iterable[PictureFile]) -> list[PictureFile]:
    """Read class and split from the folders that a file lies in."""
    files = sorted(files, key=lambda file: file.parts)
    tops = {SPLIT_FOLDERS.get(file.parts[0].lower()) for file in files if len(file.parts) > 1}
    depth = 1 if "train" in tops and tops & {"validation", "test"} else 0  # of the class folders
    labelled = []
    for file in files:
        split = SPLIT_FOLDERS.get(file.parts[0].lower(), "") if depth else ""
        inside = len(file.parts) > depth + 1 and (split or not depth)
        class_name = as_class_name(file.parts[depth]) if inside else ""
        labelled.append(replace(file, class_name=class_name, split=split if inside else ""))
    return labelled


def list_folder(root: Path) -> Iterator[PictureFile]:
    """Every file below a folder. Links are followed, each folder is entered once, by its own path if it has one here.

    Hidden files and folders, empty folders and those met before are listed as left out.
    Raises OSError if root itself cannot be listed.
    """
    os.listdir(root)
    entered: set[tuple[int, int]] = set()
    waiting: deque[tuple[str, ...]] = deque([()])  # links on the left: their turn comes after all folders
    while waiting:
        parts = waiting.pop()
        try:
            status = os.stat(root.joinpath(*parts))
            names = sorted(os.listdir(root.joinpath(*parts)))
        except OSError as error:
            yield PictureFile((*parts, ""), partial(fail, error))  # path "dog/", class dog
            continue
        identity = (status.st_dev, status.st_ino)
        if identity in entered or not names:
            yield PictureFile(parts, bytes, left_out=MET_BEFORE if names else EMPTY)
            continue
        entered.add(identity)
        for name in names:
            path = os.path.join(root, *parts, name)
            if not is_visible(name):
                yield PictureFile((*parts, name), bytes, left_out=HIDDEN)
            elif os.path.isdir(path):
                (waiting.appendleft if os.path.islink(path) else waiting.append)((*parts, name))
            else:
                yield PictureFile((*parts, name), partial(read_plain_file, path), stamp=stamp_now(path))


def list_table(path: Path) -> list[PictureFile]:
    """A .csv with columns path, label and perhaps split (train, val, test); paths are relative to its folder."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a table in UTF-8: {error}") from error
    files = []
    for number, row in enumerate(rows, start=2):  # line 1 is the header
        if not row.get("path") or not row.get("label"):
            raise ValueError(f"{path} line {number} must have the columns path and label, got {list(row)} = {row}")
        split = (row.get("split") or "").strip().lower()
        if split and split not in SPLIT_FOLDERS:
            raise ValueError(f"{path} line {number}: split must be train, val or test, got {split!r}")
        place = os.path.join(path.parent, row["path"])
        files.append(
            PictureFile(
                tuple(row["path"].split("/")),
                partial(read_plain_file, place),
                class_name=as_class_name(row["label"].strip()),
                split=SPLIT_FOLDERS.get(split, ""),
                stamp=stamp_now(place),
            )
        )
    return sorted(files, key=lambda file: file.parts)


def read_plain_file(path: str) -> bytes:
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
        raise OSError("not a plain file")
    check_size(status.st_size)
    with open(path, "rb", buffering=0) as file:
        return file.read()


def stamp_now(path: str | Path) -> str:
    """That of a file as it is now; "" if it cannot be looked at."""
    try:
        return stamp_of(os.stat(path))
    except OSError:
        return ""
