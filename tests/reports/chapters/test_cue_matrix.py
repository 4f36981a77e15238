import io
from dataclasses import replace

import numpy as np
from PIL import Image

from bakeoff.reports.chapters.cue_matrix import cues_section, shown_against_best
from bakeoff.reports.statistics.curves import Curve, Point
from bakeoff.tests.reports.study_factory import make_row, make_study

# cue -> method -> accuracy at 10 and at 100 pictures a class
SHARES = {"color": {"classic": (0.7, 0.95), "mlp": (0.2, 0.5)}, "shape": {"classic": (0.15, 0.16), "mlp": (0.3, 0.85)}}


def make_cues(shares=SHARES):
    facts = [
        (cue, method, per_class, share)
        for cue, methods in shares.items()
        for method, both in methods.items()
        for per_class, share in zip((10, 100), both, strict=True)
    ]
    return make_study("cues", [make_row(m, s, cue=c, per_class=n, chance=1 / 6) for c, m, n, s in facts])


def test_sentences_name_the_best_the_blind_and_the_leading_side():
    text = " ".join(cues_section(make_cues()).paragraphs)
    assert "Color: classic is best on validation (95.0" in text
    assert "between the best of each side, classic leads mlp by 45.0" in text
    assert "Shape: mlp is best on validation" in text
    assert "classic is at chance level" in text
    assert "no difference" not in text


def test_no_difference_is_said_where_none_is_shown():
    shares = {"color": {"classic": (0.7, 0.9), "mlp": (0.7, 0.9)}}
    text = " ".join(cues_section(make_cues(shares)).paragraphs)
    assert "no difference from mlp is shown" in text or "no difference from classic is shown" in text
    assert "leads" not in text


def test_it_says_how_many_draws_a_point_is_of():
    rows = make_cues().rows
    assert "One seed was run: how seeds vary is not known" in cues_section(make_cues()).paragraphs[0]
    again = [{**row, "seed": 1} for row in rows if row["per_class"] == 10]
    intro = cues_section(make_study("cues", [*rows, *again])).paragraphs[0]
    assert "Up to 10 pictures of each class, 2 draws of them were learned from" in intro
    assert "of more, one" in intro


def test_the_matrix_has_a_cell_for_each_pair():
    matrix = cues_section(make_cues()).parts[0]
    assert matrix.columns == ("method", "color", "shape")
    assert [cell.text[:4] for cell in matrix.rows[1].cells[1:]] == ["50.0", "85.0"]
    assert "chance is 16.7" in matrix.caption


def test_examples_are_shown_where_the_study_has_pictures():
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
    study = replace(make_cues(), pictures={"color": images, "shape": images})
    first = cues_section(study).parts[0]
    assert first.name == "cue-examples"
    assert Image.open(io.BytesIO(first.picture)).size == (12 * 10 - 2, 2 * 10 - 2)
    assert "color and shape" in first.alt
    assert cues_section(study.without_pictures()).parts[0].kind == "table"


def test_a_net_that_did_not_train_is_marked_and_neither_best_nor_blind():
    rows = [{**row, "did_not_train": row["side"] == "end-to-end"} for row in make_cues().rows]
    section = cues_section(make_study("cues", rows))
    text = " ".join(section.paragraphs)
    assert "Shape: classic is best on validation" in text
    assert "mlp did not train, so nothing is known of it here" in text
    assert "the best of each" not in text
    matrix, color, _ = section.parts
    assert [cell.note for cell in matrix.rows[1].cells[1:]] == ["did not train", "did not train"]
    assert [row.cells[3].note for row in color.rows] == ["", "", "did not train", "did not train"]


def test_the_best_is_the_one_on_validation_even_where_another_has_more_test_pictures_right():
    rows = [{**row, "validation_score": 0.99} if row["experiment"] == "mlp" else row for row in make_cues().rows]
    assert "Color: mlp is best on validation (50.0" in " ".join(cues_section(make_study("cues", rows)).paragraphs)


def test_in_few_chapters_on_equal_methods_any_difference_is_claimed():
    """Five cues, six methods, all as good: one claim or more in at most 5 % of the chapters (uncorrected, 44 %)."""
    rng, n_trials, n_test, told = np.random.default_rng(0), 150, 600, 0
    for _ in range(n_trials):
        curves = {}
        for cue in ("color", "texture", "shape", "layout", "all"):
            hard = rng.random(n_test)
            points = []
            for method in range(6):
                own = np.where(rng.random(n_test) < 0.5, hard, rng.random(n_test))
                row = {"validation_score": rng.random()}
                points.append(Curve(f"m{method}", "end-to-end", (Point(100.0, (own < 0.8)[None], (row,)),)))
            curves[cue] = points
        told += bool(shown_against_best(curves, 100.0))
    assert told / n_trials <= 0.07
