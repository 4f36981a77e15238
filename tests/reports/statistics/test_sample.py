import numpy as np
import pytest

from bakeoff.reports.statistics.sample import Sample


def test_every_class_or_every_picture_weighs_the_same():
    labels = np.array([0, 0, 0, 2])  # class 1 does not occur
    np.testing.assert_allclose(Sample(labels, balanced=True).weights, [1 / 6, 1 / 6, 1 / 6, 1 / 2])
    np.testing.assert_allclose(Sample(labels).weights, np.full(4, 1 / 4))


def test_variance_of_pictures_drawn_alone_is_the_textbook_one():
    values = np.array([0.0, 1, 1, 0, 1])
    assert Sample(np.zeros(5, int)).variance(values) == pytest.approx(values.var(ddof=1) / 5)


def test_balanced_variance_is_that_of_the_classes_by_hand():
    # Means of two classes of 3 and 2: variances 1/3 / 3 and 1/2 / 2, each with weight 1/4.
    values, labels = np.array([0.0, 1, 1, 0, 1]), np.array([0, 0, 0, 1, 1])
    assert Sample(labels, balanced=True).variance(values) == pytest.approx((1 / 9 + 1 / 4) / 4)


def test_groups_that_are_right_or_wrong_as_one_count_as_one_picture():
    groups = np.repeat(np.arange(10), 6)
    values = (groups % 3 == 0).astype(float)
    sample = Sample(np.zeros(60, int), groups)
    by_group = values[::6]
    assert sample.variance(values) == pytest.approx(by_group.var(ddof=1) / 10)
    assert sample.design_effect(values) == pytest.approx(6, rel=0.1)
    assert sample.design_effect(np.ones(60)) == 6  # nothing is known, so the worst
    assert sample.freedom == 9


def test_groups_of_one_picture_change_nothing():
    values = np.random.default_rng(0).random(40)
    labels = np.arange(40) % 3
    for balanced in (False, True):
        alone, single = Sample(labels, None, balanced), Sample(labels, np.arange(40), balanced)
        assert single.variance(values) == pytest.approx(alone.variance(values))
        assert single.design_effect(values) == pytest.approx(1)


def test_a_class_of_one_picture_is_as_uncertain_as_all():
    values, labels = np.array([0.0, 1, 1, 0, 1]), np.array([0, 0, 0, 0, 1])
    assert Sample(labels, balanced=True).variance(values) > Sample(labels[:4], balanced=True).variance(values[:4]) / 4


def test_groups_must_be_one_a_picture():
    with pytest.raises(ValueError, match=r"groups must be \(5,\), one for each picture, got \(4,\)"):
        Sample(np.zeros(5, int), np.zeros(4, int))
