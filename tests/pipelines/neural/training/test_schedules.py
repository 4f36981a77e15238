from __future__ import annotations

import pytest

from bakeoff.pipelines.neural.training.schedules import learning_rate_share


@pytest.mark.parametrize(
    ("schedule", "step", "share"),
    [
        ("constant", 7, 1.0),
        ("cosine", 0, 1.0),
        ("cosine", 50, 0.5),
        ("one-cycle", 0, 0.04),
        ("one-cycle", 10, (0.04 + 1) / 2),
        ("one-cycle", 20, 1.0),
        ("one-cycle", 60, (1 + 1e-4) / 2),
        ("triangular", 0, 0.0),
        ("triangular", 10, 0.5),
        ("triangular", 60, 0.5),
    ],
)
def test_shares_by_hand_for_100_steps_and_a_fifth_of_warmup(schedule, step, share):
    assert learning_rate_share(schedule, step, 100, 0.2) == pytest.approx(share)


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle", "triangular"])
@pytest.mark.parametrize("warmup", [0.0, 0.23, 1.0])
def test_shares_stay_within_0_and_1_and_end_lower_than_their_top(schedule, warmup):
    shares = [learning_rate_share(schedule, step, 50, warmup) for step in range(50)]
    assert all(0 <= share <= 1 for share in shares)
    assert schedule != "cosine" or shares == sorted(shares, reverse=True)
    assert warmup == 1.0 or shares[-1] < 0.05
