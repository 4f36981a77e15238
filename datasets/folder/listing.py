"""Where pictures lie: a folder, an archive, or a .csv of path,label -> files with their classes.

Nothing is decoded here, and the user's files are never written to.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from bakeoff.datasets.folder.archives import ARCHIVE_SUFFIXES, list_archive
from bakeoff.datasets.folder.picture_file import (
    AROUND,
    EMPTY,
    HIDDEN,
    MET_BEFORE,
    OWN_OUTPUT,
    PictureFile,
    as_class_name,
    fail,
    is_own_output,
    is_visible,
    printable,
    read_plain_file,
    stamp_now,
)
from bakeoff.datasets.folder.regions import pair_masks
from bakeoff.datasets.folder.shards import check_shards, label_by_key, list_shards
from bakeoff.datasets.folder.split_names import THINGS, find_splits, split_of_name
from bakeoff.datasets.folder.tables import list_table
from bakeoff.datasets.folder.tables_among_pictures import TABLE_SUFFIXES, label_by_tables

PACKED = "is packed in a way that is not read: unpack it, and name the result"
ARRAYS = "holds one array: in Python, `import bakeoff` takes it, as in bakeoff.compare(bakeoff.load(images, labels))"
OTHERWISE = {
    **dict.fromkeys((".7z", ".rar", ".zst", ".gz", ".bz2", ".xz"), PACKED),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "is a spreadsheet: save it as CSV, and name the result"),
    ".npy": ARRAYS,
}


@contextmanager
def open_files(path: Path, pattern: str = "") -> Iterator[list[PictureFile]]:
    """The files of a folder, archive or table, with class and split where the layout tells; sorted by path.

    The files can be read until the context ends.
    Folders: `class/**/file`, `train|val|test/class/**/file` or `class/train|val|test/**/file`. A file outside any class
    has class_name "".   pattern: tells the class in place of folders, as `Reading.label` does.
    Raises ValueError if path is none of these or is damaged, FileNotFoundError if it does not exist.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: name a folder with one sub-folder per class")
    with ExitStack() as opened:
        if path.is_dir():
            files = list_shards(path, opened)
            yield label(files, pattern, path) if files else label_by_tables(label_by_folder(list_folder(path), pattern))
        elif path.name.lower().endswith(ARCHIVE_SUFFIXES):
            yield label(list_archive(path, opened), pattern)
        elif path.suffix.lower() in TABLE_SUFFIXES:
            if pattern:
                raise ValueError(f"{path} tells the classes itself: leave --label out, or name the folder of pictures")
            yield list_table(path, lambda folder: pair_masks(list(list_folder(folder))))
        elif path.suffix.lower() in OTHERWISE:
            raise ValueError(f"{path} {OTHERWISE[path.suffix.lower()]}")
        else:
            raise ValueError(
                f"{path} must be a folder with one sub-folder per class, an archive of one "
                f"({', '.join(ARCHIVE_SUFFIXES)}), a .csv, .tsv or .jsonl of path,label, or an "
                ".npz of images and labels"
            )


def label(files: Sequence[PictureFile], pattern: str, shards_of: Path | None = None) -> list[PictureFile]:
    """Of shards by the file of a class beside each picture, else by the folders, or tables among them.

    shards_of: the folder of several shards, which are no classes where they are numbered.
    """
    by_key = None if pattern else label_by_key(files)
    if shards_of and by_key is None and not pattern:
        check_shards(shards_of, files)
    return by_key or label_by_tables(label_by_folder(files, pattern))


def label_by_folder(files: Iterable[PictureFile], pattern: str = "") -> list[PictureFile]:
    """Read class and split from the folders that a file lies in, but for a folder that holds all others; or the class
    by a pattern.

    Raises ValueError where every folder holds the same folders, and either could be the classes.
    """
    files = _mark_own_output(sorted(_without_common_folder(pair_masks(list(files))), key=lambda file: file.parts))
    inside = _folders_at(files, 1)
    splits = find_splits(inside, are_folders=True)
    if pattern:
        return _label_by_pattern(files, pattern)
    below = find_splits(set().union(*inside.values())) if len(inside) > 1 and not splits else {}
    below = below if all(names & set(below) for names in inside.values()) else {}
    if splits:
        return [_label_in_split(file, splits, inside) for file in files]
    if below:
        _check_which_are_classes(_folders_at(files, 2))
        return [
            replace(file, class_name=as_class_name(file.parts[0]), split=below[file.parts[1]])
            if len(file.parts) > 2 and file.parts[1] in below
            else file
            for file in files
        ]
    _check_which_are_classes(inside)
    _check_repetition(inside)
    return [replace(file, class_name=as_class_name(file.parts[0])) if len(file.parts) > 1 else file for file in files]


