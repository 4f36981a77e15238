import numpy as np
import pytest

from bakeoff.reports.chapters.together import N_CARDS, PER_CLASS, build_galleries, choose_pictures, true_margins
from bakeoff.tests.reports.factory import make_scores, make_task


def test_margin_by_hand_is_positive_where_right():
    scores = np.log(np.array([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1]]))
    assert true_margins(scores, np.array([0, 1])) == pytest.approx([np.log(3.5), -np.log(3.5)])


def test_each_cell_holds_its_own_pictures_by_the_stated_order():
    labels = np.array([0, 0, 0, 0, 1])
    hand = np.array([[3.0, 0], [1, 0], [0, 2], [0, 1], [5, 0]])
    net = np.array([[1.0, 0], [2, 0], [1, 0], [0, 4], [4, 0]])
    chosen = choose_pictures(labels, hand, net)
    assert sorted(chosen["both-right"].tolist()) == [0, 1]
    assert chosen["only-hand-crafted"].tolist() == []
    assert chosen["only-end-to-end"].tolist() == [2]
    assert chosen["both-wrong"].tolist() == [4, 3]


def test_no_class_fills_a_row():
    task = make_task(400)
    hand, net = (make_scores(task.test_labels, 5, 1.0, seed) for seed in (1, 2))
    for chosen in choose_pictures(task.test_labels, hand, net).values():
        assert 0 < len(chosen) <= N_CARDS
        assert np.bincount(task.test_labels[chosen]).max() <= PER_CLASS


def test_cell_counts_add_up_to_the_test_split():
    task = make_task(100)
    hand, net = (make_scores(task.test_labels, 5, 1.0, seed) for seed in (1, 2))
    counts = [int(gallery.text.split()[0].replace(",", "")) for gallery in build_galleries(task, hand, net)]
    assert sum(counts) == 100


def test_one_picture_is_no_pictures():
    task = make_task(2)
    right, wrong = (np.eye(5)[(task.test_labels + step) % 5] * 3 for step in (0, 1))
    texts = {g.name: g.text for g in build_galleries(task, right, np.stack([right[0], wrong[1]]))}
    assert texts["gallery-both-right"].startswith("1 picture, 50.0")
    assert texts["gallery-both-wrong"].startswith("0 pictures, ")
