"""A model of the hand-crafted side comes back from disk as it was, and only from what is in our tables."""

import io
import json
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from rich.console import Console

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.classic import pipeline
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.experiments import EXPERIMENTS
from bakeoff.pipelines.classic.families.bag_of_words import BagOfWords, PatchWords
from bakeoff.pipelines.classic.families.descriptors import ColorStatistics, DenseSift
from bakeoff.pipelines.classic.families.family import FeatureFamily, NoState
from bakeoff.pipelines.classic.families.fisher_vectors import FisherVectors, PatchFisherVectors
from bakeoff.pipelines.classic.families.histograms import (
    ColorHistogram,
    CoOccurrence,
    GrayHistogram,
    Hog,
    LocalBinaryPatterns,
)
from bakeoff.pipelines.classic.families.pixels import PixelPca
from bakeoff.pipelines.classic.svm.cost_choice import Compression
from bakeoff.pipelines.classic.system.classic_model import build_classic_model
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.configuration import describe, rebuild
from bakeoff.pipelines.results.model import FILE_NAME, StoredModel, load_stored_model
from bakeoff.pipelines.results.run import RunResult, run_folder

SIFT = DenseSift(bin_sizes=(3,), stride=4)
FAMILIES = (
    ColorHistogram(n_bins=2, grids=(1, 2)),
    Hog(cell_sizes=(8,)),
    LocalBinaryPatterns(n_cells=2),
    GrayHistogram(n_bins=4),
    CoOccurrence(distances=(1,)),
    PixelPca(n_components=6),
    BagOfWords(descriptors=SIFT, n_words=6, n_samples=400, n_iterations=3),
    FisherVectors(descriptors=ColorStatistics(cell_sizes=(3,)), n_components=4, n_gaussians=3, n_samples=400),
    PatchFisherVectors(n_components=4, n_gaussians=3, n_samples=400, n_iterations=3, symmetric=True),
    PatchWords(n_words=8, n_samples=400, n_iterations=3),
)
ALL = System("all", FAMILIES, costs=(0.1,), weights=(0.1,) * 10)
PIXELS = System("pixels", (PixelPca(n_components=6),), costs=(1.0,))
CONFIGS = {
    "every family": ClassicConfig((ALL,)),
    "late fusion, refitted": ClassicConfig((PIXELS, System("shape", (Hog(cell_sizes=(8,)),))), refit=True),
    "standardized, mirrored": ClassicConfig((replace(PIXELS, scaling="standardize"),), mirror=True, shifts=((1, 0),)),
    "learnt from codes": ClassicConfig(
        (replace(PIXELS, compression=Compression(sub_dimension=3, batch_size=8, n_epochs=5), scaling="standardize"),)
    ),
    "in half precision": ClassicConfig((replace(PIXELS, storage="float16"),)),
    "learnt from int8": ClassicConfig((System("fisher", FAMILIES[7:8], costs=(1.0,), storage="int8"),), refit=True),
}


