import csv
import os
import sys

import numpy as np
import pytest

from bakeoff.pipelines.results.files import in_place_of
from bakeoff.pipelines.results.table_file import check_table, write_table

COLUMNS = ["hog: cell 1,1", "gray histogram: bin 1"]
BLOCKS = [
    ((["a/1.png", "a/2, b.png"], ["train"] * 2, ["a", "a"]), np.array([[0.5, 1e-7], [1 / 3, 0]], np.float32)),
    ((["b/é.png"], ["test"], ['"b"']), np.array([[-2, 7000]], np.float16)),
]


def test_a_csv_has_what_was_written(tmp_path):
    path = tmp_path / "t.csv"
    write_table(path, COLUMNS, BLOCKS)
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["path", "split", "label", *COLUMNS]
    assert [row[:3] for row in rows] == [
        ["a/1.png", "train", "a"],
        ["a/2, b.png", "train", "a"],
        ["b/é.png", "test", '"b"'],
    ]
    found = np.array([row[3:] for row in rows], np.float32)
    np.testing.assert_allclose(found, np.concatenate([values for _, values in BLOCKS]), rtol=1e-6)
    assert [file.name for file in tmp_path.iterdir()] == ["t.csv"]


def test_a_parquet_has_what_was_written(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "t.parquet"
    write_table(path, COLUMNS, BLOCKS)
    table = parquet.read_table(path)
    assert table.column_names == ["path", "split", "label", *COLUMNS]
    assert table["path"].to_pylist() == ["a/1.png", "a/2, b.png", "b/é.png"]
    np.testing.assert_array_equal(table[COLUMNS[0]], np.array([0.5, 1 / 3, -2], np.float32))


def test_a_table_is_there_whole_or_not_at_all(tmp_path):
    def broken():
        yield BLOCKS[0]
        raise MemoryError

    (tmp_path / "t.csv").write_text("of before")
    with pytest.raises(MemoryError):
        write_table(tmp_path / "t.csv", COLUMNS, broken())
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("t.csv", "of before")]


def test_what_a_killed_writer_left_goes_with_the_next_and_what_a_living_one_writes_stays(tmp_path):
    def killed():
        yield BLOCKS[0]
        os._exit(9)

    if (child := os.fork()) == 0:
        write_table(tmp_path / "t.csv", COLUMNS, killed())
    os.waitpid(child, 0)
    assert len(list(tmp_path.iterdir())) == 2  # rows and their lock
    with in_place_of(tmp_path / "t.csv") as part:
        part.write_text("of another")
        write_table(tmp_path / "t.csv", COLUMNS, BLOCKS)
        assert sorted(tmp_path.iterdir()) == sorted([tmp_path / "t.csv", part, tmp_path / f"{part.name}.lock"])
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("t.csv", "of another")]


@pytest.mark.parametrize(
    ("name", "message"), [("t.xlsx", r"is a \.csv or a \.parquet, got 't.xlsx'"), ("nowhere/t.csv", "is no folder")]
)
def test_says_at_once_what_cannot_be_written(tmp_path, name, message):
    with pytest.raises(ValueError, match=message):
        check_table(tmp_path / name)


def test_parquet_without_pyarrow_is_told_at_once(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(ValueError, match=r"t\.parquet needs pyarrow \(pip install pyarrow\), or name a \.csv"):
        check_table(tmp_path / "t.parquet")
