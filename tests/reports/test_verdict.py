import numpy as np
import pytest

from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.reports.verdict import judge_margin, reach_verdict
from bakeoff.tests.reports.factory import make_run, make_task


@pytest.mark.parametrize(
    ("interval", "answer"),
    [
        ((0.01, 0.03), "enough"),
        ((-0.009, 0.02), "enough"),
        ((-0.009, -0.001), "enough"),  # a certain loss, smaller than the margin
        ((-0.010, 0.02), "cannot tell"),
        ((-0.05, -0.005), "cannot tell"),
        ((-0.05, -0.010), "cannot tell"),
        ((-0.05, -0.011), "not enough"),
    ],
)
def test_margin_of_one_point(interval, answer):
    assert judge_margin(interval, 0.01) == answer


def verdict_for(hand: float, net: float, seconds: tuple[float, float] = (10, 40), **options):
    task = make_task(400)
    runs = [
        make_run(task, "classic", strength=hand, seconds=seconds[0], **options),
        make_run(task, "mlp", "end-to-end", strength=net, seconds=seconds[1], **options),
    ]
    return reach_verdict(build_comparison(task, runs, 0.01))


def test_a_clear_win_of_the_hand_crafted_side():
    verdict = verdict_for(3.0, 0.5)
    assert verdict.answer == "enough"
    assert verdict.winner is not None
    assert verdict.winner.experiment == "classic"
    assert verdict.sentence.startswith("Hand-crafted features win on photos: classic classifies ")
    assert "The end-to-end run takes 4.0 times as long" in verdict.sentence
    assert verdict.cost_ratio == pytest.approx(0.25)


def test_a_clear_win_of_the_net_says_by_how_much_in_its_favor():
    verdict = verdict_for(0.5, 3.0, (60, 20))
    assert verdict.answer == "not enough"
    assert verdict.sentence.startswith("End-to-end training wins on photos: mlp classifies ")
    assert "interval +" in verdict.sentence
    assert "The hand-crafted run takes 3.0 times as long" in verdict.sentence


def test_equal_methods_show_no_difference():
    verdict = verdict_for(1.5, 1.5, (10, 10), noise=3)
    assert verdict.winner is None
    assert verdict.sentence.startswith("No difference shown on photos")
    assert "Both runs take equally long" in verdict.sentence


def test_a_small_test_split_cannot_tell():
    task = make_task(40)
    runs = [make_run(task, "classic", noise=1), make_run(task, "mlp", "end-to-end", noise=2)]
    verdict = reach_verdict(build_comparison(task, runs, 0.01))
    assert verdict.answer == "cannot tell"
    assert "more test pictures would tell" in verdict.reason


def test_finalists_are_chosen_on_validation_not_on_test():
    task = make_task(200)
    good_on_test = make_run(task, "hog", strength=3.0, validation_score=0.1)
    good_on_validation = make_run(task, "classic", strength=0.5, validation_score=0.9)
    comparison = build_comparison(task, [good_on_test, good_on_validation, make_run(task, "mlp", "end-to-end")], 0.01)
    assert comparison.hand_crafted.experiment == "classic"
    assert comparison.ranked[0].experiment == "hog"


def test_majority_is_the_most_frequent_training_class():
    task = make_task(200, labels=np.array([1] * 120 + [0] * 80, dtype=np.int64), class_names=("a", "b"))
    runs = [make_run(task), make_run(task, "mlp", "end-to-end")]
    assert build_comparison(task, runs, 0.01).majority == 0.6
