"""The chapter on both sides together: agreement, and the control of two seeds of one side."""

from dataclasses import replace

import numpy as np
import pytest

from bakeoff.pipelines.results.calibrator import true_margins
from bakeoff.reports.chapters.together import (
    N_SHOWN,
    PER_CLASS,
    choose_mistakes,
    describe_agreement,
    draw_mistakes,
    error_agreement,
    mistakes_section,
    together_section,
)
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_run, make_scores, make_task

TASK = make_task(300)


def chapter(n_seeds: int) -> str:
    nets = [make_run(TASK, "mlp", "end-to-end", strength=2.5, seed=seed) for seed in range(n_seeds)]
    comparison = build_comparison(TASK, [make_run(TASK), *nets], 0.01)
    return " ".join(together_section(comparison).paragraphs)


def test_fusion_stands_beside_the_average_of_two_seeds_where_there_are_two():
    assert "As a control, averaging two seeds of mlp gains" in chapter(2)
    assert "What averaging two seeds of mlp would gain is not known: it ran with one." in chapter(1)


def test_agreement_is_told_with_that_of_two_seeds_for_scale():
    assert "between two seeds of mlp" in chapter(2)
    assert "neither finalist has a second seed for comparison" in chapter(1)
    same = [make_run(TASK, noise=1), make_run(TASK, "mlp", "end-to-end", noise=1)]
    assert "right is 1.00" in describe_agreement(build_comparison(TASK, same, 0.01))


def test_kappa_by_hand_and_where_both_are_always_right():
    # 8 of 10 agree; right in 6 and in 6 of 10: by chance 0.36 + 0.16 agree.
    first, second = np.arange(10) < 6, (np.arange(10) >= 1) & (np.arange(10) < 7)
    assert error_agreement(first, second) == pytest.approx((0.8 - 0.52) / 0.48)
    assert error_agreement(np.ones(4, bool), np.ones(4, bool)) == 1


def test_margin_by_hand_is_positive_where_right():
    scores = np.log(np.array([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1]]))
    assert true_margins(scores, np.array([0, 1])) == pytest.approx([np.log(3.5), -np.log(3.5)])


def test_mistakes_of_both_come_by_the_stated_order():
    labels = np.array([0, 0, 0, 0, 1])
    hand = np.array([[3.0, 0], [0, 9], [0, 2], [0, 1], [5, 0]])
    net = np.array([[1.0, 0], [2, 0], [0, 1], [0, 4], [4, 0]])
    assert choose_mistakes(labels, hand, net).tolist() == [4, 2, 3]  # of the surer one: -4, -1, -1


def test_no_class_fills_the_row():
    task = make_task(400)
    hand, net = (make_scores(task.test_labels, 5, 1.0, seed) for seed in (1, 2))
    chosen = choose_mistakes(task.test_labels, hand, net)
    assert 0 < len(chosen) <= N_SHOWN
    assert np.bincount(task.test_labels[chosen]).max() <= PER_CLASS


def test_wrong_answers_are_told_beside_the_true_class():
    task = make_task(2)
    true, first, second = (task.class_names[(task.test_labels[0] + step) % 5] for step in (0, 1, 2))
    hand, net = (np.eye(5)[(task.test_labels + step) % 5] for step in (1, 2))
    figure = draw_mistakes(task, np.array([0]), hand, net)
    assert figure.caption.endswith(f"{true} (hand-crafted: {first}, end-to-end: {second}).")
    assert figure.alt == "1 test picture that both sides get wrong."


def test_mistakes_are_left_out_where_pictures_may_not_be_shown_or_a_side_makes_none():
    runs = [make_run(TASK, strength=1.0), make_run(TASK, "mlp", "end-to-end", strength=1.0)]
    comparison = build_comparison(TASK, runs, 0.01)
    assert mistakes_section(comparison, True).parts[0].name == "mistakes"
    assert mistakes_section(comparison, False) is None
    none = replace(runs[1], scores=np.eye(5, dtype=np.float32)[TASK.test_labels])
    assert mistakes_section(build_comparison(TASK, [runs[0], none], 0.01), True) is None
