"""Answers out of fold: pooled by picture, compared over splits, and what the report then says."""

import json
from dataclasses import replace

import numpy as np
import pytest

from bakeoff.pipelines.results.study import StudyResult, pack_correct, pack_numbers
from bakeoff.reports.report import build_report, find_caveats
from bakeoff.reports.report_json import render_json
from bakeoff.reports.report_text import render_markdown
from bakeoff.reports.statistics.accuracy import compare_resampled
from bakeoff.reports.statistics.comparison import Comparison, build_comparison
from bakeoff.reports.statistics.folds import read_folds
from bakeoff.tests.reports.factory import FINGERPRINT, make_run, make_task

N = 100


def make_folds(hand: float, net: float, n_splits: int = 10, groups: np.ndarray | None = None) -> StudyResult:
    """Five folds of 100 pictures; either finalist is right on a share of them, by chance."""
    rng = np.random.default_rng(0)
    folds = [rng.permutation(N) % 5 for _ in range(-(-n_splits // 5))]
    rows = []
    for split in range(n_splits):
        repeat, fold = divmod(split, 5)
        for experiment, side, share in (("classic", "hand-crafted", hand), ("mlp", "end-to-end", net)):
            correct = pack_correct(rng.random(N // 5) < share)
            facts = {"split": split, "repeat": repeat, "fold": fold, "n_train": 70, "n_test": 20}
            rows.append({**facts, "experiment": experiment, "side": side, "correct": correct})
    settings = {
        "n_folds": 5,
        "labels": pack_numbers(np.arange(N) % 5),
        "groups": pack_numbers(np.arange(N) if groups is None else groups),
        "folds": [pack_numbers(one) for one in folds],
    }
    return StudyResult("folds", "folds", "photos", FINGERPRINT, settings, tuple(rows), {}, 1.0)


def compare(study: StudyResult | None) -> Comparison:
    task = make_task(N)
    runs = [make_run(task, strength=2.0), make_run(task, "mlp", "end-to-end", strength=2.0)]
    return build_comparison(task, runs, 0.01, fold_study=study)


def test_each_picture_counts_by_the_share_of_its_tests():
    folds = read_folds(make_folds(0.9, 0.6), balanced=False)
    assert folds.right.shape == (2, N)
    assert set(np.unique(folds.right)) <= {0.0, 0.5, 1.0}
    assert folds.right.mean(axis=1) == pytest.approx(folds.scores.mean(axis=1))
    assert folds.describe() == "100 pictures, each tested once in each of 2 repeats of 5 folds"


def test_the_variance_over_splits_is_corrected():
    folds = read_folds(make_folds(0.9, 0.6), balanced=False)
    expected = compare_resampled(folds.scores[0] - folds.scores[1], 70, 20)
    assert folds.difference.interval == expected.interval
    assert folds.difference.freedom == 9
    assert np.isfinite([folds.difference.only_first, folds.difference.only_second]).all()


def test_splits_without_a_difference_are_no_certainty():
    """Both right everywhere: over splits nothing varies, and yet 100 pictures leave something open."""
    low, high = read_folds(make_folds(1.0, 1.0), balanced=False).difference.interval
    assert low < -0.015
    assert high > 0.015


def test_a_few_splits_leave_pictures_out():
    folds = read_folds(make_folds(0.9, 0.6, n_splits=3), balanced=False)
    assert len(folds.sample.labels) == 60
    assert folds.describe() == "60 pictures, tested in 3 splits of 20 each"


def test_groups_widen_the_interval_of_an_accuracy():
    groups = np.arange(N) // 20
    alone, together = (read_folds(make_folds(0.9, 0.6, groups=g), balanced=False) for g in (None, groups))
    assert alone.sample.groups is None
    assert np.diff(together.interval("mlp")) > np.diff(alone.interval("mlp"))


def test_the_verdict_rests_on_the_folds_and_says_so():
    with_folds, without = compare(make_folds(0.9, 0.6)), compare(None)
    assert not without.difference.is_shown
    report = build_report(with_folds)
    assert "each tested once in each of 2 repeats of 5 folds" in report.verdict.sentence
    assert report.verdict.winner == "classic"
    assert "accuracy out of fold" in report.summary.columns
    assert "test accuracy" in report.summary.columns
    assert "the finalists differ by" in render_markdown(report)
    record = json.loads(render_json(report))
    assert len(record["folds"]["scores"]["mlp"]) == 10
    assert json.loads(render_json(build_report(without)))["folds"] is None


def test_out_of_fold_chance_is_nothing_learned():
    assert compare(None).learned(compare(None).finalists[0]) is True
    comparison = compare(make_folds(0.2, 0.2))
    assert build_report(comparison).verdict.answer == "neither side learned anything here"


def test_folds_of_other_finalists_say_nothing():
    study = make_folds(0.9, 0.6)
    other = tuple({**row, "experiment": "hog" if row["experiment"] == "classic" else "mlp"} for row in study.rows)
    assert compare(replace(study, rows=other)).folds is None


def test_names_that_look_like_groups_are_the_first_caveat():
    task = make_task(N)
    notes = (
        "Pictures of 96 px are brought to 64 px.",
        "2 files left out.",
        "Names look as if pictures came in groups.",
    )
    runs = [make_run(task), make_run(task, "mlp", "end-to-end")]
    assert find_caveats(build_comparison(replace(task, notes=notes), runs, 0.01))[0] == notes[2]
    formats = "File formats: 480 PNG."
    assert formats not in find_caveats(build_comparison(replace(task, notes=(formats, *notes)), runs, 0.01))
    leak = "Classes are recorded in different ways: cat is gray (9 of 9; others 0 of 9)."
    graver = find_caveats(build_comparison(replace(task, notes=(*notes, leak)), runs, 0.01))
    assert set(graver[:2]) == {notes[2], leak}
    assert notes[0] in find_caveats(build_comparison(replace(task, notes=notes), runs, 0.01))
