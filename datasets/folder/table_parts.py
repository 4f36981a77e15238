"""What a table means: the files of its rows, its columns by their names, and columns of 0 and 1 as one.

A file is found at its path, or by its name, with or without suffix, wherever it lies.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from bakeoff.datasets.folder.picture_file import MASKS, TWICE, PictureFile, composed, fail, read_plain_file, stamp_now
from bakeoff.datasets.folder.split_names import find_splits, split_of_name
from bakeoff.datasets.folder.table_rows import Rows, column_names

GROUPED_BY = ("patient", "subject", "participant", "slide", "plate", "lesion")
COLUMNS = {  # what we ask for -> what it is called, in small letters, with a blank between words
    "path": (
        *("path", "file", "filename", "file name", "filepath", "file path", "image", "image path", "picture", "img"),
        *("image id", "image name", "image file", "images", "filenames"),
    ),
    "label": (
        *("label", "class", "category", "class name", "target", "diagnosis", "labels", "class id", "classid", "dx"),
        *("species", "breed"),
    ),
    "split": ("split", "subset", "partition"),
    "mask": ("mask", "mask path", "mask file", "segmentation"),
    "group": (
        "group",
        "case id",
        "animal id",
        *(thing + end for thing in GROUPED_BY for end in ("", " id", "id", " no", " number")),
    ),
}
BOXES = {  # names of the four columns of a box, without blanks and "roi" -> whether two are its width and height
    ("x", "y", "width", "height"): True,
    ("x", "y", "w", "h"): True,
    ("left", "top", "width", "height"): True,
    ("left", "top", "right", "bottom"): False,
    ("xmin", "ymin", "xmax", "ymax"): False,
    ("x1", "y1", "x2", "y2"): False,
}
NAMES = {*(alias for aliases in COLUMNS.values() for alias in aliases), *(side for sides in BOXES for side in sides)}
FLAGS = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}
ELSEWHERE = "found by name, as the table's paths lead nowhere"
ABSENT = FileNotFoundError(2, "No such file or directory")


class Finder:
    """files: gives those that may be meant, asked for once a path leads nowhere.   roots: what paths are relative to.

    Of several files of one name the one counts whose folders are most like the path's, then the one of a split's.
    """

    def __init__(
        self, files: Callable[[], Iterable[PictureFile]], roots: Sequence[Path] = (), *, split: str = ""
    ) -> None:
        self.files, self.roots, self.split = files, roots, split or "train"

    def find(self, name: str, kind: str = "") -> PictureFile | None:
        """None if there is no such file; one that cannot be read if several may be meant.

        kind: MASKS for a mask.
        """
        for spelled in (name, name.replace("\\", "/")):
            for root in self.roots:
                place = os.path.join(root, spelled)
                if os.path.lexists(place) and not os.path.isdir(place):
                    return PictureFile(parts_of(spelled), partial(read_plain_file, place), stamp=stamp_now(place))
        parts = parts_of(name.replace("\\", "/"))
        named = [file for file in self._by_name.get(composed(parts[-1]).casefold(), ()) if file.left_out == kind]
        alike = [(_n_common(file.parts[:-1], parts[:-1]), file) for file in named]
        if not alike:
            return None
        most = max(n for n, _ in alike)
        best = [file for n, file in alike if n == most]
        best = [file for file in best if split_of_name(file.parts[0])[0] == self.split] or best
        if len(best) > 1:
            return PictureFile(parts, partial(fail, OSError(f"{len(best)} files may be meant, as {best[0].path}")))
        return best[0].remarked(ELSEWHERE) if most < len(parts) - 1 or self.roots else best[0]

    @cached_property
    def _by_name(self) -> dict[str, list[PictureFile]]:
        names: dict[str, list[PictureFile]] = {}
        for file in self.files():
            if file.is_picture or file.left_out == MASKS:
                for key in {composed(file.parts[-1]).casefold(), composed(file.stem).casefold()}:
                    names.setdefault(key, []).append(file)
        return names


def parts_of(name: str) -> tuple[str, ...]:
    return tuple(part for part in name.split("/") if part not in ("", ".")) or (name,)


def _n_common(found: Sequence[str], asked: Sequence[str]) -> int:
    """How many of the last folders are the same."""
    same = [composed(a) == composed(b) for a, b in zip(reversed(found), reversed(asked), strict=False)]
    return (*same, False).index(False)


def join_flags(name: str, header: list[str], rows: Rows, *, asks_label: bool) -> tuple[list[str], Rows, int | None]:
    """Columns of 0 and 1 made one: of splits, such as is_test, and of classes where nothing else can tell them.

    asks_label: whether the table is to tell the classes.
    Returns the header, the rows, and the column of the classes, if they were joined.
    Raises ValueError with name and line for a row that is not in one split, or not in one class.
    """
    names = column_names(header)
    unknown = [place for place, title in enumerate(names) if title and title not in NAMES]
    flags = [p for p in unknown if rows and all(len(row) > p and row[p].strip().lower() in FLAGS for _, row in rows)]
    splits = {} if set(COLUMNS["split"]) & set(names) else _split_flags(names, flags)
    classes = [place for place in flags if place not in splits]
    n_others = len(unknown) - len(splits) - len(classes)  # one may hold the paths
    is_told = set(COLUMNS["label"]) & set(names) or n_others > (not set(COLUMNS["path"]) & set(names))
    n_single = sum(len(_set_in(row, classes)) == 1 for _, row in rows)
    if is_told or not asks_label or len(classes) < 2 or 2 * n_single <= len(rows):
        classes = []
    if not (splits or classes):
        return header, rows, None
    rest = next((split for split in ("train", "test") if split not in splits.values()), "")
    for what, places, allowed in (("split", list(splits), (1, 0) if rest else (1,)), ("class", classes, (1,))):
        for line, row in rows if places else ():
            n = len(_set_in(row, places))
            if n not in allowed:
                among = ", ".join(header[place] for place in places[:5])
                raise ValueError(f"{name} line {line} must have one 1 among {among}: its {what}; it has {n}: {row}")
    kept = [place for place in range(len(header)) if place not in {*splits, *classes}]
    titles = ([", ".join(header[place] for place in classes)] if classes else []) + (["split"] if splits else [])

    def joined(row: list[str]) -> list[str]:
        told = [header[place] for place in _set_in(row, classes)]
        told += [next((splits[place] for place in _set_in(row, splits)), rest)] if splits else []
        return [*(row[place] if place < len(row) else "" for place in kept), *told]

    header_then = [*(header[place] for place in kept), *titles]
    return header_then, [(line, joined(row)) for line, row in rows], len(kept) if classes else None


def _split_flags(names: Sequence[str], flags: Iterable[int]) -> dict[int, str]:
    """Column -> split. One called train, without a test or val beside it, may be of a class."""
    plain = find_splits(names[place] for place in flags)
    found = {}
    for place in flags:
        split, others = split_of_name(names[place].removeprefix("is "))
        if split and not others and (names[place] in plain or names[place].startswith("is ")):
            found[place] = split
    return found


def _set_in(row: Sequence[str], places: Iterable[int]) -> list[int]:
    return [place for place in places if FLAGS[row[place].strip().lower()]]


def each_once(rows: Iterable[PictureFile]) -> list[PictureFile]:
    """Those that tell what an earlier one tells are left out."""
    files, told = [], set()
    for file in rows:
        tells = file.parts, *facts_of(file)
        files.append(replace(file, left_out=TWICE) if tells in told else file)
        told.add(tells)
    return files


def facts_of(file: PictureFile) -> tuple[Any, ...]:
    """What a table may tell of a picture."""
    region = file.region and (file.region.box, tuple(mask.parts for mask in file.region.masks))
    return file.class_name, file.split, file.group, region


def read_row(read: Callable[[], bytes], line: int) -> bytes:
    try:
        return read()
    except OSError as error:
        raise OSError(f"{error.strerror or error}, line {line} of the table") from error
