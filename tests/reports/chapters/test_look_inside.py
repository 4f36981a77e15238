"""The chapter that looks inside: with its pictures, without them, and never more than the numbers say."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from bakeoff.pipelines.results.study import StudyResult, pack_correct
from bakeoff.reports.chapters.look_inside import describe_evidence, describe_votes, draw_maps, look_inside_section
from bakeoff.reports.report import build_report
from bakeoff.reports.report_html import render_html
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_runs, make_task
from bakeoff.tests.reports.study_factory import make_study

SIDES = (("hand-crafted", "classic"), ("end-to-end", "mlp"))
N_TEST = 200
HOSTILE = '<b>&"cat'


def grid(rng: np.random.Generator) -> str:
    return " ".join(f"{value:.4g}" for value in rng.normal(size=64))


def make_inside(shares: tuple[float, float] = (0.8, 0.5), n_pictures: int = 2, n_classes: int = 3) -> StudyResult:
    rng, rows = np.random.default_rng(0), []
    names = [HOSTILE, *(f"class {i}" for i in range(1, n_classes))]
    for (side, experiment), share in zip(SIDES, shares, strict=True):
        who = {"side": side, "experiment": experiment}
        for picture in range(n_pictures):
            for method in ("occlusion",) if side == "hand-crafted" else ("occlusion", "integrated gradients"):
                facts = {"picture": picture, "index": picture, "label": names[picture], "said": names[1]}
                rows.append({"kind": "evidence", **who, **facts, "method": method, "n_cells": 8, "values": grid(rng)})
            for rank in (1, 2):
                shown = len([row for row in rows if row["kind"] == "neighbor"])
                facts = {"picture": picture, "rank": rank, "label": names[rank - 1], "cosine": 0.5, "shown": shown}
                rows.append({"kind": "neighbor", **who, **facts})
        for number, (x, y) in enumerate(rng.uniform(-1, 1, (2 * n_classes, 2)).tolist()):
            rows.append({"kind": "point", **who, "x": x, "y": y, "label": names[number % n_classes]})
        correct = np.arange(N_TEST) < share * N_TEST
        sizes = {"k": 2, "n_train": 50, "n_test": N_TEST}
        rows.append({"kind": "vote", **who, **sizes, "accuracy": share, "correct": pack_correct(correct)})
    images = rng.integers(0, 256, (4 * n_pictures, 8, 8, 3), dtype=np.uint8)
    return replace(make_study("look-inside", rows), pictures={"test": images[:n_pictures], "train": images})


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("shares", "expected"),
    [((0.8, 0.5), "is shown (+30.0 points"), ((0.5, 0.5), "No difference is shown between the neighbors of classic")],
)
def test_the_votes_are_told_apart_only_where_a_difference_is_shown(shares, expected):
    votes = [row for row in make_inside(shares).rows if row["kind"] == "vote"]
    assert expected in plain(describe_votes(votes))


def test_maps_that_are_alike_correlate_by_one_and_opposite_ones_by_minus_one():
    values = {"occlusion": "1 2 3 4", "integrated gradients": "2 4 6 8"}
    rows = [
        {"side": "end-to-end", "method": method, "picture": 0, "n_cells": 2, "values": text}
        for method, text in values.items()
    ]
    rows.append({"side": "hand-crafted", "method": "occlusion", "picture": 0, "n_cells": 2, "values": "4 3 2 1"})
    text = describe_evidence(rows)
    assert "the net's two kinds of map correlate by 1.00" in text
    assert "the occlusion maps of the two sides correlate by −1.00" in text
    assert "1 picture," in text


def test_pictures_are_drawn_and_names_of_classes_stay_text():
    evidence, neighbors, maps, table = look_inside_section(make_inside()).parts
    # 2 pictures, each in color and three times in gray; 2 pictures and 8 neighbors.
    assert [evidence.picture.count("<image"), neighbors.picture.count("<image")] == [8, 10]
    # A frame for each neighbor of the picture's class: one of two for each picture and side.
    assert neighbors.picture.count('stroke-width="3"') == 4
    for figure in (evidence, neighbors, maps):
        ElementTree.fromstring(figure.picture)
        assert HOSTILE not in figure.picture
        assert len(figure.alt) > 40
    assert "make up 50.0 % for classic and 50.0 % for mlp" in plain(neighbors.alt)
    assert len(evidence.table.rows) == 6
    assert [row.cells[2].text for row in table.rows] == ["80.0\N{NO-BREAK SPACE}%", "50.0\N{NO-BREAK SPACE}%"]


def test_only_evidence_for_the_class_is_colored():
    study = make_inside()
    rows = [
        {**row, "values": " ".join(["-1"] * 63 + ["2"])} if row["kind"] == "evidence" else row for row in study.rows
    ]
    evidence = look_inside_section(replace(study, rows=tuple(rows))).parts[0]
    assert evidence.picture.count("fill-opacity") == 6
    assert {row.cells[4].text for row in evidence.table.rows} == {"row 8, column 8 of 8"}


def test_a_report_without_pictures_keeps_the_maps_of_points():
    task = make_task()
    comparison = build_comparison(task, make_runs(task), 0.01)
    pages = [
        render_html(build_report(comparison, (), {"look-inside": make_inside()}, show_pictures=shown))
        for shown in (True, False)
    ]
    for name, expected in (("evidence", [True, False]), ("neighbors", [True, False]), ("maps", [True, True])):
        assert [f'<figure id="{name}"' in page for page in pages] == expected
    assert "<image" not in pages[1]


def test_where_the_two_never_part_there_are_maps_all_the_same():
    section = look_inside_section(make_inside(n_pictures=0))
    assert [part.kind for part in section.parts] == ["figure", "table"]


@pytest.mark.parametrize(("n_classes", "legend"), [(3, True), (40, False)])
def test_a_legend_is_there_as_long_as_its_signs_differ(n_classes, legend):
    points = [row for row in make_inside(n_classes=n_classes).rows if row["kind"] == "point"]
    assert ("legend" in draw_maps(points).picture) == legend
