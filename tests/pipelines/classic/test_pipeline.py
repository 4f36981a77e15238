"""The whole hand-crafted road on small pictures that it can tell apart."""

import io
import json
from dataclasses import dataclass, fields, replace

import numpy as np
import pytest
from rich.console import Console

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.classic import pipeline
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.families.bag_of_words import BagOfWords
from bakeoff.pipelines.classic.families.descriptors import DenseSift
from bakeoff.pipelines.classic.families.histograms import ColorHistogram, Hog
from bakeoff.pipelines.classic.families.pixels import PixelPca
from bakeoff.pipelines.classic.svm.cost_choice import Compression
from bakeoff.pipelines.classic.system import run_system as one_system
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.run import NotApplicableError, RunResult, load_run, save_run

COLOR, PIXELS, SHAPE = ColorHistogram(n_bins=2, grids=(1,)), PixelPca(n_components=6), Hog(cell_sizes=(8,))
WORDS = BagOfWords(descriptors=DenseSift(bin_sizes=(3,), stride=4), n_words=6, n_samples=400, n_iterations=3)
JOINED = ClassicConfig((System("joined", (COLOR, PIXELS, WORDS), weights=(0.5, 0.3, 0.2), costs=(0.1, 1.0)),))
FUSED = ClassicConfig((System("color", (COLOR,), costs=(1.0,)), System("shape", (SHAPE,), costs=(1.0,))))


