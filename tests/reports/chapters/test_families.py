import numpy as np
import pytest
from scipy import stats

from bakeoff.reports.chapters.families import Family, describe_families, draw_families, find_families
from bakeoff.reports.statistics.accuracy import PairedDifference
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_run, make_runs, make_task

TASK = make_task(300)


def test_families_are_found_alone_and_left_out():
    comparison = build_comparison(TASK, make_runs(TASK), 0.01)
    families = {family.name: family for family in find_families(comparison)}
    assert set(families) == {"color-histogram", "hog", "sift-bow", "pca"}
    hog, complete, without = families["hog"], comparison.named("classic"), comparison.named("classic-without-hog")
    assert hog.loss is not None
    assert complete is not None
    assert without is not None
    assert hog.loss.difference == pytest.approx(complete.accuracy - without.accuracy)


def test_a_family_never_left_out_has_no_loss():
    runs = [make_run(TASK, "hog"), make_run(TASK, "mlp", "end-to-end")]
    comparison = build_comparison(TASK, runs, 0.01)
    (family,) = find_families(comparison)
    assert family.loss is None
    assert describe_families(comparison, [family]).startswith("Alone, hog is the strongest")
    picture = draw_families(comparison, [family]).picture
    assert ">hog<" in picture
    assert "left out" not in picture


def test_losses_have_a_panel_of_their_own():
    comparison = build_comparison(TASK, make_runs(TASK), 0.01)
    assert "points lost when left out" in draw_families(comparison, find_families(comparison)).picture


def lose(name: str, low: float, loss: float, high: float) -> Family:
    error = (high - low) / 2 / stats.norm.ppf(0.975)
    test = PairedDifference(loss, loss, error, np.inf, 9, 9, "made up")
    return Family(name, None, 0.0, (0.0, 0.0), test)


def test_what_is_lost_what_helps_and_what_is_not_shown_are_told_apart():
    comparison = build_comparison(TASK, make_runs(TASK), 0.01)
    text = describe_families(
        comparison, [lose("hog", 0.01, 0.02, 0.03), lose("pca", -0.03, -0.02, -0.01), lose("sift", -0.01, 0.0, 0.01)]
    )
    assert "Most is lost without hog: 2.0 points" in text
    assert "Leaving out pca helps: +2.0 points" in text
    assert "Leaving out sift makes no difference" in text


def test_nothing_is_lost_where_every_family_is_one_too_many():
    comparison = build_comparison(TASK, make_runs(TASK), 0.01)
    text = describe_families(comparison, [lose("pca", -0.03, -0.02, -0.01), lose("hog", -0.02, -0.005, 0.01)])
    assert "is lost" not in text
    assert "Leaving out hog makes no difference" in text
