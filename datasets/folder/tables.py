"""A table of path,label as spreadsheets and scripts write it: .csv or .tsv -> files with their classes."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from bakeoff.datasets.folder.picture_file import PictureFile, as_class_name, read_plain_file, stamp_now
from bakeoff.datasets.folder.split_names import split_of_name

TABLE_SUFFIXES = (".csv", ".tsv")
COLUMNS = {  # what we ask for -> what it is called, in small letters
    "path": ("path", "file", "filename", "file_name", "file name", "filepath", "image", "image_path"),
    "label": ("label", "class", "category", "class_name"),
    "split": ("split", "subset", "partition"),
    "group": ("group",),
}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def list_table(path: Path) -> list[PictureFile]:
    """Columns path, label and perhaps split (train, val, test) and group; paths are relative to the table's folder.

    Separated by commas, semicolons or tabs; in UTF-8, UTF-16 or, failing that, Windows' cp1252. Blank rows do not
    count. Raises ValueError with file and line.
    """
    rows = _rows(path)
    line, header = next(rows, (1, []))
    names = [name.strip().lower() for name in header]
    places = {
        column: next((names.index(alias) for alias in aliases if alias in names), None)
        for column, aliases in COLUMNS.items()
    }
    if places["path"] is None or places["label"] is None:
        raise ValueError(
            f"{path} line {line} must name the columns path and label, got {', '.join(header) or 'nothing'}"
        )
    files = []
    for line, row in rows:
        values = {
            column: row[place].strip() if place is not None and place < len(row) else ""
            for column, place in places.items()
        }
        if not values["path"] or not values["label"]:
            raise ValueError(f"{path} line {line} must have a path and a label, got {row}")
        split = split_of_name(values["split"])[0]
        if values["split"] and not split:
            raise ValueError(f"{path} line {line}: split must be train, val or test, got {values['split']!r}")
        name = values["path"]
        if "\\" in name and not os.path.lexists(os.path.join(path.parent, name)):
            name = name.replace("\\", "/")
        place = os.path.join(path.parent, name)
        files.append(
            PictureFile(
                tuple(part for part in name.split("/") if part not in ("", ".")) or (name,),
                partial(read_plain_file, place),
                class_name=as_class_name(values["label"]),
                split=split,
                stamp=stamp_now(place),
                group=values["group"],
            )
        )
    if not files:
        raise ValueError(f"{path} has a header and no rows: one picture a row, its path and its label")
    return sorted(files, key=lambda file: file.parts)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the number of its (last) line."""
    content = path.read_bytes()
    if content.startswith(UTF_16):
        text = content.decode("utf-16", errors="replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ValueError(f"{path} line {line} holds a zero byte: save the table as text (CSV in UTF-8)")
    first = text.lstrip().split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise ValueError(f"{path} line {reader.line_num} is no row of a table: {error}") from error
        if row is None:
            return
        if any(value.strip() for value in row) and not row[0].startswith("sep="):
            yield reader.line_num, row
