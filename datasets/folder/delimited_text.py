"""Rows of a table in text, as spreadsheets and scripts of many systems write it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

SEPARATORS = ",;\t|"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def rows_of_text(name: str, content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not blank, with the number of its (first) line; the header first, without what is above it.

    Separated by commas, semicolons, tabs or |; in UTF-8, UTF-16 or, failing that, Windows' cp1252.
    Raises ValueError with name and line.
    """
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