def _label_by_pattern(files: Sequence[PictureFile], pattern: str) -> list[PictureFile]:
    """The splits are the outermost folders that are a set of them."""
    folders = [file.parts[:-1] if file.is_picture else () for file in files]
    at_depths = [{above[i] for above in folders if len(above) > i} for i in range(max(map(len, folders), default=0))]
    found = (find_splits(names, are_folders=True) for names in at_depths)
    depth, splits = next(((i, splits) for i, splits in enumerate(found) if splits), (0, {}))
    named = [
        replace(
            file,
            class_name=as_class_name(file.matched(pattern)),
            split=splits.get("".join(above[depth : depth + 1]), ""),
        )
        for file, above in zip(files, folders, strict=True)
    ]
    shown = [file for file in named if not file.left_out]
    if shown and not any(file.class_name for file in shown):
        raise ValueError(f"label {pattern} matches no path, such as {shown[-1].path}: no picture would have a class")
    return named


def _folders_at(files: Iterable[PictureFile], depth: int) -> dict[str, set[str]]:
    """Of each outermost folder those that lie so deep in it."""
    found: dict[str, set[str]] = {}
    for file in files:
        if len(file.parts) > 1 and not file.left_out:
            found.setdefault(file.parts[0], set()).update(file.parts[:-1][depth : depth + 1])
    return found


def _check_which_are_classes(inside: Mapping[str, set[str]]) -> None:
    """inside: of each folder those in it. Raises ValueError where all hold the same, for they may be the classes."""
    same = set.intersection(*inside.values()) if len(inside) > 1 else set()
    if len(same) > 1:
        raise ValueError(
            f"every folder ({', '.join(sorted(map(printable, inside)))}) holds the same folders "
            f"({', '.join(sorted(map(printable, same)))}), so that either could be the classes: if the "
            "outer ones are splits, call them train, val and test; if they are the classes, give --label='([^/]+)/', "
            "or --label='([^/]+)/[^/]*$' if the innermost ones are"
        )


def _check_repetition(inside: Mapping[str, set[str]]) -> None:
    """Raises ValueError for a folder that holds all others again, as some downloads do."""
    for folder, names in inside.items():
        others = sorted(set(inside) - {folder})
        if len(others) > 1 and names.issuperset(others):
            raise ValueError(
                f"the folder {printable(folder)} holds the same folders as lie beside it "
                f"({', '.join(map(printable, others[:5]))}): take it away, or name it in place of the folder around it"
            )


def _label_in_split(file: PictureFile, splits: Mapping[str, str], inside: Mapping[str, set[str]]) -> PictureFile:
    """`split/class/**/file`; the only folder of a split is passed through if it is called like a split, or images."""
    split, parts = splits.get(file.parts[0], ""), file.parts[1:]
    if len(parts) > 1 and inside.get(file.parts[0]) == {parts[0]}:
        says_no_class = split_of_name(parts[0])[0] == split or parts[0].lower() in THINGS
        parts = parts[1:] if says_no_class else parts
    if not split or len(parts) < 2:
        return file
    return replace(file, class_name=as_class_name(parts[0]), split=split)


def _without_common_folder(files: list[PictureFile]) -> list[PictureFile]:
    """What is unpacked or copied often lies in one folder, perhaps beside hidden files or a text: it is no class."""
    around: list[PictureFile] = []
    seen = [file.parts for file in files if not file.left_out and len(file.parts) > 1]
    shown = [file.parts for file in files if file.is_picture]  # beside a folder of images may lie others of texts
    names = {parts[0] for parts in shown}
    others = [file for file in files if len(file.parts) > 1 and file.parts[0] not in names and not file.left_out]
    are_none = all(file.suffix for file in others)  # what has no suffix may be a picture
    if len(names) == 1 and max(map(len, shown)) > 2 and (are_none or THINGS.issuperset(map(str.lower, names))):
        seen = shown
    while len({parts[0] for parts in seen}) == 1 and max(map(len, seen)) > 2:
        common = seen[0][0]
        around.append(PictureFile((common,), bytes, left_out=AROUND))
        files = [replace(f, parts=f.parts[1:]) if f.parts[0] == common and len(f.parts) > 1 else f for f in files]
        seen = [parts[1:] for parts in seen if len(parts) > 2]
    return [*around, *files]


def _mark_own_output(files: Sequence[PictureFile]) -> list[PictureFile]:
    """What lies in a folder that holds nothing but what we write: of an archive, too."""
    names: dict[str, set[str]] = {}
    for file in files:
        if len(file.parts) > 1:
            names.setdefault(file.parts[0], set()).add(file.parts[1])
    ours = {top for top, below in names.items() if is_own_output(below)}
    return [replace(f, left_out=OWN_OUTPUT) if ours.intersection(f.parts[:1]) and not f.left_out else f for f in files]


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
        if parts and is_own_output(names):
            yield PictureFile(parts, bytes, left_out=OWN_OUTPUT)
            continue
        folders: list[tuple[str, ...]] = []
        for name in names:
            path = os.path.join(root, *parts, name)
            if not is_visible(name):
                yield PictureFile((*parts, name), bytes, left_out=HIDDEN)
            elif os.path.isdir(path):
                (waiting.appendleft if os.path.islink(path) else folders.append)((*parts, name))
            else:
                yield PictureFile((*parts, name), partial(read_plain_file, path), stamp=stamp_now(path))
        waiting.extend(reversed(folders))
