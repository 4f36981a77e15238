"""Table of features for other programs: one row a picture, one named column a value; .csv or .parquet, as streamed."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bakeoff.pipelines.results.files import in_place_of

ABOUT = ("path", "split", "label")  # the first columns
About = Sequence[Sequence[str]]
"""Of some pictures: paths, splits, labels."""
WriteRows = Callable[[About, np.ndarray], None]


def check_table(path: Path) -> None:
    """Raises ValueError, before any work, for a file that could not be written."""
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise ValueError(f"a table of features is a .csv or a .parquet, got {path.name!r}")
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent} is no folder: make it first, or name another for {path.name}")
    if path.suffix.lower() == ".parquet":
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError as error:
            raise ValueError(f"{path.name} needs pyarrow (pip install pyarrow), or name a .csv") from error


def write_table(path: Path, columns: Sequence[str], blocks: Iterable[tuple[About, np.ndarray]]) -> None:
    """Write block after block, so that memory does not grow with the pictures; whole or not at all.

    columns: of the values, all different.   blocks: ABOUT of some pictures, and their values, (n, len(columns)).
    """
    start = _csv if path.suffix.lower() == ".csv" else _parquet
    with in_place_of(path) as part, start(part, columns) as write:
        for about, values in blocks:
            write(about, values)


@contextmanager
def _csv(path: Path, columns: Sequence[str]) -> Iterator[WriteRows]:
    numbers = ",".join(["%.7g"] * len(columns))
    with open(path, "x", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*ABOUT, *columns])

        def write(about: About, values: np.ndarray) -> None:
            for *known, row in zip(*about, values.tolist(), strict=True):
                writer.writerow([*known, *(numbers % tuple(row)).split(",")])

        yield write


@contextmanager
def _parquet(path: Path, columns: Sequence[str]) -> Iterator[WriteRows]:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    kinds = [(name, pyarrow.string()) for name in ABOUT] + [(name, pyarrow.float32()) for name in columns]
    schema = pyarrow.schema(kinds)
    with ParquetWriter(path, schema, use_dictionary=list(ABOUT[1:])) as writer:

        def write(about: About, values: np.ndarray) -> None:
            arrays = [*map(list, about), *np.ascontiguousarray(values.T, dtype=np.float32)]
            writer.write_table(pyarrow.table(dict(zip(schema.names, arrays, strict=True)), schema=schema))

        yield write
