"""The chapter on both sides together: agreement, and the control of two seeds of one side."""

import numpy as np
import pytest

from bakeoff.pipelines.results.calibrator import true_margins
from bakeoff.reports.chapters.together import (
    N_SHOWN,
    PER_CLASS,
    describe_agreement,
    draw_kinds,
    error_agreement,
    four_kinds,
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


def test_each_cell_holds_its_own_pictures_by_the_stated_order():
    labels = np.array([0, 0, 0, 0, 1])
    hand = np.array([[3.0, 0], [1, 0], [0, 2], [0, 1], [5, 0]])
    net = np.array([[1.0, 0], [2, 0], [1, 0], [0, 4], [4, 0]])
    chosen = {kind.title: kind.choose(labels) for kind in four_kinds(labels, hand, net)}
    assert sorted(chosen["Both right"].tolist()) == [0, 1]
    assert chosen["Only hand-crafted right"].tolist() == []
    assert chosen["Only end-to-end right"].tolist() == [2]
    assert chosen["Both wrong"].tolist() == [4, 3]


def test_no_class_fills_a_row():
    task = make_task(400)
    hand, net = (make_scores(task.test_labels, 5, 1.0, seed) for seed in (1, 2))
    for kind in four_kinds(task.test_labels, hand, net):
        chosen = kind.choose(task.test_labels)
        assert 0 < len(chosen) <= N_SHOWN
        assert np.bincount(task.test_labels[chosen]).max() <= PER_CLASS


def test_counts_add_up_to_the_test_split_and_wrong_answers_are_told():
    task = make_task(100)
    hand, net = (make_scores(task.test_labels, 5, 1.0, seed) for seed in (1, 2))
    captions = {f.name.removeprefix("gallery-"): f.caption for f in draw_kinds(task, hand, net)}
    assert list(captions) == ["both-right", "only-hand-crafted-right", "only-end-to-end-right", "both-wrong"]
    assert sum(int(caption.partition("(")[2].split()[0]) for caption in captions.values()) == 100
    told = {name: ("(hand-crafted: " in text, "end-to-end: " in text) for name, text in captions.items()}
    assert list(told.values()) == [(False, False), (False, True), (True, False), (True, True)]


def test_one_picture_is_no_pictures_and_no_picture_no_row():
    task = make_task(2)
    right, wrong = (np.eye(5)[(task.test_labels + step) % 5] * 3 for step in (0, 1))
    captions = [figure.caption for figure in draw_kinds(task, right, np.stack([right[0], wrong[1]]))]
    assert len(captions) == 2
    assert captions[0].startswith("Both right (1 picture, 50.0")
