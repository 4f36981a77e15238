"""The chapter that looks inside: with its pictures, never without them, and never more than the numbers say."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.chapters.look_inside import describe_evidence, look_inside_section
from bakeoff.reports.report import build_report
from bakeoff.reports.report_html import render_html
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_runs, make_task
from bakeoff.tests.reports.study_factory import make_study

SIDES = (("hand-crafted", "classic"), ("end-to-end", "mlp"))
HOSTILE = '<b>&"cat'
NAMES = (HOSTILE, "class 1", "class 2")


def grid(rng: np.random.Generator) -> str:
    return " ".join(f"{value:.4g}" for value in rng.normal(size=64))


def make_inside(n_pictures: int = 2) -> StudyResult:
    rng, rows = np.random.default_rng(0), []
    for side, experiment in SIDES:
        who = {"side": side, "experiment": experiment}
        for picture in range(n_pictures):
            for method in ("occlusion",) if side == "hand-crafted" else ("occlusion", "integrated gradients"):
                facts = {"picture": picture, "index": picture, "label": NAMES[picture], "said": NAMES[1]}
                rows.append({"kind": "evidence", **who, **facts, "method": method, "n_cells": 8, "values": grid(rng)})
            for rank in (1, 2):
                shown = len([row for row in rows if row["kind"] == "neighbor"])
                facts = {"picture": picture, "rank": rank, "label": NAMES[rank - 1], "cosine": 0.5, "shown": shown}
                rows.append({"kind": "neighbor", **who, **facts})
    images = rng.integers(0, 256, (4 * n_pictures, 8, 8, 3), dtype=np.uint8)
    return replace(make_study("look-inside", rows), pictures={"test": images[:n_pictures], "train": images})


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
    evidence, neighbors = look_inside_section(make_inside()).parts
    # 2 pictures, each in color and three times in gray; 2 pictures and 8 neighbors.
    assert [evidence.picture.count("<image"), neighbors.picture.count("<image")] == [8, 10]
    # A frame for each neighbor of the picture's class: one of two for each picture and side.
    assert neighbors.picture.count('stroke-width="3"') == 4
    for figure in (evidence, neighbors):
        ElementTree.fromstring(figure.picture)
        assert HOSTILE not in figure.picture
        assert len(figure.alt) > 40
    assert "make up 50.0 % for classic and 50.0 % for mlp" in neighbors.alt.replace("\N{NO-BREAK SPACE}", " ")


def test_only_evidence_for_the_class_is_colored():
    study = make_inside()
    rows = [
        {**row, "values": " ".join(["-1"] * 63 + ["2"])} if row["kind"] == "evidence" else row for row in study.rows
    ]
    evidence = look_inside_section(replace(study, rows=tuple(rows))).parts[0]
    assert evidence.picture.count("fill-opacity") == 6


@pytest.mark.parametrize("shown", [True, False])
def test_a_report_without_pictures_goes_without_the_chapter(shown):
    task = make_task()
    comparison = build_comparison(task, make_runs(task), 0.01)
    page = render_html(build_report(comparison, (), {"look-inside": make_inside()}, show_pictures=shown))
    for name in ("evidence", "neighbors"):
        assert (f'<figure id="{name}"' in page) == shown
    assert ("<image" in page) == shown
