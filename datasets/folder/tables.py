"""A table of pictures and their classes as spreadsheets and scripts write it: by itself, or among the pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bakeoff.datasets.folder.finder import ABSENT, Finder, parts_of
from bakeoff.datasets.folder.picture_file import NOT_USED, THE_TABLE, PictureFile, as_class_name, fail
from bakeoff.datasets.folder.split_names import find_splits, split_of_name

TABLE_SUFFIXES = (".csv", ".tsv", ".txt")
THINGS = ("patient", "subject", "slide", "plate", "lesion")
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
    "group": ("group", *(thing + end for thing in THINGS for end in ("", " id"))),
}
SEPARATORS = ",;\t|"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
LOOKED_AT = 50  # rows that tell what is in a column of an unknown name


@dataclass(frozen=True)
class Table:
    """rows: with the number of the line of each.   places: what we ask for -> its column.

    guessed: those of them that were told by what is in the column, not by its name.
    """

    name: str
    header: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]
    places: Mapping[str, int]
    guessed: Sequence[str]

    def files(self, finder: Finder) -> list[PictureFile]:
        """One for each row, in order. Raises ValueError for a row that lacks something."""
        said = " and ".join(f"their {what} in {self.header[self.places[what]]}" for what in self.guessed)
        remarks = (f"listed in a table with {said}",) if said else ()
        return [self._file(line, row, finder, remarks) for line, row in self.rows]

    def unused(self) -> list[str]:
        return [name for place, name in enumerate(self.header) if name.strip() and place not in self.places.values()]

    def _file(self, line: int, row: Sequence[str], finder: Finder, remarks: tuple[str, ...]) -> PictureFile:
        values = {what: row[place].strip() if place < len(row) else "" for what, place in self.places.items()}
        name, label, split = values["path"], values["label"], values.get("split", "")
        if not name or not label:
            raise ValueError(f"{self.name} line {line} must have a path and a label, got {row}")
        if split and not split_of_name(split)[0]:
            raise ValueError(f"{self.name} line {line}: split must be train, val or test, got {split!r}")
        file = finder.find(name) or PictureFile(parts_of(name.replace("\\", "/")), partial(fail, ABSENT))
        return replace(
            file.remarked(*remarks),
            read=partial(_read_row, file.read, line),
            class_name=as_class_name(label),
            split=split_of_name(split)[0],
            group=values.get("group", ""),
        )


def list_table(path: Path, list_folder: Callable[[Path], Iterable[PictureFile]]) -> list[PictureFile]:
    """Columns path, label and perhaps split (train, val, test) and group; what cannot be found is a file all the same.

    Paths are relative to the table's folder or the one above it; else a file below is known by its name, with or
    without suffix. Columns of other names are known by what is in them: names of files, of splits; the only one left.
    Separated by commas, semicolons, tabs or |; in UTF-8, UTF-16 or, failing that, Windows' cp1252. Blank rows do not
    count. Raises ValueError with file and line.
    """
    roots = path.parent, path.absolute().parent.parent
    finder = Finder(lambda: list_folder(path.parent), roots, split=split_of_name(path.stem)[0])
    table = read_table(str(path), path.read_bytes(), finder)
    unused = [PictureFile((name,), bytes, left_out=NOT_USED) for name in table.unused()]
    return sorted([*table.files(finder), *unused], key=lambda file: file.parts)


def label_by_tables(files: list[PictureFile]) -> list[PictureFile]:
    """With the classes of the tables among them, such as labels.csv, where folders tell fewer than two.

    files: with the classes that folders tell.
    Raises ValueError where no table can be read and no folder tells a class, or where the two tell unlike ones.
    """
    classes = {file.parts: file.class_name for file in files if file.class_name and file.is_named_picture}
    folders_tell = len(set(classes.values())) > 1
    listed: dict[tuple[str, ...], PictureFile] = {}
    used: set[tuple[str, ...]] = set()
    faults: list[str] = []
    for file in files:
        if not file.left_out and file.suffix in TABLE_SUFFIXES[:2]:
            above = file.parts[:-1]
            beside = [other for other in files if other.parts[: len(above)] == above]
            finder = Finder(beside.copy, split=split_of_name(file.stem)[0])
            try:
                table = read_table(file.path, file.read(), finder)
                found = {one.parts: one for one in table.files(finder)}
            except (ValueError, OSError) as error:
                faults.append(str(error))
                continue
            if folders_tell and not table.guessed:
                _check_agreement(file, found, classes)
            elif len({one.class_name for one in found.values()}) > 1:  # no list of guesses to be filled in
                listed |= found
                used.add(file.parts)
    if faults and not (listed or classes):
        raise ValueError(f"no folder tells a class, and of the tables, {faults[0]}")
    if not listed:
        return files
    splits = find_splits({parts[0] for parts in listed})
    labeled = [replace(file, split=file.split or splits.get(file.parts[0], "")) for file in listed.values()]
    others = [
        replace(file, class_name="", left_out=THE_TABLE if file.parts in used else file.left_out)
        for file in files
        if file.parts not in listed
    ]
    return sorted([*labeled, *others], key=lambda file: file.parts)


def _check_agreement(
    table: PictureFile, found: Mapping[tuple[str, ...], PictureFile], classes: Mapping[tuple[str, ...], str]
) -> None:
    both = {(classes[parts], file.class_name) for parts, file in found.items() if parts in classes}
    folders, labels = ({pair[side] for pair in both} for side in (0, 1))
    if len(labels) > 1 and len(both) > max(len(folders), len(labels)):
        raise ValueError(
            f"{table.path} tells other classes ({', '.join(sorted(labels)[:5])}) than the folders do "
            f"({', '.join(sorted(folders)[:5])}): name the table in place of the folder, or move it away"
        )


def read_table(name: str, content: bytes, finder: Finder) -> Table:
    """Raises ValueError with file and line."""
    rows = list(_rows(name, content))
    line, header = rows.pop(0) if rows else (1, [])
    places, guessed = _find_columns(header, [row for _, row in rows[:LOOKED_AT]], finder)
    if "path" in guessed and finder.find(header[places["path"]]):
        raise ValueError(f"{name} line {line} names a picture and no columns: put a line path,label above it")
    if not {"path", "label"} <= set(places):
        raise ValueError(
            f"{name} line {line} must name the columns path (or {', '.join(COLUMNS['path'][1:5])}) and label (or "
            f"{', '.join(COLUMNS['label'][1:4])}), got {', '.join(header) or 'nothing'}"
        )
    if not rows:
        raise ValueError(f"{name} has a header and no rows: one picture a row, its path and its label")
    return Table(name, header, rows, places, guessed)


def _find_columns(
    header: Sequence[str], rows: Sequence[Sequence[str]], finder: Finder
) -> tuple[dict[str, int], list[str]]:
    """What we ask for -> where it is, for what there is; and which of that no name tells."""
    names = [" ".join(name.lower().replace("_", " ").replace(".", " ").split()) for name in header]
    found = {column: [alias for alias in aliases if alias in names] for column, aliases in COLUMNS.items()}
    places = {column: names.index(aliases[0]) for column, aliases in found.items() if aliases}
    guessed: list[str] = []

    def leads_to_a_file(value: str) -> bool:
        return value != "" and finder.find(value) is not None

    def free(tells: Callable[[list[str]], bool]) -> list[int]:
        others = [place for place, name in enumerate(names) if name and place not in places.values()]
        return [place for place in others if tells([row[place].strip() for row in rows if place < len(row)])]

    for column, tells in (
        ("path", lambda values: bool(values) and sum(map(leads_to_a_file, values)) >= 0.9 * len(values)),
        ("split", lambda values: len({split_of_name(value)[0] for value in values} - {""}) > 1),
        ("label", bool),
    ):
        candidates = free(tells) if column not in places else []
        if len(candidates) == 1:
            places[column] = candidates[0]
            guessed.append(column)
    return places, guessed


def _read_row(read: Callable[[], bytes], line: int) -> bytes:
    try:
        return read()
    except OSError as error:
        raise OSError(f"{error.strerror or error}, line {line} of the table") from error


def _rows(name: str, content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the number of its (first) line; the header first, without what is above it."""
    text = _decode(content)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ValueError(f"{name} line {line} holds a zero byte: save the table as text (CSV in UTF-8)")
    first = next((row for row in text.splitlines() if row.strip() and not _is_above(row)), "")
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    seen_header = False
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise ValueError(f"{name} line {line} begins no row of a table: {error}") from error
        if row is None:
            return
        if any(value.strip() for value in row) and (seen_header or not _is_above(row[0])):
            seen_header = True
            yield line, row


def _is_above(text: str) -> bool:
    """Of what may stand above a header: the separator, as Excel is told it, and comments."""
    return text.startswith(("sep=", "#"))


def _decode(content: bytes) -> str:
    if content.startswith(UTF_16):
        return content.decode("utf-16", errors="replace")
    if content[1:2] == b"\0" or content[:1] == b"\0":  # UTF-16 without its mark: the first letter is half of zeros
        return content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be", errors="replace")
    text = content.decode("utf-8-sig", errors="surrogateescape")  # as Python names files with odd bytes
    is_plain = all(c < "\x80" or "\udc80" <= c <= "\udcff" for c in set(text))
    return content.decode("cp1252", errors="replace") if is_plain and not text.isascii() else text
