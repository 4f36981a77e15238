import numpy as np
import pytest

from reports.overlap import fuse_late, measure_overlap


def test_overlap_by_hand():
    labels = np.array([0, 0, 1, 1, 2, 2])
    overlap = measure_overlap(labels, np.array([0, 0, 1, 2, 0, 1]), np.array([0, 1, 0, 1, 0, 0]))
    sixth = pytest.approx(1 / 6)
    assert (overlap.both_right, overlap.only_second) == (sixth, sixth)
    assert (overlap.only_first, overlap.both_wrong) == (pytest.approx(2 / 6), pytest.approx(2 / 6))
    assert overlap.same_mistake == 0.5
    assert overlap.oracle == pytest.approx(4 / 6)


def test_two_perfect_methods_share_no_mistake():
    labels = np.array([0, 1])
    assert measure_overlap(labels, labels, labels).same_mistake == 0.0


def test_fusion_gives_all_weight_to_the_method_that_knows():
    labels = np.arange(90) % 3
    good = np.eye(3)[labels] * 4
    useless = np.random.default_rng(0).normal(size=(90, 3)) * 20
    fusion = fuse_late((good, useless), (good, useless), (labels, labels))
    assert fusion.weight > 0.8
    assert fusion.validation_accuracy == 1.0
    assert fusion.correct.all()


def test_fusion_of_equals_shares_the_weight():
    labels = np.arange(30) % 3
    scores = np.eye(3)[labels]
    assert fuse_late((scores, scores), (scores, scores), (labels, labels)).weight == 0.5
