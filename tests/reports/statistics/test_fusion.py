import numpy as np
import pytest

from bakeoff.reports.statistics.accuracy import wilson_interval
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.reports.statistics.fusion import fuse_finalists, fuse_late
from bakeoff.tests.reports.factory import make_run, make_task

TASK = make_task(300)


def test_fusion_gives_all_weight_to_the_method_that_knows():
    labels = np.arange(90) % 3
    good = np.eye(3)[labels] * 4
    useless = np.random.default_rng(0).normal(size=(90, 3)) * 20
    fusion = fuse_late((good, useless), (good, useless), (labels, labels))
    assert fusion.weight > 0.8
    assert fusion.validation_accuracy == 1.0
    assert fusion.correct.all()


def test_fusion_of_equals_shares_the_weight():
    labels = np.arange(30) % 3
    scores = np.eye(3)[labels]
    assert fuse_late((scores, scores), (scores, scores), (labels, labels)).weight == 0.5


def test_two_that_err_on_other_pictures_reach_more_together():
    """Each is sure on its half of the classes and undecided on the other; the test labels choose nothing."""
    labels = np.arange(400) % 4
    first, second = np.zeros((2, 400, 4))
    first[labels < 2] = np.eye(4)[labels[labels < 2]] * 6
    second[labels >= 2] = np.eye(4)[labels[labels >= 2]] * 6
    fusion = fuse_late((first, second), (first, second), (labels, np.zeros(400, int)))
    assert fusion.validation_accuracy == 1.0
    assert fusion.correct.mean() == 0.25


def test_the_team_stands_between_its_members_and_its_bound():
    comparison = build_comparison(TASK, [make_run(TASK, noise=1), make_run(TASK, "mlp", "end-to-end", noise=2)], 0.01)
    team = fuse_finalists(comparison)
    assert team is not None
    assert team.upper_bound >= team.accuracy
    assert team.upper_bound >= max(c.accuracy for c in comparison.finalists)
    assert team.interval == pytest.approx(wilson_interval(team.accuracy * 300, 300))
    assert team.gain.difference == pytest.approx(team.accuracy - comparison.favorite.accuracy)
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
    assert team.interval == pytest.approx(wilson_interval(team.accuracy * 300, 300))
    # About these trained models: other seeds, which the two share, are no source of its chance.
    assert team.gain.method == "paired t over pictures"


def test_finalists_validated_on_other_pictures_are_not_fused():
    net = make_run(TASK, "mlp", "end-to-end", validation_labels=TASK.test_labels[::-1].copy())
    assert fuse_finalists(build_comparison(TASK, [make_run(TASK), net], 0.01)) is None
