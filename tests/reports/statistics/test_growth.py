"""What a larger budget may still bring, by how errors fell so far."""

import numpy as np
import pytest

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.statistics.growth import MOST_POWER, Growth, growth


def contest(*points):
    rows = tuple(
        {"side": "end-to-end", "experiment": f"net-{i}", "seconds": seconds, "validation_score": score}
        for i, (seconds, score) in enumerate(points)
    )
    return StudyResult("contest", "", "drawn", "0" * 64, {}, rows, {}, 1.0)


def test_a_fall_from_chance_level_is_not_expected_again():
    assert Growth(before=0.9, now=0.1, times=10).gain == pytest.approx(0.1 * (1 - 10**-MOST_POWER))


@pytest.mark.parametrize("silent", [False, True], ids=["all", "first training at chance"])
def test_the_bound_makes_fewer_forecasts_too_wide_and_hardly_more_too_narrow(silent, monkeypatch):
    """Made-up searches of one to three short trainings and a long one: nets that first fit their training pictures,
    then get better as a small power of the time; scores on 100 to 5,000 validation pictures."""
    rng, errors = np.random.default_rng(0), {0.4: [], 100.0: []}
    while len(errors[0.4]) < 1000:
        chance, half = 1 - 1 / rng.integers(2, 82), 10 ** rng.uniform(-2.5, -0.7)
        floor, slope, decay = chance * 10 ** rng.uniform(-2, -0.25), rng.uniform(1, 2.5), rng.uniform(0, 0.3)

        def error(time, floor=floor, chance=chance, half=half, slope=slope, decay=decay):
            learned = min(chance, floor * time**-decay)
            return learned + (chance - learned) / (1 + (time / half) ** slope)

        ends = np.append(np.sort(10 ** rng.uniform(-1.8, -0.2, rng.integers(1, 4))), 1.0)
        times, n = np.diff(ends, prepend=0.0), int(10 ** rng.uniform(2, 3.7))
        scores = [1 - rng.binomial(n, error(time)) / n for time in times]
        if (scores[0] < 1 - chance + 0.1 * (max(scores) - 1 + chance)) or not silent:
            found = contest(*zip(times, scores, strict=True))
            for bound in errors:
                monkeypatch.setattr("bakeoff.reports.statistics.growth.MOST_POWER", bound)
                errors[bound].append(growth(found, "end-to-end").gain - max(0.0, error(times[-1]) - error(10.0)))
    wide, narrow = (
        {bound: np.mean(np.array(found) * sign > 0.03) for bound, found in errors.items()} for sign in (1, -1)
    )
    assert wide[0.4] <= 0.85 * wide[100.0]
    assert narrow[0.4] <= narrow[100.0] + 0.03
    assert np.std(errors[0.4]) <= np.std(errors[100.0])


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
