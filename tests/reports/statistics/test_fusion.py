import numpy as np
import pytest

from bakeoff.reports.statistics.accuracy import wilson_interval
from bakeoff.reports.statistics.chance import Sample
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.reports.statistics.fusion import choose_weight, fuse_finalists, fuse_late
from bakeoff.tests.reports.factory import make_run, make_task

TASK = make_task(300)


def test_fusion_gives_all_weight_to_the_method_that_knows():
    labels = np.arange(90) % 3
    good = np.eye(3)[labels] * 4
    useless = np.random.default_rng(0).normal(size=(90, 3)) * 20
    weight = choose_weight((good, useless), Sample(labels))
    assert weight > 0.8
    assert (fuse_late((good, useless), weight) == labels).all()


def test_fusion_of_equals_shares_the_weight():
    labels = np.arange(30) % 3
    scores = np.eye(3)[labels]
    assert choose_weight((scores, scores), Sample(labels)) == 0.5


def test_where_classes_count_alike_the_weight_goes_to_the_method_that_knows_the_rare_one():
    """Of 90 pictures of one class and 10 of the other, the first gets the 90 right, the second 45 and the 10."""
    labels = np.repeat([0, 1], [90, 10])
    first = np.tile([3.0, 0.0], (100, 1))
    second = np.where((np.arange(100) < 45)[:, None], [4.0, 0.0], [0.0, 4.0])
    chosen = [choose_weight((first, second), Sample(labels, balanced=balanced)) for balanced in (False, True)]
    assert chosen[0] > 0.5 >= chosen[1]


def test_two_that_err_on_other_pictures_reach_more_together():
    """Each is sure on its half of the classes and undecided on the other."""
    labels = np.arange(400) % 4
    first, second = np.zeros((2, 400, 4))
    first[labels < 2] = np.eye(4)[labels[labels < 2]] * 6
    second[labels >= 2] = np.eye(4)[labels[labels >= 2]] * 6
    assert (fuse_late((first, second), choose_weight((first, second), Sample(labels))) == labels).all()


def test_the_team_stands_between_its_members_and_its_bound():
    comparison = build_comparison(TASK, [make_run(TASK, noise=1), make_run(TASK, "mlp", "end-to-end", noise=2)], 0.01)
    team = fuse_finalists(comparison)
    assert team is not None
    assert team.score(team.either) >= team.score(team.correct)
    assert team.score(team.either) >= max(c.accuracy for c in comparison.finalists)
    assert team.interval(team.correct) == pytest.approx(wilson_interval(team.score(team.correct) * 300, 300))
    assert team.gain.difference == pytest.approx(team.score(team.correct) - comparison.favorite.accuracy)
    assert team.gain.method == "paired t over pictures"


def test_every_seed_of_the_side_that_has_more_is_fused_once():
    nets = [make_run(TASK, "mlp", "end-to-end", seed=seed) for seed in range(3)]
    comparison = build_comparison(TASK, [make_run(TASK, strength=0.5), *nets], 0.01)
    team = fuse_finalists(comparison)
    assert team is not None
    assert team.correct.shape == (3, 300)
    assert comparison.favorite.experiment == "mlp"
    pairs = [fused.mean() - net.accuracy for fused, net in zip(team.correct, nets, strict=True)]
    assert team.gain.difference == pytest.approx(np.mean(pairs))
    assert len(team.weights) == 3
    assert team.interval(team.correct) == pytest.approx(wilson_interval(team.score(team.correct) * 300, 300))
    # About these trained models: other seeds, which the two share, are no source of its chance.
    assert team.gain.method == "paired t over pictures"


def test_finalists_validated_on_other_pictures_are_not_fused():
    net = make_run(TASK, "mlp", "end-to-end", validation_labels=TASK.test_labels[::-1].copy())
    assert fuse_finalists(build_comparison(TASK, [make_run(TASK), net], 0.01)) is None
