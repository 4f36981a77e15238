import numpy as np
import pytest

from bakeoff.pipelines.studies.training_data import flip_labels

LABELS = np.arange(1000, dtype=np.int64) % 5


@pytest.mark.parametrize("rate", [0, 0.1, 0.4, 1])
def test_exactly_the_share_is_wrong(rate):
    flipped = flip_labels(LABELS, rate, 5, seed=0)
    assert (flipped != LABELS).sum() == 1000 * rate
    assert set(flipped) <= set(range(5))
    assert flipped.dtype == np.int64


def test_a_higher_rate_holds_all_of_a_lower_one():
    some, more = (flip_labels(LABELS, rate, 5, seed=3) for rate in (0.1, 0.3))
    wrong = some != LABELS
    np.testing.assert_array_equal(more[wrong], some[wrong])


def test_every_other_class_is_as_likely():
    flipped = flip_labels(np.zeros(9000, np.int64), 1, 4, seed=0)
    np.testing.assert_allclose(np.bincount(flipped, minlength=4)[1:] / 9000, 1 / 3, atol=0.02)


def test_the_seed_decides_and_the_labels_given_stay():
    before = LABELS.copy()
    assert (flip_labels(LABELS, 0.2, 5, seed=0) != flip_labels(LABELS, 0.2, 5, seed=1)).any()
    np.testing.assert_array_equal(LABELS, before)
