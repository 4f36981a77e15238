"""Rows of a table, as spreadsheets and scripts write them: text of any separator and encoding, or records of JSON."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

SEPARATORS = ",;\t|"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
LOOKED_AT = 1 << 16  # bytes of a table with a fault

Rows = list[tuple[int, list[str]]]
"""With the number of the line of each."""


def rows_of_text(name: str, content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the number of its (first) line; the header first, without what is above it.

    Separated by commas, semicolons, tabs or |; in UTF-8, UTF-16 or, failing that, Windows' cp1252. Or a JSON object a
    line, as Hugging Face's metadata.jsonl has them.
    Raises ValueError with name and line.
    """
    text = _decode(content)
    if name.lower().endswith(".jsonl"):
        yield from _rows_of_json(name, text)
        return
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ValueError(f"{name} line {line} holds a zero byte: save the table as text (CSV in UTF-8)")
    first = next((row for row in text.splitlines() if row.strip() and not _is_above(row)), "")
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    n_columns = 0
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise ValueError(f"{name} line {line} begins no row of a table: {error}") from error
        if row is None:
            return
        if any(value.strip() for value in row) and (n_columns or not _is_above(row[0])):
            n_columns = n_columns or len(row)
            if any(value.strip() for value in row[n_columns:]):
                raise ValueError(
                    f"{name} line {line} has {len(row)} values under {n_columns} columns: put quotes around one that "
                    f"holds {separator!r}"
                )
            yield line, row


def _rows_of_json(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """The header is made of the keys of all records, in the order of their first mention."""
    records: dict[int, dict[str, Any]] = {}
    for line, row in enumerate(text.split("\n"), 1):  # a text in a record may hold what else ends lines
        try:
            record = json.loads(row) if row.strip() else {}
            if not isinstance(record, dict) or any(isinstance(value, dict | list) for value in record.values()):
                raise ValueError("it must be an object of plain values, such as {'path': ..., 'label': ...}")
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{name} line {line} is no record of JSON: {error}") from error
        records |= {line: record} if record else {}
    header = list(dict.fromkeys(key for record in records.values() for key in record))
    if header:
        yield next(iter(records)), header
    for line, record in records.items():
        yield line, ["" if (value := record.get(key)) is None else str(value) for key in header]


def words_of_text(content: bytes) -> list[str]:
    """What stands between separators, quotes and ends of lines, of the beginning of a table that need not be whole."""
    return [word.strip() for word in re.split(rf'[{SEPARATORS}"\r\n]+', _decode(content[:LOOKED_AT])) if word.strip()]


def column_names(header: Sequence[str]) -> list[str]:
    """In small letters, with a blank between words."""
    return [" ".join(re.split(r"[\s_.]+|(?<=[a-z])(?=[A-Z])", name.strip(" ."))).lower() for name in header]


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
