from dataclasses import replace

import numpy as np
import pytest

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.chapters.difference import describe_chance
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


CONVOLUTIONS = {"architecture": {"kind": "SmallAlexNet"}}


def verdict_for(hand: float, net: float, seconds: tuple[float, float] = (10, 40), **options):
    task = make_task(400)
    runs = [
        make_run(task, "classic", strength=hand, seconds=seconds[0], **options),
        make_run(task, "net", "end-to-end", strength=net, seconds=seconds[1], **{"settings": CONVOLUTIONS, **options}),
    ]
    return reach_verdict(build_comparison(task, runs, 0.01))


def test_a_clear_win_of_the_hand_crafted_side():
    verdict = verdict_for(3.0, 0.5)
    assert verdict.answer == "enough"
    assert verdict.winner == "classic"
    assert verdict.sentence.startswith("Hand-crafted features win on photos: classic classifies ")
    assert "The end-to-end run takes 4.0 times as long" in verdict.sentence
    assert verdict.cost_ratio == pytest.approx(0.25)


def test_a_clear_win_of_the_net_says_by_how_much_in_its_favor():
    verdict = verdict_for(0.5, 3.0, (60, 20))
    assert verdict.answer == "not enough"
    assert verdict.sentence.startswith("End-to-end training wins on photos: net classifies ")
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
    assert "more test pictures or more seeds would narrow it" in verdict.reason


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


def verdict_of(*runs, task=None, margin=0.01):
    return reach_verdict(build_comparison(task or make_task(400), runs, margin))


def test_a_perceptron_alone_is_no_contender_for_enough():
    task = make_task(400)
    hand = make_run(task, strength=3.0)
    mlp = make_run(task, "mlp", "end-to-end", strength=0.5, settings={"architecture": {"kind": "LocalPerceptron"}})
    net = make_run(task, "net", "end-to-end", strength=0.4, settings=CONVOLUTIONS)
    alone = verdict_of(hand, mlp)
    assert alone.answer == "enough against a perceptron"
    assert "has no convolutions" in alone.reason
    # A net that took part is enough, even if the perceptron was better; one that did not train has not taken part.
    assert verdict_of(hand, mlp, net).answer == "enough"
    assert verdict_of(hand, mlp, replace(net, did_not_train=True)).answer == "enough against a perceptron"


def test_a_perceptron_that_wins_is_answer_enough():
    task = make_task(400)
    mlp = make_run(task, "mlp", "end-to-end", strength=3.0)
    assert verdict_of(make_run(task, strength=0.5), mlp).answer == "not enough"


def test_where_neither_beats_the_best_constant_answer_nobody_is_enough():
    task = replace(make_task(400), notes=("Pictures of 256 px (median short side) are brought to 32 px: lost.",))
    runs = [
        make_run(task, strength=-0.5, noise=3),
        make_run(task, "net", "end-to-end", strength=-0.5, settings=CONVOLUTIONS),
    ]
    verdict = verdict_of(*runs, task=task)
    assert verdict.answer == "neither side learned anything here"
    assert verdict.reason.startswith("The likely reason: Pictures of 256 px (median short side) are brought to 32 px")
    assert (verdict.margin_table, verdict.outlook) == ((), "")


def test_the_likely_reason_is_a_size_that_no_time_was_left_for():
    task = replace(make_task(400), notes=("Pictures of 256 px (median short side) are brought to 224 px: lost.",))
    runs = make_run(task, strength=-0.5), make_run(task, "net", "end-to-end", strength=-0.5, settings=CONVOLUTIONS)
    sizes = {"hand-crafted": (32, 64, 224), "end-to-end": (32, 224)}

    def reason(*outcomes):
        rows = [
            {"side": side, "image_size": size, "outcome": outcome, "experiment": "another", "is_finalist": False}
            for side, outcome in zip(sizes, outcomes, strict=True)
            for size, outcome in zip(sizes[side], ["tried"] * (len(sizes[side]) - 1) + [outcome], strict=True)
        ]
        contest = StudyResult("contest", "", "photos", "0" * 64, {}, tuple(rows), {}, 1.0)
        return reach_verdict(build_comparison(task, list(runs), 0.01), contest).reason

    short = reason("not reached", "not reached")
    assert "pictures of 224 px were seen with no more than 64 px on the hand-crafted side and 32 px on the end" in short
    assert "are brought to 224 px" in reason("tried", "tried")
    assert "are brought to 224 px" in reason("passed over", "passed over")  # no time would have gone there
    assert "are brought to 224 px" in reason("tried", "not reached")  # one side saw all, and learned nothing


