"""A table of path,label as spreadsheets and scripts write it: .csv or .tsv -> files with their classes."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from bakeoff.datasets.folder.picture_file import NOT_USED, PictureFile, as_class_name, read_plain_file, stamp_now
from bakeoff.datasets.folder.split_names import split_of_name

TABLE_SUFFIXES = (".csv", ".tsv")
COLUMNS = {  # what we ask for -> what it is called, in small letters, with a blank between words
    "path": ("path", "file", "filename", "file name", "filepath", "file path", "image", "image path", "picture"),
    "label": ("label", "class", "category", "class name", "target", "diagnosis"),
    "split": ("split", "subset", "partition"),
    "group": ("group", *(thing + end for thing in ("patient", "subject", "slide", "plate") for end in ("", " id"))),
}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def list_table(path: Path) -> list[PictureFile]:
    """Columns path, label and perhaps split (train, val, test) and group; paths are relative to the table's folder.

    Separated by commas, semicolons or tabs; in UTF-8, UTF-16 or, failing that, Windows' cp1252. Blank rows do not
    count. Raises ValueError with file and line.
    """
    rows = _rows(path)
    line, header = next(rows, (1, []))
    places = _find_columns(header)
    if not {"path", "label"} <= set(places):
        raise ValueError(
            f"{path} line {line} must name the columns path (or {', '.join(COLUMNS['path'][1:5])}) and label (or "
            f"{', '.join(COLUMNS['label'][1:4])}), got {', '.join(header) or 'nothing'}"
        )
    files = [_as_file(path, line, row, places) for line, row in rows]
    if not files:
        raise ValueError(f"{path} has a header and no rows: one picture a row, its path and its label")
    others = [name for place, name in enumerate(header) if name.strip() and place not in places.values()]
    files += [PictureFile((name,), bytes, left_out=NOT_USED) for name in others]
    return sorted(files, key=lambda file: file.parts)


def _find_columns(header: Sequence[str]) -> dict[str, int]:
    """What we ask for -> where it is, for what there is."""
    names = [" ".join(name.lower().replace("_", " ").split()) for name in header]
    found = {column: [alias for alias in aliases if alias in names] for column, aliases in COLUMNS.items()}
    return {column: names.index(aliases[0]) for column, aliases in found.items() if aliases}


def _as_file(path: Path, line: int, row: Sequence[str], places: Mapping[str, int]) -> PictureFile:
    values = {column: row[place].strip() if place < len(row) else "" for column, place in places.items()}
    name, label, split = values["path"], values["label"], values.get("split", "")
    if not name or not label:
        raise ValueError(f"{path} line {line} must have a path and a label, got {row}")
    if split and not split_of_name(split)[0]:
        raise ValueError(f"{path} line {line}: split must be train, val or test, got {split!r}")
    if "\\" in name and not os.path.lexists(os.path.join(path.parent, name)):
        name = name.replace("\\", "/")
    place = os.path.join(path.parent, name)
    return PictureFile(
        tuple(part for part in name.split("/") if part not in ("", ".")) or (name,),
        partial(_read_row, place, line),
        class_name=as_class_name(label),
        split=split_of_name(split)[0],
        stamp=stamp_now(place),
        group=values.get("group", ""),
    )


def _read_row(place: str, line: int) -> bytes:
    try:
        return read_plain_file(place)
    except OSError as error:
        raise OSError(f"{error.strerror or error}, line {line} of the table") from error


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the number of its (first) line."""
    text = _decode(path.read_bytes())
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ValueError(f"{path} line {line} holds a zero byte: save the table as text (CSV in UTF-8)")
    first = text.lstrip().split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise ValueError(f"{path} line {line} begins no row of a table: {error}") from error
        if row is None:
            return
        if any(value.strip() for value in row) and not row[0].startswith("sep="):
            yield line, row


def _decode(content: bytes) -> str:
    if content.startswith(UTF_16):
        return content.decode("utf-16", errors="replace")
    text = content.decode("utf-8-sig", errors="surrogateescape")  # as Python names files with odd bytes
    is_plain = all(c < "\x80" or "\udc80" <= c <= "\udcff" for c in set(text))
    return content.decode("cp1252", errors="replace") if is_plain and not text.isascii() else text
