"""The chapter that sets compressed features beside the same features as they are."""

from __future__ import annotations

from bakeoff.reports.chapters.compression import compression_section, find_pairs
from bakeoff.reports.report import build_report
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_run, make_task

TASK = make_task()


def settings(*families: str, compression=None, costs=(1.0,)) -> dict:
    return {"systems": [{"families": [{"kind": f}], "costs": costs, "compression": compression} for f in families]}


def features(bytes_per_picture: int, codebook_bytes: int = 0) -> dict:
    numbers = {"bytes_per_picture": bytes_per_picture, "float32_bytes_per_picture": 3200}
    return {"training_features": numbers | {"codebook_bytes": codebook_bytes}}


def run(name: str, families, n_bytes: int, strength: float, *, codebook_bytes: int = 0, compression=None, seconds=10.0):
    return make_run(
        TASK,
        name,
        strength=strength,
        seconds=seconds,
        settings=settings(*families, compression=compression),
        diagnostics=features(n_bytes, codebook_bytes),
    )


CODES = {"kind": "Compression", "sub_dimension": 8}
SIFT = run("sift", ["sift"], 1600, 2.0, seconds=20.0)
SIFT_CODES = run("sift-codes", ["sift"], 100, 1.2, codebook_bytes=5000, compression=CODES)
BOTH = run("both", ["sift", "color"], 1600, 2.2)
BOTH_CODES = run("both-codes", ["sift", "color"], 100, 2.4, compression=CODES)
LONELY_CODES = run("lonely-codes", ["color"], 100, 1.0, compression=CODES)
NET = make_run(TASK, "mlp", "end-to-end")


def compare(*runs):
    return build_comparison(TASK, (*runs, NET), 0.01)


def test_a_row_says_what_was_lost_and_what_was_saved():
    section = compression_section(compare(SIFT, SIFT_CODES))
    (row,) = section.parts[0].rows
    by_column = dict(zip(section.parts[0].columns, row.cells, strict=True))
    assert by_column["accuracy"].value == SIFT_CODES.accuracy
    assert by_column["difference"].value == SIFT_CODES.accuracy - SIFT.accuracy < 0
    assert by_column["bytes a picture"].note == "32x smaller than float32, 16x than stored"
    assert by_column["bytes a picture"].value == 100
    assert by_column["codebooks"].value == 5000
    assert by_column["training"].value == 3.5
    assert by_column["training"].note.startswith("twin 7.0")
    assert "sift-codes" in section.paragraphs[1]


def test_twins_have_the_same_features_whatever_else_differs():
    pairs = find_pairs(compare(SIFT, SIFT_CODES, BOTH, BOTH_CODES, LONELY_CODES))
    assert {(a.experiment, b.experiment) for a, b in pairs} == {("sift-codes", "sift"), ("both-codes", "both")}


def test_says_so_where_nothing_was_lost():
    better = run("sift-codes", ["sift"], 100, 4.0, compression=CODES)
    assert better.accuracy >= SIFT.accuracy
    assert compression_section(compare(SIFT, better)).paragraphs[1] == "None of them lost accuracy."


def test_a_report_has_the_chapter_only_where_features_were_compressed():
    def names(*runs):
        return [section.name for section in build_report(compare(*runs)).sections]

    assert "compression" not in names(SIFT, LONELY_CODES)
    assert "compression" in names(SIFT, SIFT_CODES)
