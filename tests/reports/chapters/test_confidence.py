import numpy as np
import pytest

from bakeoff.pipelines.results.calibrator import choose_threshold
from bakeoff.reports.chapters.confidence import Stakes, cheapest_threshold, two_classes_section
from bakeoff.reports.report import build_report
from bakeoff.reports.report_text import render_html
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_run, make_task

LABELS = np.repeat([0, 1], [360, 40])  # good, and the rare defect
TASK = make_task(400, class_names=("good", "defect"), labels=LABELS)


def make_comparison(strength: float = 2.0):
    runs = [make_run(TASK, strength=strength), make_run(TASK, "net", "end-to-end", strength=strength / 2)]
    return build_comparison(TASK, runs, 0.01)


def test_threshold_by_hand():
    is_wanted = np.array([False] * 10 + [True] * 4)
    scores = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 4.5, 7.5, 8.5, 9.5])
    # Of ten others one may pass: 9 does, 8 must not, and the lowest picture above 8 has 8.5.
    assert choose_threshold(is_wanted, scores, 0.1) == 8.5
    assert choose_threshold(is_wanted, scores, 0.0) == 9.5
    # A miss costs as much as ten alarms: at 4.5 five alarms and no miss, at 7.5 two and one.
    assert cheapest_threshold(is_wanted, scores, (10, 1)) == 4.5
    assert cheapest_threshold(is_wanted, scores, (1.5, 1)) == 7.5


def test_it_is_chosen_on_validation_and_held_against_test():
    comparison = make_comparison()
    section = two_classes_section(comparison, Stakes(0.1))
    assert section is not None
    row = section.parts[1].rows[0]
    run = comparison.hand_crafted.representative
    margins = run.validation_scores[:, 1].astype(float) - run.validation_scores[:, 0]
    threshold = choose_threshold(run.validation_labels == 1, margins, 0.1)
    assert (margins >= threshold)[run.validation_labels == 0].mean() <= 0.1
    passed = run.scores[:, 1].astype(float) - run.scores[:, 0] >= threshold
    assert row.cells[3].value == pytest.approx(passed[LABELS == 1].mean())
    assert row.cells[4].value == pytest.approx(passed[LABELS == 0].mean())
    assert "recall at 10.0" in section.parts[1].columns[3]


def test_a_rate_finer_than_the_validation_pictures_is_said():
    assert "cannot be told from zero" in two_classes_section(make_comparison(), Stakes(0.001)).paragraphs[1]
    assert len(two_classes_section(make_comparison(), Stakes(0.1)).paragraphs) == 1


def test_costs_of_errors_have_their_own_threshold():
    table = two_classes_section(make_comparison(), Stakes(0.1, (20.0, 1.0))).parts[1]
    assert table.columns[-2:] == ["cost per picture", "its threshold"]
    # Always "good" would cost 20 * 40 / 400 a picture.
    assert 0 <= table.rows[0].cells[-2].value < 2


def test_the_chapter_is_there_for_two_classes_only():
    assert "Misses and false alarms" in render_html(build_report(make_comparison()))
    task = make_task(60)
    three = build_comparison(task, [make_run(task), make_run(task, "net", "end-to-end")], 0.01)
    assert two_classes_section(three, Stakes()) is None
