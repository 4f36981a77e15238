"""What CONTRIBUTING says that a new thing takes: its files are there; a family and an encoding work once defined."""

import importlib
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

import bakeoff
from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.classic import pipeline as classic
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.experiments.models import load_trained_model
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.run import run_folder

ROOT = Path(__file__).parent.parent
NEW = '''
from dataclasses import dataclass

import bakeoff


@dataclass(frozen=True)
class ColumnMeans(bakeoff.FeatureFamily):
    """A family: how bright each column is."""

    def encode(self, images, state):
        return images.float().mean(dim=(1, 3)) / 255


@dataclass(frozen=True)
class Furthest(bakeoff.BagOfWords):
    """An encoding: how far from each word the furthest descriptor lies."""

    def encode_sets(self, sets, codebook):
        return (sets[:, :, None] - codebook.centers).norm(dim=3).amax(dim=1)
'''


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new")
    (folder / "new_things.py").write_text(NEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield importlib.import_module("new_things")


@pytest.fixture(scope="module")
def dataset():
    def part(seed):
        images = np.random.default_rng(seed).integers(0, 200, (40, 16, 16, 1), dtype=np.uint8)
        labels = np.arange(40) % 2
        images[labels == 1, :, ::4] //= 4
        return Split(images, labels.astype(np.int64))

    return Dataset("bars", ("plain", "barred"), part(0), part(1), part(2))


@pytest.mark.parametrize("kind", ["family", "encoding", "both"])
def test_a_family_and_an_encoding_train_save_load_and_predict_once_defined(new, dataset, kind, tmp_path):
    encoding = new.Furthest(bakeoff.Patches(), n_words=8, n_samples=500, n_iterations=3)
    families = {"family": (new.ColumnMeans(),), "encoding": (encoding,), "both": (new.ColumnMeans(), encoding)}[kind]
    config = ClassicConfig((System("new", families),))
    result = classic.run(dataset, experiment="new", title="New", config=config, seed=0, workspace=Workspace(tmp_path))
    assert result.accuracy > 0.9
    model = load_trained_model(run_folder(tmp_path / "runs", "bars", dataset.fingerprint(), "new", 0))
    np.testing.assert_allclose(model.predict_scores(dataset.test.images), result.scores, atol=1e-4)


def test_every_file_that_is_named_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`((?:pipelines|datasets|reports|tests|docs)/[\w/.]*)`", text)
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_citation_is_of_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text()
