import pytest

from bakeoff.pipelines.contest.search import Attempt, Purse, Rung, climb
from bakeoff.pipelines.experiments import Experiment


def rung(recipe: str, size: int, seconds: float = 1.0) -> Rung:
    experiment = Experiment(f"{recipe}-{size}px", recipe, "hand-crafted", None, None, 1, size)  # type: ignore[arg-type]
    return Rung(experiment, recipe, seconds)


GRID = [rung(recipe, size, cost * size / 32) for recipe, cost in (("a", 1), ("b", 4), ("c", 16)) for size in (32, 64)]


def ascend(scores, budget=1000.0, rungs=GRID, factor=1.0, noise=0.01):
    """The attempts, where a rung has the score of a table and takes `factor` times what was expected."""

    def attempt(one: Rung) -> Attempt:
        if scores.get(one.name) is None:
            return Attempt(one, "refused")
        return Attempt(one, "tried", scores[one.name], seconds=factor * one.expected_seconds)

    purse = Purse(budget)
    return list(climb(rungs, purse, attempt, noise)), purse


def outcomes(attempts):
    return {attempt.rung.name: attempt.outcome for attempt in attempts}


RISING = {"a-32px": 0.3, "a-64px": 0.4, "b-32px": 0.5, "b-64px": 0.6, "c-32px": 0.7, "c-64px": 0.8}


def test_the_next_rung_is_a_step_up_from_the_best_the_cheaper_one_first():
    attempts, purse = ascend(RISING)
    tried = [attempt.rung for attempt in attempts if attempt.outcome == "tried"]
    assert [one.name for one in tried] == ["a-32px", "a-64px", "b-64px", "c-64px"]
    assert purse.spent == pytest.approx(sum(one.expected_seconds for one in tried))


def test_what_a_better_rung_went_beyond_is_passed_over():
    attempts, _ = ascend(RISING)
    assert {a.rung.name for a in attempts if a.outcome == "passed over"} == {"b-32px", "c-32px"}
    attempts, _ = ascend(RISING | {"c-64px": 0.35})  # size hurts this recipe, so the small one is worth a look
    assert outcomes(attempts)["b-32px"] == "passed over"


def test_no_rung_is_begun_that_would_not_finish():
    attempts, purse = ascend(RISING, budget=20)
    assert purse.spent <= 20
    assert outcomes(attempts)["c-64px"] == "not reached"


def test_estimates_are_corrected_by_what_rungs_took():
    attempts, purse = ascend(RISING, budget=20, factor=4.0)
    assert {name for name, outcome in outcomes(attempts).items() if outcome == "tried"} == {"a-32px", "a-64px"}
    assert purse.spent == pytest.approx(12)


def test_sizes_that_made_it_worse_are_not_followed():
    rungs = [rung("a", size, size / 32) for size in (32, 64, 128)]
    assert outcomes(ascend({"a-32px": 0.5, "a-64px": 0.48, "a-128px": 0.9}, rungs=rungs)[0])["a-128px"] == "passed over"


def test_a_fall_within_the_noise_is_none():
    rungs = [rung("a", size, size / 32) for size in (32, 64, 128)]
    assert outcomes(ascend({"a-32px": 0.5, "a-64px": 0.495, "a-128px": 0.9}, rungs=rungs)[0])["a-128px"] == "tried"


def test_a_richer_recipe_is_reached_past_one_that_failed():
    small = [one for one in GRID if one.image_size == 32]
    assert outcomes(ascend(RISING | {"b-32px": 0.1}, rungs=small)[0])["c-32px"] == "tried"


def test_a_refused_rung_is_stepped_over():
    attempts, _ = ascend(RISING | {"b-32px": None, "b-64px": None})
    assert [a.rung.name for a in attempts if a.outcome == "tried"] == ["a-32px", "a-64px", "c-64px"]


def test_nothing_affordable_leaves_all_untried():
    attempts, purse = ascend(RISING, budget=0.5)
    assert purse.spent == 0
    assert all(attempt.validation_score is None for attempt in attempts)
