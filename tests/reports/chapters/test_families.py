from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from bakeoff.reports.chapters.families import Family, describe_families, families_section, find_families
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
    (table,) = families_section(comparison).parts
    row = next(row for row in table.rows if row.cells[0].text == "hog")
    assert [cell.value for cell in row.cells[1:3]] == pytest.approx([hog.alone.accuracy, hog.loss.difference])


def test_a_family_never_left_out_has_no_loss():
    comparison = build_comparison(TASK, [make_run(TASK, "hog"), make_run(TASK, "mlp", "end-to-end")], 0.01)
    (family,) = find_families(comparison)
    assert family.loss is None
    assert describe_families(comparison, [family]).startswith("hog is the strongest family alone")
    assert [cell.text for cell in families_section(comparison).parts[0].rows[0].cells[2:]] == ["–", "–"]


def lose(name: str, low: float, loss: float, high: float) -> Family:
    error = (high - low) / 2 / stats.norm.ppf(0.975)
    return Family(name, None, PairedDifference(loss, loss, error, np.inf, 9, 9, "made up"))


NOBODY = SimpleNamespace(named=lambda name: None)


def test_what_is_lost_what_helps_and_what_is_not_shown_are_told_apart():
    text = describe_families(
        NOBODY, [lose("hog", 0.01, 0.02, 0.03), lose("pca", -0.03, -0.02, -0.01), lose("sift", -0.01, 0.0, 0.01)]
    )
    assert "Leaving out hog costs the most: 2.0\N{NO-BREAK SPACE}points" in text
    assert "Accuracy is higher without pca." in text
    assert "No difference is shown from leaving out sift." in text


def test_nothing_is_lost_where_every_family_is_one_too_many():
    text = describe_families(NOBODY, [lose("pca", -0.03, -0.02, -0.01), lose("hog", -0.02, -0.005, 0.01)])
    assert "costs" not in text
    assert "No difference is shown from leaving out hog." in text
