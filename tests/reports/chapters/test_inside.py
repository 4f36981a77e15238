"""The chapter that looks inside: with its pictures, never without them, and never more than the numbers say."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.chapters.inside import SIDE, draw_study, inside_section
from bakeoff.reports.report import build_report
from bakeoff.reports.report_text import render_html
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_runs, make_task
from bakeoff.tests.reports.study_factory import make_study

SIDES = (("hand-crafted", "classic"), ("end-to-end", "mlp"))
NAMES = ('<b>&"cat', "class 1", "class 2")
TASK = make_task()


def make_inside(n_pictures: int = 2, values: str = "") -> StudyResult:
    rng, rows = np.random.default_rng(0), []
    for side, experiment in SIDES:
        who = {"side": side, "experiment": experiment}
        for picture in range(n_pictures):
            grid = values or " ".join(f"{value:.4g}" for value in rng.normal(size=64))
            facts = {"picture": picture, "label": NAMES[picture], "said": NAMES[1], "method": "occlusion"}
            rows.append({"kind": "evidence", **who, **facts, "n_cells": 8, "values": grid})
            for rank in (1, 2):
                shown = len([row for row in rows if row["kind"] == "neighbor"])
                facts = {"picture": picture, "rank": rank, "label": NAMES[rank - 1], "shown": shown}
                rows.append({"kind": "neighbor", **who, **facts})
    images = rng.integers(0, 256, (4 * n_pictures, 8, 8, 3), dtype=np.uint8)
    return replace(make_study("look-inside", rows), pictures={"test": images[:n_pictures], "train": images})


def pixels(figure) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(figure.picture)), int)


def test_pictures_are_drawn_with_their_answers_and_classes_beside_them():
    section = inside_section(make_inside())
    (figure,) = section.parts
    assert pixels(figure).shape == (2 * SIDE + 4, 7 * SIDE + 24, 4)
    cells = [cell.text for cell in figure.table.rows[1].cells]
    assert cells == ["2", NAMES[1], NAMES[1], NAMES[1], f"{NAMES[0]}, {NAMES[1]}", f"{NAMES[0]}, {NAMES[1]}"]
    assert section.paragraphs[-1].endswith("So few pictures are examples, not a measurement.")


def test_only_evidence_for_the_class_is_colored():
    """One cell of 64 speaks for the class: in the maps of both sides, and there alone, the gray has a color."""
    sheet = pixels(draw_study(make_inside(1, " ".join(["-1"] * 63 + ["2"]))))
    for left in (SIDE + 4, 2 * SIDE + 8):
        colored = np.ptp(sheet[:, left : left + SIDE, :3], axis=2) > 0
        assert colored[-SIDE // 8 :, -SIDE // 8 :].all()
        assert colored.sum() == (SIDE // 8) ** 2


@pytest.mark.parametrize("shown", [True, False])
def test_a_report_without_pictures_has_no_such_chapter(shown):
    comparison = build_comparison(TASK, make_runs(TASK), 0.01)
    page = render_html(build_report(comparison, (), {"look-inside": make_inside()}, show_pictures=shown))
    assert ('<figure id="look-inside"' in page) == shown
    assert ("Look inside" in page) == shown
    assert "<b>&" not in page
