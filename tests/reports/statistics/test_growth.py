"""What a larger budget may still bring, by how errors fell so far."""

import pytest

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.statistics.growth import Growth, growth


def contest(*points):
    rows = tuple(
        {"side": "end-to-end", "experiment": f"net-{i}", "seconds": seconds, "validation_score": score}
        for i, (seconds, score) in enumerate(points)
    )
    return StudyResult("contest", "", "drawn", "0" * 64, {}, rows, {}, 1.0)


def test_an_error_that_halves_in_ten_times_the_time_halves_again():
    assert Growth(before=0.4, now=0.2, times=10).gain == pytest.approx(0.1)
    assert Growth(before=0.4, now=0.2, times=100).gain == pytest.approx(0.2 * (1 - 0.5**0.5))


@pytest.mark.parametrize("still", [Growth(0.2, 0.2, 10), Growth(0.2, 0.0, 10), Growth(0.2, 0.1, 1)])
def test_what_does_not_fall_or_is_zero_brings_nothing(still):
    assert still.gain == 0


def test_a_side_is_measured_from_what_it_had_after_a_tenth_of_its_time():
    found = growth(contest((2, 0.3), (8, 0.6), (90, 0.8)), "end-to-end")
    assert (found.before, found.now, found.times) == pytest.approx((0.4, 0.2, 10))


def test_without_a_result_so_early_it_is_measured_from_the_first():
    found = growth(contest((20, 0.5), (20, 0.4), (40, 0.75)), "end-to-end")
    assert (found.before, found.now, found.times) == pytest.approx((0.5, 0.25, 4))


def test_a_side_that_finished_nothing_is_an_error():
    with pytest.raises(ValueError, match="has finished nothing"):
        growth(contest((2, 0.3)), "hand-crafted")
