"""A table of pictures and their classes, as spreadsheets and scripts write it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bakeoff.datasets.folder.picture_file import MASKS, NOT_USED, PictureFile, Region, as_class_name, fail
from bakeoff.datasets.folder.regions import box_of
from bakeoff.datasets.folder.split_names import split_of_name
from bakeoff.datasets.folder.table_parts import (
    ABSENT,
    BOXES,
    COLUMNS,
    Finder,
    each_once,
    join_flags,
    parts_of,
    read_row,
)
from bakeoff.datasets.folder.table_rows import column_names, rows_of_text

NEEDED = ("path", "label")  # columns, where nothing else tells the classes
NO_LABEL = ("", "nan", "?", "n/a", "#n/a")  # as programs write what is missing; "none" may be a class
MISSING = (*NO_LABEL, "na", "none", "null", "-")  # in other columns
LOOKED_AT = 50  # rows that tell what is in a column of an unknown name


@dataclass(frozen=True)
class Table:
    """rows: with the number of the line of each.   places: what we ask for -> its column.

    guessed: those of them that were told by what is in the column, not by its name.
    box: the four columns of a box, if there are any; has_sides: of which the last two are its width and height.
    """

    name: str
    header: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]
    places: Mapping[str, int]
    guessed: Sequence[str]
    box: Sequence[int] = ()
    has_sides: bool = False

    def files(self, finder: Finder) -> list[PictureFile]:
        """One for each row, in order. Raises ValueError for a row that lacks something."""
        said = " and ".join(f"their {what} in {self.header[self.places[what]]}" for what in self.guessed)
        remarks = (f"listed in a table with {said}",) if said else ()
        files = each_once(self._file(line, row, finder, remarks) for line, row in self.rows)
        times = Counter(file.parts for file in files if self.box and not file.left_out)
        return [replace(f, group=f.path) if times[f.parts] > 1 and not f.group else f for f in files]  # of many boxes

    def unused(self) -> list[PictureFile]:
        """Its other columns."""
        used = {*self.places.values(), *self.box}
        names = [name for place, name in enumerate(self.header) if name.strip() and place not in used]
        return [PictureFile((name,), bytes, left_out=NOT_USED) for name in names]

    def _file(self, line: int, row: Sequence[str], finder: Finder, remarks: tuple[str, ...]) -> PictureFile:
        values = {what: row[place].strip() if place < len(row) else "" for what, place in self.places.items()}
        values |= {what: "" for what in values if what not in NEEDED and values[what].lower() in MISSING}
        name, label, split = values["path"], values.get("label", ""), values.get("split", "")
        if not name or (label.lower() in NO_LABEL and "label" in values):
            raise ValueError(f"{self.name} line {line} must have a path and a label, got {row}")
        if split and not split_of_name(split)[0]:
            raise ValueError(f"{self.name} line {line}: split must be train, val or test, got {split!r}")
        file = finder.find(name) or PictureFile(parts_of(name.replace("\\", "/")), partial(fail, ABSENT))
        return replace(
            file.remarked(*remarks),
            read=partial(read_row, file.read, line),
            class_name=as_class_name(label),
            split=split_of_name(split)[0] or file.split,
            group=values.get("group", ""),
            region=self._region(line, row, finder, values.get("mask", "")) or file.region,
        )

    def _region(self, line: int, row: Sequence[str], finder: Finder, mask: str) -> Region | None:
        numbers = [row[place].strip() for place in self.box if place < len(row)]
        box = box_of(f"{self.name} line {line}", numbers, self.has_sides) if any(numbers) else None
        found = (finder.find(mask, MASKS) or finder.find(mask)) if mask else None
        masks = (found or PictureFile(parts_of(mask), partial(fail, ABSENT)),) if mask else ()
        return Region(masks, box) if box or masks else None


def list_table(path: Path, list_folder: Callable[[Path], Iterable[PictureFile]]) -> list[PictureFile]:
    """Columns path, label and perhaps split (train, val, test), group, mask or the four of a box.

    What cannot be found is a file all the same, which cannot be read. Paths are relative to the table's folder or the
    one above it; else `Finder` knows names. Columns of other names are known by what is in them: names of files, of
    splits; the only one left. Raises ValueError with file and line.
    """
    roots = path.parent, path.absolute().parent.parent
    finder = Finder(lambda: list_folder(path.parent), roots, split=split_of_name(path.stem)[0])
    table = read_table(str(path), path.read_bytes(), finder)
    return sorted([*table.files(finder), *table.unused()], key=lambda file: file.parts)


def read_table(name: str, content: bytes, finder: Finder, needed: Sequence[str] = NEEDED) -> Table:
    """needed: columns that there must be. Raises ValueError with file and line."""
    rows = list(rows_of_text(name, content))
    line, header = rows.pop(0) if rows else (1, [])
    first = header[0] if len(header) == 1 else ""  # perhaps of a list that names no columns
    if first and "label" not in needed and finder.find(first):
        header, rows = ["path"], [(line, header), *rows]
    elif " " in first and finder.find(first.rpartition(" ")[0].strip()):  # cat/1.jpg 0
        rows = [(number, row[0].rsplit(None, 1)) for number, row in ((line, header), *rows)]
        header = ["path", "label"]
    elif " " in first and finder.find(first.split()[0]):  # Abyssinian_100 1 1 1, as of Oxford's pets
        rows = [(number, row[0].split()) for number, row in ((line, header), *rows)]
        header = ["path", *(f"column {place}" for place in range(2, len(rows[0][1]) + 1))]
    header, rows, joined = join_flags(name, list(header), rows, asks_label="label" in needed)
    names = column_names(header)
    bare = [name.replace(" ", "").removeprefix("roi") for name in names]
    columns = next((columns for columns in BOXES if set(columns) <= set(bare)), None)
    box = [bare.index(column) for column in columns or ()]
    places, guessed = _find_columns(names, [row for _, row in rows[:LOOKED_AT]], finder, box, needed)
    if joined is not None:
        places["label"], guessed = joined, [*(what for what in guessed if what != "label"), "label"]
    if "path" in guessed and finder.find(header[places["path"]]):
        raise ValueError(
            f"{name} line {line} names a picture and no columns: put a line above it that does, such as path,label"
        )
    if not set(needed) <= set(places):
        raise ValueError(
            f"{name} line {line} must name the columns path (or {', '.join(COLUMNS['path'][1:5])}) and label (or "
            f"{', '.join(COLUMNS['label'][1:4])}), got {', '.join(header)[:99] or 'nothing'}"
        )
    if not rows:
        raise ValueError(f"{name} has a header and no rows: one picture a row, its path and its label")
    return Table(name, header, rows, places, guessed, box, has_sides=columns is not None and BOXES[columns])


def _find_columns(
    names: Sequence[str], rows: Sequence[Sequence[str]], finder: Finder, taken: Sequence[int], needed: Sequence[str]
) -> tuple[dict[str, int], list[str]]:
    """What we ask for -> where it is, for what there is; and which of that no name tells."""
    found = {column: [alias for alias in aliases if alias in names] for column, aliases in COLUMNS.items()}
    places = {column: names.index(aliases[0]) for column, aliases in found.items() if aliases}
    guessed: list[str] = []

    def free(tells: Callable[[list[str]], bool]) -> list[int]:
        others = [place for place, name in enumerate(names) if name and place not in (*places.values(), *taken)]
        return [place for place in others if tells([row[place].strip() for row in rows if place < len(row)])]

    for column, tells in (
        ("path", lambda values: bool(values) and sum(map(bool, map(finder.find, values))) >= 0.9 * len(values)),
        ("split", lambda values: len({split_of_name(value)[0] for value in values} - {""}) > 1),
        ("label", bool),
    ):
        candidates = free(tells) if column not in places and column in (*needed, "split") else []
        if len(candidates) == 1:
            places[column] = candidates[0]
            guessed.append(column)
    return places, guessed
