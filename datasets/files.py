"""Where pictures lie: a folder, a .zip or .tar archive, or a .csv of path,label -> files with their classes.

Nothing is written but an unnamed temporary file, and nothing is decoded here.
"""

from __future__ import annotations

import csv
import gzip
import lzma
import os
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MAX_FILE_BYTES = 500_000_000  # no picture is larger; a film or a zip bomb is
SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
NEVER_PICTURES = {"Thumbs.db", "desktop.ini", "__MACOSX"}  # left behind by operating systems, as are .hidden files


@dataclass(frozen=True)
class PictureFile:
    """A file that may be a picture.

    parts: folders and file name below the root.   read: returns its bytes; raises OSError and the like.
    class_name, split: where known ("" if not); split is train, validation or test.
    """

    parts: tuple[str, ...]
    read: Callable[[], bytes]
    class_name: str = ""
    split: str = ""

    @property
    def path(self) -> str:
        return _printable("/".join(self.parts))


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
            yield label_by_folder(_without_common_folder(list_archive(path, opened)))
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
        class_name = _printable(file.parts[depth]) if inside else ""
        labelled.append(PictureFile(file.parts, file.read, class_name, split if inside else ""))
    return labelled


def list_folder(root: Path) -> Iterator[PictureFile]:
    """Every visible file below a folder. Links are followed, each folder is entered once: a loop of links ends.

    A folder without files, or met again, stands in the list as an empty file: it is reported, and its class is known.
    Raises OSError if root itself cannot be listed.
    """
    os.listdir(root)
    entered: set[tuple[int, int]] = set()
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        parts = waiting.pop()
        try:
            status = os.stat(root.joinpath(*parts))
            names = sorted(filter(_is_visible, os.listdir(root.joinpath(*parts))))
        except OSError as error:
            yield PictureFile(parts, partial(_fail, error))
            continue
        identity = (status.st_dev, status.st_ino)
        if identity in entered or not names:
            yield PictureFile((*parts, "(folder met before)" if names else "(empty folder)"), bytes)
            continue
        entered.add(identity)
        for name in names:
            path = root.joinpath(*parts, name)
            if os.path.isdir(path):
                waiting.append((*parts, name))
            else:
                yield PictureFile((*parts, name), partial(_read_file, path))


def list_archive(path: Path, opened: ExitStack) -> list[PictureFile]:
    """The plain files in a .zip or .tar archive, read without unpacking: a member's path is never used to write.

    opened: what must be closed when the files have been read.
    """
    try:
        return _list_zip(path, opened) if path.suffix.lower() == ".zip" else _list_tar(path, opened)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError) as error:
        raise ValueError(f"{path} is damaged or no archive: {error}") from error


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
        read = partial(_read_file, path.parent / row["path"])
        parts = row["path"].split("/")
        files.append(PictureFile(tuple(parts), read, row["label"].strip(), SPLIT_FOLDERS.get(split, "")))
    return sorted(files, key=lambda file: file.parts)


def _list_zip(path: Path, opened: ExitStack) -> list[PictureFile]:
    archive = opened.enter_context(zipfile.ZipFile(path))  # may be read by several threads
    members = [member for member in archive.infolist() if not member.is_dir()]
    return [
        PictureFile(parts, partial(_read_member, archive, member))
        for member in members
        if (parts := _visible_parts(member.filename))
    ]


def _list_tar(path: Path, opened: ExitStack) -> list[PictureFile]:
    """One pass over the archive into an unnamed temporary file, since a compressed one cannot be read at random."""
    spool = opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    files = []
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            parts = _visible_parts(member.name)
            if not parts or member.isdir():
                continue
            source = archive.extractfile(member) if member.isreg() else None
            if source is None:
                files.append(PictureFile(parts, partial(_fail, OSError("links inside an archive are not followed"))))
                continue
            start, length = spool.tell(), min(member.size, MAX_FILE_BYTES + 1)
            spool.write(source.read(length))
            files.append(PictureFile(parts, partial(_read_range, spool, start, length)))
    spool.flush()
    return files


def _without_common_folder(files: list[PictureFile]) -> list[PictureFile]:
    """Archives often hold one folder that holds everything: leave it out of the paths."""
    while files and len({file.parts[0] for file in files}) == 1 and min(len(file.parts) for file in files) > 2:
        files = [PictureFile(file.parts[1:], file.read) for file in files]
    return files


def _visible_parts(name: str) -> tuple[str, ...]:
    """Folders and file name of an archive's member; () if hidden. A path that climbs (..) counts as hidden."""
    parts = tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", "."))
    return parts if all(map(_is_visible, parts)) else ()


def _printable(text: str) -> str:
    """File names may hold bytes that are no UTF-8; spelled out, they can stand in a report."""
    return text.encode(errors="backslashreplace").decode()


def _is_visible(name: str) -> bool:
    return not name.startswith(".") and name not in NEVER_PICTURES


def _read_file(path: Path) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
        raise OSError("not a plain file")
    _check_size(status.st_size)
    return path.read_bytes()


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    _check_size(member.file_size)
    try:
        return archive.read(member)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise OSError(str(error)) from error


def _read_range(file: IO[bytes], start: int, length: int) -> bytes:
    _check_size(length)
    return os.pread(file.fileno(), length, start)


def _check_size(n_bytes: int) -> None:
    if n_bytes > MAX_FILE_BYTES:
        raise OSError(f"{n_bytes:,} bytes are over the limit of {MAX_FILE_BYTES:,} for one file")


def _fail(error: Exception) -> bytes:
    raise error
