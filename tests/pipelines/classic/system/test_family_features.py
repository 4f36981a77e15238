import csv

import numpy as np

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines import __main__ as command_line
from bakeoff.pipelines.classic.families.histograms import GrayHistogram
from bakeoff.pipelines.classic.system.family_features import Encoded, feature_rows, name_columns
from bakeoff.tests.datasets.pictures import write_class

SPLIT = Split(np.zeros((5, 8, 8, 1), np.uint8), np.array([0, 1, 0, 1, 1]), None, np.array(list("abcde")))
DATASET = Dataset("five", ("cat", "dog"), SPLIT, SPLIT, Split(SPLIT.images, SPLIT.labels))


def encoded(n_bins):
    family = GrayHistogram(n_bins=n_bins, grids=(1,))
    values = np.arange(5 * n_bins, dtype=np.float16).reshape(5, n_bins)
    return Encoded(family, None, dict.fromkeys(DATASET.splits, values), (), ())


def test_families_called_the_same_are_numbered():
    names = name_columns([encoded(2), encoded(1)], (8, 8, 1))
    assert names == [
        "gray histogram 1: whole bin 1",
        "gray histogram 1: whole bin 2",
        "gray histogram 2: whole bin 1",
    ]


def test_rows_are_all_pictures_in_blocks(monkeypatch):
    monkeypatch.setattr("bakeoff.pipelines.classic.system.family_features.BLOCK_VALUES", 6)
    blocks = list(feature_rows(DATASET, [encoded(2), encoded(1)]))
    assert [len(values) for _, values in blocks] == [2, 2, 1] * 3
    (paths, splits, labels), values = blocks[1]
    assert (paths, splits, labels) == (["c", "d"], ["train"] * 2, ["cat", "dog"])
    np.testing.assert_array_equal(values, [[4, 5, 2], [6, 7, 3]])
    assert blocks[-1][0][0] == ["test/000004"]


def test_the_command_writes_a_row_for_every_picture(tmp_path, capsys):
    for number, kind in enumerate(("cat", "dog")):
        write_class(tmp_path / "pets" / kind, 8, first_seed=100 * number)
    path = tmp_path / "t.csv"
    words = ["--dataset", str(tmp_path / "pets"), "--artifacts", str(tmp_path / "artifacts"), "--table", str(path)]
    assert command_line.main(["features", "hog", "lbp", "texture", *words]) == 0
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert len(rows) == 16
    assert {len(row) for row in rows} == {len(header)} == {len(set(header))}
    assert {(row[0], row[2]) for row in rows} == {(f"{k}/{i:03}.png", k) for k in ("cat", "dog") for i in range(8)}
    assert {header[3].split(":")[0], header[-1].split(":")[0]} == {"hog", "co occurrence"}
    assert "values of every picture are in" in capsys.readouterr().err
    assert command_line.main(["features", "hog", *words[:-1], str(tmp_path / "t.xlsx")]) == 2
    assert "error: --table: a table of features is a .csv or a .parquet, got 't.xlsx'" in capsys.readouterr().err