def make_split(n: int, seed: int) -> Split:
    """Two classes: stripes that lie and stripes that stand, under noise."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n, dtype=np.int64) % 2
    images = rng.integers(0, 120, (n, 16, 16, 3), dtype=np.uint8)
    images[labels == 0, ::4] += 60
    images[labels == 1, :, ::4] += 60
    return Split(images, labels)


DATASET = Dataset("stripes", ("lying", "standing"), make_split(40, 0), make_split(20, 1), make_split(30, 2))
GRAY = Dataset(
    "gray", DATASET.class_names, *(Split(split.images[..., :1], split.labels) for split in DATASET.splits.values())
)


def run(folder, config: ClassicConfig, dataset: Dataset = DATASET) -> tuple[RunResult, StoredModel]:
    workspace = Workspace(folder, console=Console(file=io.StringIO()))
    result = pipeline.run(Job(dataset, experiment="classic", title="T", config=config, seed=0, workspace=workspace))
    path = run_folder(folder / "runs", dataset.name, dataset.fingerprint(), "classic", 0) / FILE_NAME
    assert result.size.bytes == path.stat().st_size
    return result, load_stored_model(path)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_kept_model_gives_the_scores_of_the_run(tmp_path, config):
    result, stored = run(tmp_path, config)
    model = build_classic_model(stored)
    assert (model.experiment, model.class_names, model.image_shape) == ("classic", DATASET.class_names, (16, 16, 3))
    scores = model.predict_scores(DATASET.test.images)
    assert scores.dtype == np.float32
    halved = any(system.storage != "float32" for system in config.systems)  # the run's, on disk, not the model's
    np.testing.assert_allclose(scores, result.scores, atol=1e-3 if halved else 1e-4)
    assert np.ptp(result.scores) > 0.1
    if len(model.systems) == 1:
        linear = model.represent(DATASET.test.images) @ model.systems[0].weights.T + model.systems[0].bias
        np.testing.assert_allclose(linear, scores, atol=1e-4)
    one_by_one = np.concatenate([model.predict_scores(image[None]) for image in DATASET.test.images[:5]])
    np.testing.assert_allclose(one_by_one, scores[:5], atol=1e-4)


def test_families_that_gray_pictures_cannot_feed_are_not_in_the_model(tmp_path):
    result, stored = run(tmp_path, CONFIGS["every family"], GRAY)
    np.testing.assert_allclose(build_classic_model(stored).predict_scores(GRAY.test.images), result.scores, atol=1e-4)
    assert len(stored.settings["systems"][0]["families"]) < len(FAMILIES)


def test_a_run_from_the_cache_writes_its_model_too(tmp_path):
    result, _ = run(tmp_path, CONFIGS["standardized, mirrored"])
    path = run_folder(tmp_path / "runs", "stripes", DATASET.fingerprint(), "classic", 0) / FILE_NAME
    path.unlink()
    again, stored = run(tmp_path, CONFIGS["standardized, mirrored"])
    assert all(stage.reused for stage in again.stages)
    scores = build_classic_model(stored).predict_scores(DATASET.test.images)
    np.testing.assert_allclose(scores, result.scores, atol=1e-4)


def test_several_systems_are_represented_side_by_side(stored):
    model = build_classic_model(stored)
    widths = [system.weights.shape[1] for system in model.systems]
    features = model.represent(DATASET.test.images)
    assert features.shape == (30, sum(widths))
    first = replace(model, systems=model.systems[:1]).represent(DATASET.test.images)
    np.testing.assert_array_equal(features[:, : widths[0]], first)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    return run(tmp_path_factory.mktemp("fused"), CONFIGS["late fusion, refitted"])[1]


def test_mirror_images_are_averaged(tmp_path):
    model = build_classic_model(run(tmp_path, CONFIGS["standardized, mirrored"])[1])
    images = DATASET.test.images[:6]
    np.testing.assert_allclose(model.predict_scores(images), model.predict_scores(images[:, :, ::-1]), atol=1e-5)


@dataclass(frozen=True)
class RowMeans(FeatureFamily):
    """A family of somebody's own: what the tables of the package do not know."""

    state_type: ClassVar[type] = NoState
    bins: int = 4

    def encode(self, images: torch.Tensor, state: NoState) -> torch.Tensor:
        return images.float().mean(dim=(2, 3)).unflatten(1, (self.bins, -1)).mean(dim=2) / 255


def test_a_new_family_trains_saves_loads_and_predicts(tmp_path):
    result, stored = run(tmp_path, ClassicConfig((System("own", (RowMeans(), PixelPca(n_components=4))),)))
    model = build_classic_model(stored)
    assert model.systems[0].system.families[0] == RowMeans()
    np.testing.assert_allclose(model.predict_scores(DATASET.test.images), result.scores, atol=1e-4)


def test_every_family_of_the_package_is_known_to_who_only_loads(tmp_path):
    path = run_folder(tmp_path / "runs", "stripes", DATASET.fingerprint(), "classic", 0) / FILE_NAME
    run(tmp_path, CONFIGS["every family"])
    load = "from bakeoff.pipelines.experiments import load_trained_model as load"
    program = f"import sys; from pathlib import Path; {load}; print(load(Path(sys.argv[1])).experiment)"
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "classic\n", done.stderr


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_comes_back_equal_from_json(name):
    config = EXPERIMENTS[name][1]
    assert rebuild(json.loads(json.dumps(describe(config))), ClassicConfig) == config


def with_first_system(stored: StoredModel, **change) -> StoredModel:
    first, *others = stored.settings["systems"]
    return replace(stored, settings={**stored.settings, "systems": [{**first, **change}, *others]})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"families": [{"kind": "Popen"}]}, "unknown kind 'Popen'"),
        ({"families": [{"kind": "System", "name": "a", "families": []}]}, "unknown kind 'System'"),
        ({"families": [{"kind": "Hog"}]}, "features must have shape"),
        ({"families": []}, "blocks must form|features must"),
        ({"storage": "object"}, "expected"),
        ({"scaling": "standardize"}, r"no array 'systems\.0\.standardizer\.mean'"),
        ({"weights": [0.5, 0.5]}, "factors must be one for each"),
    ],
)
def test_a_header_that_promises_something_else_is_refused(stored, change, message):
    with pytest.raises(ValueError, match=message):
        build_classic_model(with_first_system(stored, **change))


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("systems.0.weights", np.ones((2, 5), np.float32)),
        ("systems.0.weights", np.ones((3, 6), np.float32)),
        ("systems.0.bias", np.ones(3, np.float32)),
        ("fusion", np.ones(3, np.float32)),
        ("systems.0.families.0.mean", np.ones(4, np.float32)),
    ],
)
def test_arrays_that_do_not_fit_each_other_are_refused(stored, name, array):
    with pytest.raises((ValueError, RuntimeError)):
        build_classic_model(replace(stored, arrays={**stored.arrays, name: array}))
