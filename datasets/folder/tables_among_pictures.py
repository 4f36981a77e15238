"""Tables that lie among the pictures of a folder: what they tell of classes, splits, groups and masks."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from typing import Any, NoReturn

from bakeoff.datasets.folder.groups import suggest_label
from bakeoff.datasets.folder.picture_file import PictureFile
from bakeoff.datasets.folder.split_names import are_parts, find_splits, split_of_name
from bakeoff.datasets.folder.table_parts import COLUMNS, Finder, facts_of
from bakeoff.datasets.folder.table_rows import column_names, words_of_text
from bakeoff.datasets.folder.tables import NEEDED, Table, read_table

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl")
GUESSES = re.compile("predict|submission|guess")  # in names of tables that tell what somebody thinks
LOST = "rows that lead to no picture in a class, or to several"


def label_by_tables(files: list[PictureFile]) -> list[PictureFile]:
    """With the classes of the tables among them, such as labels.csv, where folders tell fewer than two, or are parts.

    files: sorted, with the classes that folders tell. What tables say of groups, regions and splits counts anyway.
    Raises ValueError where no table can be read and folders tell fewer than two, or the two tell unlike ones, and for a
    table of splits, groups or masks of these pictures that cannot be read; others of them are left out with the reason.
    """
    classes = {file.class_name for file in files if file.class_name and file.is_picture}
    ask_tables = len(classes) < 2 or are_parts(classes)
    tables = _read_tables(files, NEEDED, is_strict=False)[0] if ask_tables else []
    if len(classes) > 1 and not tables:
        return _add_to_folders(files)
    if not tables:
        _, files, fault = _read_tables(files, NEEDED)
        if fault:
            raise ValueError(f"{suggest_label(files)}Folders tell fewer than two classes, and of the tables, {fault}")
        return files
    told: dict[tuple[str, ...], str] = {}
    for table, _, rows in tables:
        pairs = {(told[row.parts], row.class_name) for row in rows if row.parts in told}
        if any(one != other for one, other in pairs):
            _refuse(table, pairs, "another table does")
        told |= {row.parts: row.class_name for row in rows}
    found = _complete(rows for _, _, rows in tables)
    used, parts = {file.parts: _as_table(file) for file, _, _ in tables}, {row.parts for row in found}
    splits = find_splits({row.parts[0] for row in found})
    labeled = [replace(row, split=row.split or splits.get(row.parts[0], "")) for row in found]
    others = [used.get(file.parts, replace(file, class_name="")) for file in files if file.parts not in parts]
    unused = [column for _, table, _ in tables for column in table.unused()]
    found = sorted([*labeled, *others, *unused], key=lambda file: file.parts)
    return _add_to_folders(found, labeled=True) if len(parts) == len(labeled) else found


Read = tuple[PictureFile, Table, list[PictureFile]]  # a table's file, with the split of its name; it; those of its rows


def _as_table(file: PictureFile) -> PictureFile:
    return replace(file, class_name="", split="", left_out=f"a table of the {file.split} pictures".replace("  ", " "))


def _read_tables(
    files: list[PictureFile], needed: Sequence[str], *, is_strict: bool = True
) -> tuple[list[Read], list[PictureFile], str]:
    """Those that can be read; all files, without those that name pictures here and cannot; the first fault.

    is_strict: raises ValueError for a table of splits, groups or masks that cannot be read.
    """
    below: dict[tuple[str, ...], list[PictureFile]] = defaultdict(list)
    for file in files:
        for depth in range(len(file.parts)):
            below[file.parts[:depth]].append(file)
    finders: dict[tuple[tuple[str, ...], str], Finder] = {}
    tables: list[Read] = []
    useless: dict[tuple[str, ...], str] = {}
    first_fault = ""
    for file in [file for file in files if not file.left_out and file.suffix in TABLE_SUFFIXES]:
        above, split = file.parts[:-1], split_of_name(file.stem)[0]
        if file.suffix == ".txt" and not split:
            continue
        if GUESSES.search(file.stem.lower()):
            useless[file.parts] = "a table of guesses, by its name"
            continue
        near = below[above] if any(other.is_picture for other in below[above]) else files
        finder = finders.setdefault((above, split), Finder(near.copy, split=split))
        content = b""
        try:
            content = file.read()
            table = read_table(file.path, content, finder, needed)
            tables.append((file, table, table.files(finder)))
        except (ValueError, OSError) as error:
            first_fault = first_fault or str(error)
            words = words_of_text(content)
            if any(finder.find(word) for word in words if not word.isdecimal()):
                if is_strict and {*COLUMNS["split"], *COLUMNS["group"], *COLUMNS["mask"]} & {*column_names(words)}:
                    advice = suggest_label(files) if "label" in needed else ""
                    raise ValueError(f"{advice}{error}. Mend the table, or move it away") from error
                useless[file.parts] = f"a table that cannot be used ({error})"
    if "label" in needed:
        tables = _without_guesses(tables)
    splits = find_splits(file.stem for file, _, _ in tables)  # train.csv and test.csv
    if len(set(splits.values())) == len(splits):  # not train1.txt and train2.txt, of several ways to split
        for place, (file, table, rows) in enumerate(tables):
            split = splits.get(file.stem, "")
            tables[place] = replace(file, split=split), table, [replace(r, split=r.split or split) for r in rows]
    return tables, [replace(file, left_out=useless.get(file.parts, file.left_out)) for file in files], first_fault


def _without_guesses(tables: Sequence[Read]) -> list[Read]:
    """Without those of a single class, which are to be filled in; unless each has one of its own, and its name."""
    told = [{row.class_name for row in rows} for _, _, rows in tables]
    alone = max(map(len, told), default=0) == 1 < len(set().union(*told)) == len(tables)
    for (file, _, _), names in zip(tables, told, strict=True):
        alone = alone and all(name.casefold() in file.stem.casefold() for name in names)
    return [table for table, names in zip(tables, told, strict=True) if len(names) > 1 or alone]


def _add_to_folders(files: list[PictureFile], *, labeled: bool = False) -> list[PictureFile]:
    """What tables tell beside the classes, which are known; and the class of a picture that lies outside of folders.

    labeled: it was tables that told the classes, and what they left out has none.
    """
    tables, files, _ = _read_tables(files, needed=("path",))
    known = {file.parts: file for file in files if file.class_name and file.is_picture}
    classes = {file.class_name for file in known.values()}
    loose = {file.parts: file for file in files if not file.class_name and file.is_picture}
    before = known | loose
    for _, read, rows in tables:
        is_guess = read.guessed or len({row.class_name for row in rows}) < 2  # one class is to be filled in
        for row in () if is_guess or labeled else rows:
            if row.parts in loose and row.class_name in classes:
                known[row.parts] = replace(loose[row.parts], class_name=row.class_name)
    more: dict[tuple[str, ...], list[PictureFile]] = {}
    told: list[list[PictureFile]] = []  # by each table
    for table, read, rows in tables:
        here = [row for row in rows if row.parts in known and not (read.guessed or row.left_out)]
        pairs = {(known[row.parts].class_name, row.class_name) for row in here if row.class_name}
        _check_agreement(table, pairs)
        changing = [row for row in rows if row.split or row.group or row.region]
        lost = [row.path for row in changing if row.parts not in known]
        if changing and read.guessed:
            names = ", ".join(f"{read.header[read.places[what]]} to {what}" for what in read.guessed)
            more[table.parts] = [replace(table, left_out=f"a table that counts once columns are renamed ({names})")]
        elif lost:
            where = f"{table.path} ({len(lost):,} of {len(rows):,}, such as {lost[0]})"
            files = [*files, PictureFile((where,), bytes, left_out=LOST)]
        new = [
            replace(known[row.parts], read=row.read, split=row.split, group=row.group, region=row.region)
            for row in here
        ]
        told.append([one for one in new if facts_of(one) != facts_of(before[one.parts])])
        if told[-1]:
            more[table.parts] = [_as_table(table)]
    for row in _complete(told):
        more.setdefault(row.parts, []).append(row)
    return [one for file in files for one in more.get(file.parts, [file])]


def _check_agreement(table: PictureFile, both: Set[tuple[str, str]]) -> None:
    """both: pairs of the folders' class and the table's. Raises ValueError unless one of the two tells finer classes,
    and does so by names of its own."""
    folders, labels = ({pair[side] for pair in both} for side in (0, 1))
    are_mixed = len(labels) > 1 and len(both) > max(len(folders), len(labels))
    if are_mixed or any(one != other and other in folders for one, other in both):
        _refuse(table, both, "the folders or --label do")


def _refuse(table: PictureFile, both: Set[tuple[str, str]], others: str) -> NoReturn:
    theirs, its = (", ".join(sorted({pair[side] for pair in both})[:5]) for side in (0, 1))
    raise ValueError(
        f"{table.path} tells other classes ({its}) than {others} ({theirs}): name one table in place of the folder, or "
        "move the others away"
    )


def _complete(tables: Iterable[Iterable[PictureFile]]) -> list[PictureFile]:
    """The rows of all: what one table leaves open of a picture, such as its split, another fills in.

    A picture that a table tells two things of, or that two tables contradict each other about, is there for each.
    """
    found: dict[tuple[str, ...], dict[tuple[Any, ...], PictureFile]] = {}
    for rows in tables:
        now: dict[tuple[str, ...], dict[tuple[Any, ...], PictureFile]] = defaultdict(dict)
        for row in rows:
            for earlier in found.get(row.parts, {(): row}).values():
                for one in _put_together(earlier, row):
                    now[row.parts].setdefault((one.left_out, *facts_of(one)), one)
        found |= now
    return [row for of_picture in found.values() for row in of_picture.values()]


def _put_together(row: PictureFile, other: PictureFile) -> tuple[PictureFile, ...]:
    if any(a and b and a != b for a, b in zip(facts_of(row), facts_of(other), strict=True)):
        return row, other
    group, region = row.group or other.group, row.region or other.region
    return (replace(row, split=row.split or other.split, group=group, region=region),)