def make_split(n: int, seed: int) -> Split:
    """Three classes: stripes that lie, stripes that stand, and stripes that stand on red, under noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n, dtype=np.int64) % 3
    images = rng.integers(0, 80, (n, 16, 16, 3), dtype=np.uint8)
    images[labels == 0, ::4] += 100
    images[labels > 0, :, ::4] += 100
    images[labels == 2, :, :, 0] += 60
    return Split(images, labels)


DATASET = Dataset("stripes", ("lying", "standing", "red"), make_split(90, 0), make_split(30, 1), make_split(45, 2))
GRAY = Dataset(
    "gray", DATASET.class_names, *(Split(split.images[..., :1], split.labels) for split in DATASET.splits.values())
)


def run(folder, config: ClassicConfig = JOINED, dataset: Dataset = DATASET, seed: int = 0) -> RunResult:
    workspace = Workspace(folder, console=Console(file=io.StringIO()))
    return pipeline.run(Job(dataset, experiment="classic", title="T", config=config, seed=seed, workspace=workspace))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture(scope="module")
def result(folder):
    return run(folder)


def test_learns_and_tells_all_that_a_report_needs(result, tmp_path):
    assert result.side == "hand-crafted"
    assert result.accuracy > 0.9
    assert result.validation_score == (result.validation_scores.argmax(1) == result.validation_labels).mean()
    assert [stage.kind for stage in result.stages] == ["features"] * 6 + ["training", "prediction"]
    assert result.size.dimensions == 8 + 6 + 5 * 6
    assert result.size.parameters > 3 * (result.size.dimensions + 1)
    assert sum(result.diagnostics["dimensions"].values()) == result.size.dimensions
    assert result.diagnostics["svm_converged"] is True
    assert result.diagnostics["single_picture_seconds"] > 0
    assert result.diagnostics["pictures_per_second"] > 0
    assert json.loads(json.dumps(result.settings)) == result.settings
    np.testing.assert_array_equal(load_run(save_run(result, tmp_path)).scores, result.scores)


def test_no_second_is_counted_twice(result, folder):
    """Prediction is timed inside training, and the stages of a run are added up."""
    (entry,) = (folder / "cache").glob("joined svm/*/entry.json")
    *_, training, prediction = result.stages
    whole = json.loads(entry.read_text())["cost"]
    assert training.seconds + prediction.seconds == pytest.approx(whole["seconds"])
    assert training.cpu_seconds + prediction.cpu_seconds == pytest.approx(whole["cpu_seconds"])


def test_chooses_the_cost_that_is_best_on_validation(result):
    assert [trial["settings"]["C"] for trial in result.trials] == [0.1, 1.0]
    assert result.validation_score == max(trial["validation_score"] for trial in result.trials)


def test_a_second_run_computes_nothing_and_says_the_same(result, folder, monkeypatch):
    for stage in (
        "system.family_features.encode_all",
        "system.run_system.choose_cost",
        "system.run_system.predict_scores",
    ):
        monkeypatch.setattr(f"bakeoff.pipelines.classic.{stage}", None)
    again = run(folder)
    assert all(stage.reused for stage in again.stages)
    np.testing.assert_array_equal(again.scores, result.scores)


def test_a_setting_that_came_later_is_part_of_the_key_of_every_stage(folder, result):
    @dataclass(frozen=True)
    class LaterSystem(System):
        taste: str = "sweet"

    def later(**settings):
        first = JOINED.systems[0]
        kept = {field.name: getattr(first, field.name) for field in fields(first)} | {"scaling": "standardize"}
        return run(folder, ClassicConfig((LaterSystem(**{**kept, **settings}),))).stages

    def reused(stages):
        return [stage.name for stage in stages if stage.reused and stage.kind != "features"]

    assert reused(later()) == []
    assert reused(later()) == ["joined standardizer", "joined svm", "joined scores"]
    assert reused(later(taste="sour")) == []
    codes = later(taste="salty", compression=Compression(sub_dimension=4, n_epochs=1))
    assert not next(stage for stage in codes if stage.name == "joined compress").reused


def test_another_system_beside_it_keeps_the_svm(folder):
    run(folder, FUSED)
    alone = run(folder, ClassicConfig(FUSED.systems[:1]))
    assert all(stage.reused for stage in alone.stages)


def test_rare_classes_weigh_as_much_as_others(tmp_path):
    """Of the third class, a twelfth as many pictures."""
    train, validation, test = (
        Split(split.images[kept], split.labels[kept])
        for split in (make_split(n, seed) for n, seed in ((300, 0), (90, 1), (90, 2)))
        for kept in [(split.labels != 2) | (np.arange(len(split)) % 36 == 2)]
    )
    dataset = Dataset("rare", DATASET.class_names, train, validation, test)
    system = System("shape", (SHAPE, COLOR), costs=(0.01,))
    scores = {}
    for weight in ("auto", "balanced", "none"):
        scores[weight] = run(tmp_path, ClassicConfig((replace(system, class_weight=weight),)), dataset).scores
    np.testing.assert_array_equal(scores["auto"], scores["balanced"])
    assert scores["auto"][:, 2].mean() > scores["none"][:, 2].mean() + 0.1
    alike = run(tmp_path, ClassicConfig((system,))).scores
    np.testing.assert_array_equal(run(tmp_path, ClassicConfig((replace(system, class_weight="none"),))).scores, alike)


def test_a_changed_cost_keeps_the_features(folder, result):
    other = replace(JOINED, systems=(replace(JOINED.systems[0], costs=(0.5,)),))
    assert [stage.reused for stage in run(folder, other).stages] == [True] * 6 + [False] * 2


def test_another_seed_learns_only_what_is_random_again(folder, result):
    stages = run(folder, seed=1).stages
    assert {stage.name: stage.reused for stage in stages if stage.name.endswith("fit")} == {
        stage.name: "words" not in stage.name for stage in result.stages if stage.name.endswith("fit")
    }


def test_features_alone_fill_the_cache(tmp_path, result):
    workspace = Workspace(tmp_path, console=Console(file=io.StringIO()))
    pipeline.extract(Job(DATASET, JOINED, 0, workspace, "", ""))
    again = run(tmp_path)
    assert [stage.reused for stage in again.stages] == [True] * 6 + [False] * 2
    np.testing.assert_array_equal(again.scores, result.scores)


def test_test_labels_change_nothing_but_the_labels(tmp_path, result):
    shuffled = replace(DATASET, test=Split(DATASET.test.images, np.roll(DATASET.test.labels, 1)))
    np.testing.assert_array_equal(run(tmp_path, dataset=shuffled).scores, result.scores)


CODED = replace(
    JOINED.systems[0],
    name="coded",
    families=(PIXELS, WORDS),
    weights=(),
    compression=Compression(sub_dimension=4, positive_weights=(1.0, 2.0), batch_size=8, n_epochs=20, patience=20),
)


def test_a_compressed_system_shares_the_features_and_learns_from_their_codes(folder, result, monkeypatch):
    reads = []
    monkeypatch.setattr("bakeoff.pipelines.classic.system.run_system.choose_cost", None)
    compress = one_system.compress_features
    monkeypatch.setattr(
        one_system,
        "compress_features",
        lambda features, **keys: reads.append(len(features)) or compress(features, **keys),
    )
    coded = run(folder, ClassicConfig((CODED,)))
    assert reads == [len(DATASET.train)]
    assert coded.accuracy > 0.9
    assert [stage.reused for stage in coded.stages] == [True] * 4 + [False] * 3
    assert [stage.kind for stage in coded.stages] == ["features"] * 5 + ["training", "prediction"]
    assert coded.size.dimensions == 36
    tried = [(trial["settings"]["C"], trial["settings"]["positive_weight"]) for trial in coded.trials]
    assert tried == [(0.1, 1.0), (0.1, 2.0), (1.0, 1.0), (1.0, 2.0)]
    assert coded.validation_score == max(trial["validation_score"] for trial in coded.trials)


def test_the_codes_are_made_once_for_every_classifier_on_them(tmp_path):
    run(tmp_path, ClassicConfig((CODED,)))
    other = replace(CODED, costs=(0.3,), compression=replace(CODED.compression, positive_weights=(1.5,)))
    stages = run(tmp_path, ClassicConfig((other,))).stages
    assert {stage.name: stage.reused for stage in stages} == {stage.name: stage.kind == "features" for stage in stages}


def test_a_compressed_system_has_no_codes_of_validation_pictures_to_refit_with():
    with pytest.raises(ValueError, match="refit must be False with a compressed system"):
        ClassicConfig((CODED,), refit=True)


def test_late_fusion_knows_what_neither_system_knows_alone(tmp_path):
    fused = run(tmp_path, FUSED)
    alone = [run(tmp_path, ClassicConfig((system,))) for system in FUSED.systems]
    assert fused.accuracy > max(one.accuracy for one in alone)
    assert fused.size.dimensions == sum(one.size.dimensions for one in alone)
    assert len(fused.stages) == sum(len(one.stages) for one in alone)


def test_with_mirror_images_a_picture_and_its_mirror_image_score_the_same(tmp_path):
    config = replace(JOINED, mirror=True)
    flipped = replace(DATASET, test=Split(DATASET.test.images[:, :, ::-1].copy(), DATASET.test.labels))
    plain, mirrored = run(tmp_path / "plain", config), run(tmp_path / "mirrored", config, flipped)
    np.testing.assert_allclose(plain.scores, mirrored.scores, atol=1e-5)


def test_training_on_validation_pictures_too_leaves_the_validation_score_honest(result, tmp_path):
    refitted = run(tmp_path, replace(JOINED, refit=True))
    np.testing.assert_array_equal(refitted.validation_scores, result.validation_scores)
    assert np.abs(refitted.scores - result.scores).max() > 1e-3
    assert refitted.accuracy > 0.9


def test_half_precision_and_standardized_features_work_as_well(tmp_path):
    system = replace(JOINED.systems[0], storage="float16", scaling="standardize", costs=(0.01,))
    assert run(tmp_path, ClassicConfig((system,))).accuracy > 0.9


def test_gray_pictures_leave_out_the_families_that_need_color(tmp_path):
    result = run(tmp_path, dataset=GRAY)
    assert result.size.dimensions == 6 + 5 * 6
    assert result.title == "pixel pca + bag of words of SIFT"
    assert len(result.settings["systems"][0]["families"]) == 2
    assert result.accuracy > 0.6


def test_weights_stay_with_their_families():
    (system,) = JOINED.usable((16, 16, 1)).systems
    assert (system.families, system.weights) == ((PIXELS, WORDS), (0.3, 0.2))
    assert JOINED.usable((16, 16, 3)) == JOINED
    assert [system.name for system in FUSED.usable((16, 16, 1)).systems] == ["shape"]


def test_says_why_it_cannot_be_applied(tmp_path):
    with pytest.raises(NotApplicableError, match="classic cannot be applied to gray: it needs color"):
        run(tmp_path, ClassicConfig((System("color", (COLOR,)),)), GRAY)
