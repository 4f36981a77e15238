"""The study that changes one setting at a time, on small pictures: what is varied, what is taken from before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.classic.families.bag_of_words import BagOfWords
from bakeoff.pipelines.classic.families.histograms import Hog
from bakeoff.pipelines.classic.families.pixels import PixelPca
from bakeoff.pipelines.experiments import all_experiments
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.run import NotApplicableError
from bakeoff.pipelines.studies import ablations, sweeps
from bakeoff.pipelines.studies.perceptrons import PLAIN, Cell, Sweep
from bakeoff.pipelines.studies.study import Request, choose_studies
from bakeoff.tests.pipelines.studies.test_trainings import make_dataset

SIDE = 24  # pixels, so that SIFT has a window
TINY = ablations.Settings(words=(5,), components=(4, 1000), costs=(0.1, 1.0), sweeps=(ablations.WIDTH,))
CELLS = tuple(
    Cell(
        {"width": width, "augmentation": "none"},
        replace(PLAIN, architecture=replace(PLAIN.architecture, widths=(width,))),
    )
    for width in (2, 128)
)


def facts(dataset: Dataset, settings: ablations.Settings = TINY) -> list[tuple[object, ...]]:
    found = [variant.facts for variant in ablations.variants(dataset, settings, seed=0)]
    return [tuple(fact[key] for key in ("factor", "line", "value", "default")) for fact in found]


@pytest.fixture(scope="module")
def tiny():
    """Requests of a study that is quickly done, in one folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ablations.PROFILES, "quick", TINY)
        for module in (sweeps, ablations):
            patch.setattr(module, "SWEEPS", {"width": Sweep("width", "Width", CELLS)})
        yield lambda folder, **changes: replace(Request(make_dataset(side=SIDE), Workspace(folder)), **changes)


@pytest.fixture(scope="module")
def made(tiny, tmp_path_factory):
    folder = tmp_path_factory.mktemp("artifacts")
    return ablations.run(tiny(folder)), folder


def test_families_are_joined_in_the_order_of_classic_and_saved_runs_are_among_them():
    joined = [
        v for v in ablations.variants(make_dataset(3, side=SIDE), TINY, seed=0) if v.facts["factor"] == "families"
    ]
    assert [v.facts["value"] for v in joined] == ["color-histogram", "+ hog", "+ sift-bow", "+ pca"]
    assert [v.experiment.name for v in joined] == ["color-histogram", "classic", "classic-without-pca", "classic"]
    assert [len(v.experiment.config.systems[0].families) for v in joined] == [1, 2, 3, 4]
    table = all_experiments()
    assert joined[0].experiment == table["color-histogram"]
    assert joined[3].experiment == table["classic"]


def test_gray_pictures_begin_with_the_first_family_that_they_can_feed():
    assert [f[2] for f in facts(make_dataset(side=SIDE)) if f[0] == "families"] == ["hog", "+ sift-bow", "+ pca"]


def test_every_size_is_varied_alone_and_with_the_others_its_own_among_them():
    words = [f for f in facts(make_dataset(3, side=SIDE)) if f[0] == "words"]
    own = BagOfWords().n_words
    assert [f[1:] for f in words] == [
        (line, n, n == own) for n in (5, own) for line in (ablations.ALONE, ablations.TOGETHER)
    ]


def test_there_are_no_more_components_than_training_pictures_less_one():
    sizes = list(ablations.sizes_of(PixelPca(), make_dataset(side=SIDE), TINY))
    assert [(value, family.n_components) for _, value, family in sizes] == [(4, 4), (39, PixelPca().n_components)]
    assert list(ablations.sizes_of(Hog(), make_dataset(side=SIDE), TINY)) == []


def test_only_the_changed_family_differs_from_classic():
    (whole,) = all_experiments()["classic"].config.systems
    for variant in ablations.variants(make_dataset(3, side=SIDE), TINY, seed=0):
        (system,) = variant.experiment.config.systems
        if variant.facts["line"] == ablations.TOGETHER:
            changed = [b for a, b in zip(whole.families, system.families, strict=True) if a != b]
            assert len(changed) == (not variant.facts["default"])
        if variant.facts["factor"] == "C":
            assert replace(system, costs=whole.costs) == whole


def test_a_row_for_each_variant_and_each_cell_of_a_sweep(made):
    study, _ = made
    n_classic = len(facts(make_dataset(side=SIDE)))
    assert [row["factor"] for row in study.rows[n_classic:]] == ["width", "width"]
    assert [row["default"] for row in study.rows[n_classic:]] == [False, True]
    assert not any(row["diverged"] for row in study.rows)
    costs = [row for row in study.rows if row["factor"] == "C"]
    (chosen,) = [row for row in costs if row["default"]]
    assert chosen["validation_score"] == max(row["validation_score"] for row in costs)
    assert study.seconds == pytest.approx(sum(row["seconds"] for row in study.rows))


def test_features_are_extracted_once_and_a_second_time_nothing_is_done(made, tiny, monkeypatch):
    study, folder = made
    entries = [entry for entry in (folder / "cache" / "hog encode").iterdir() if not entry.name.startswith(".")]
    assert len(entries) == 1
    assert list((folder / "studies").iterdir()) == []
    monkeypatch.setattr("bakeoff.pipelines.classic.pipeline.run_system", None)
    monkeypatch.setattr(sweeps, "train_cell", None)
    assert ablations.run(tiny(folder)).rows == study.rows


def test_other_experiments_are_not_its_business(tiny, tmp_path):
    with pytest.raises(NotApplicableError, match="takes classic apart, not pca"):
        ablations.run(tiny(tmp_path, experiments=("pca",)))


def test_a_quick_report_does_without_it_and_a_full_one_has_it():
    assert [study.name for study in choose_studies((), "quick")] == ["look-inside"]
    assert "ablations" in [study.name for study in choose_studies((), "full")]