def test_nobody_wins_where_neither_side_or_the_other_has_learned_nothing():
    task = make_task(400)
    hand, worse = make_run(task, strength=-0.5), make_run(task, "net", "end-to-end", strength=-3, settings=CONVOLUTIONS)
    comparison = build_comparison(task, [hand, worse], 0.01)
    for net in (worse, replace(worse, did_not_train=True)):
        verdict = verdict_of(hand if net is worse else make_run(task, strength=3.0), net)
        assert verdict.winner is None
        assert verdict.sentence.startswith("There is no basis for an answer on ")
    assert comparison.difference.is_shown


def test_a_run_that_did_not_train_is_no_finalist_and_alone_no_contender():
    task = make_task(400)
    lost = make_run(task, "lost", "end-to-end", validation_score=0.99, did_not_train=True, settings=CONVOLUTIONS)
    net = make_run(task, "net", "end-to-end", validation_score=0.1, settings=CONVOLUTIONS)
    hand = make_run(task, strength=3.0)
    assert build_comparison(task, [hand, lost, net], 0.01).end_to_end.experiment == "net"
    verdict = verdict_of(hand, lost)
    assert verdict.answer == "cannot tell"
    assert "did not train" in verdict.reason


def test_margins_from_0_to_5_points_are_told_with_the_answer_they_lead_to():
    task = make_task(4000)
    runs = [
        make_run(task, strength=1.55, noise=1),
        make_run(task, "net", "end-to-end", strength=1.6, noise=2, settings=CONVOLUTIONS),
    ]
    comparison = build_comparison(task, runs, 0.01)
    verdict = reach_verdict(comparison)
    low, high = comparison.difference.interval
    assert (verdict.margin_table[0].low, verdict.margin_table[-1].high) == (0.0, 0.05)
    for row in verdict.margin_table:
        assert judge_margin((low, high), row.low + 0.01 * (row.high - row.low)) == row.answer
        assert judge_margin((low, high), row.high - 0.01 * (row.high - row.low)) == row.answer
    assert [row.answer for row in verdict.margin_table] == ["cannot tell", "enough"]
    assert verdict.probability == pytest.approx(comparison.difference.probability_above(-0.01))
    assert f"cannot tell up to {-100 * low:.1f}\N{NO-BREAK SPACE}points, enough beyond" in verdict.outlook
    assert (verdict.answer == "cannot tell") == (low <= -0.01)


def test_groups_widen_the_answer_and_the_effective_number_is_printed():
    task = make_task(400)
    runs = [make_run(task, strength=2), make_run(task, "net", "end-to-end", strength=1, settings=CONVOLUTIONS)]
    plain = build_comparison(task, runs, 0.01)
    task_in_groups = make_task(400)
    object.__setattr__(task_in_groups, "test_groups", np.argsort(plain.hand_crafted.correct[0], kind="stable") // 20)
    grouped = build_comparison(task_in_groups, runs, 0.01)
    assert plain.effective_n == 400
    assert np.ptp(grouped.difference.interval) > np.ptp(plain.difference.interval)
    assert f"sample size is {grouped.effective_n:,.0f} pictures" in describe_chance(grouped)


def test_a_probability_near_certainty_is_told_by_its_bound():
    assert "is over 99.9" in verdict_for(3.0, 0.5).outlook
    assert "is under 0.1" in verdict_for(0.5, 3.0).outlook


def contest_of(hand, net, net_scores):
    rows = [
        {"side": "hand-crafted", "experiment": hand, "is_finalist": True, "seconds": 50.0, "validation_score": 0.9},
        *(
            {
                "side": "end-to-end",
                "experiment": net,
                "is_finalist": True,
                "seconds": seconds,
                "validation_score": score,
            }
            for seconds, score in net_scores
        ),
    ]
    return StudyResult("contest", "", "photos", "0" * 64, {}, tuple(rows), {}, 1.0)


def test_a_gap_that_time_alone_may_close_is_no_answer():
    task = make_task(4000)
    runs = [
        make_run(task, strength=2.0, noise=1),
        make_run(task, "net", "end-to-end", strength=1.6, noise=2, settings=CONVOLUTIONS),
    ]
    comparison = build_comparison(task, runs, 0.01)
    hand = comparison.hand_crafted.experiment
    assert reach_verdict(comparison).answer == "enough"
    rising = reach_verdict(comparison, contest_of(hand, "net", [(5.0, 0.2), (45.0, 0.75)]))
    assert rising.answer == "cannot tell"
    assert rising.reason.startswith(
        "At this budget hand-crafted features are enough, but the end-to-end side was still"
    )
    assert rising.margin_table[0].answer == "cannot tell"
    flat = reach_verdict(comparison, contest_of(hand, "net", [(5.0, 0.75), (45.0, 0.752)]))
    assert flat.margin_table == reach_verdict(comparison).margin_table
    assert "points at this budget is" in flat.outlook.replace("\xa0", " ")
    assert reach_verdict(comparison, contest_of("another", "net", [(5.0, 0.2), (45.0, 0.75)])).answer == "enough"
