from dataclasses import replace

import numpy as np
import pytest

from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_guest, make_run, make_runs, make_task

TASK = make_task(60)


def test_seeds_of_one_experiment_are_one_contestant():
    comparison = build_comparison(TASK, make_runs(TASK), 0.01)
    mlp = comparison.named("mlp")
    assert mlp is not None
    assert mlp.seeds == (0, 1, 2)
    assert mlp.accuracy == pytest.approx(sum(run.accuracy for run in mlp.runs) / 3)
    assert mlp.spread > 0
    assert comparison.named("absent") is None


def test_the_representative_is_the_middle_seed_by_validation():
    runs = [make_run(TASK, "mlp", "end-to-end", seed=s, validation_score=v) for s, v in enumerate((0.5, 0.9, 0.6))]
    assert build_comparison(TASK, [make_run(TASK), *runs], 0.01).end_to_end.representative.seed == 2


@pytest.mark.parametrize(("named", "chosen"), [(0.5, "rich"), (0.99, "named")])
def test_the_finalist_of_a_contest_is_its_own_choice_whatever_its_further_seeds_have(named, chosen):
    def tried(experiment, validation_score, seed=0, is_finalist=False):
        run = make_run(TASK, experiment, seed=seed, validation_score=validation_score)
        place = {"budget": 60.0, "spent": 9.0, "is_finalist": is_finalist}
        return replace(run, environment={**run.environment, "contest": place})

    runs = [tried("rich", score, seed, is_finalist=True) for seed, score in enumerate((0.98, 0.9, 0.9))]
    runs += [tried("fine", 0.98), make_run(TASK, "named", validation_score=named), make_run(TASK, "mlp", "end-to-end")]
    assert build_comparison(TASK, runs, 0.01).hand_crafted.experiment == chosen


def test_everyone_but_the_favorite_is_tested_against_it():
    comparison = build_comparison(TASK, make_runs(TASK), 0.01)
    tested = {c.experiment for c in comparison.tests}
    assert tested == {c.experiment for c in comparison.contestants} - {comparison.favorite.experiment}
    assert all(test.p_holm >= test.p_value for test in comparison.tests.values())


def test_guests_are_tested_but_never_chosen():
    guests = [make_guest(TASK, "perfect", 1.0), make_guest(TASK, "poor", 0.1, "hand-crafted")]
    alone = build_comparison(TASK, make_runs(TASK), 0.01)
    comparison = build_comparison(TASK, make_runs(TASK), 0.01, guests)
    assert [c.experiment for c in comparison.finalists] == [c.experiment for c in alone.finalists]
    assert comparison.favorite.experiment == alone.favorite.experiment
    assert comparison.everyone[0].experiment == "perfect"
    assert {p.experiment for p in comparison.tests} >= {"perfect", "poor"}
    assert all(c.experiment not in ("perfect", "poor") for c in comparison.ranked)


def test_a_guest_has_the_accuracy_of_its_answers():
    (guest,) = build_comparison(TASK, make_runs(TASK), 0.01, [make_guest(TASK, "half", 0.5)]).guests
    assert (guest.accuracy, guest.spread, guest.correct.shape) == (0.5, 0.0, (1, 60))
    assert guest.confusion.sum() == 60


@pytest.mark.parametrize("answers", [np.zeros(59, np.int64), np.full(60, 5)])
def test_guests_of_other_pictures_are_refused(answers):
    guest = replace(make_guest(TASK, "stranger", 0.5), predictions=answers)
    with pytest.raises(ValueError, match="guest stranger must have one of 5 classes for each of 60 test pictures"):
        build_comparison(TASK, make_runs(TASK), 0.01, [guest])


def test_runs_on_other_data_are_refused():
    stranger = replace(make_run(TASK, "mlp", "end-to-end"), fingerprint="f" * 64)
    with pytest.raises(ValueError, match=r"photos 01234567, but mlp \(seed 0\) was made on photos ffffffff"):
        build_comparison(TASK, [make_run(TASK), stranger], 0.01)


def test_runs_with_other_labels_are_refused():
    other = replace(make_run(TASK, "mlp", "end-to-end"), labels=TASK.test_labels[::-1].copy())
    with pytest.raises(ValueError, match="must have the test labels of its task"):
        build_comparison(TASK, [make_run(TASK), other], 0.01)


@pytest.mark.parametrize(("side", "target"), [("hand-crafted", "train-mlp"), ("end-to-end", "train-svm")])
def test_a_missing_side_names_the_command_that_makes_it(side, target):
    with pytest.raises(ValueError, match=f"run `bakeoff {target}` first"):
        build_comparison(TASK, [make_run(TASK, side=side)], 0.01)
