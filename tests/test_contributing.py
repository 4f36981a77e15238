"""What CONTRIBUTING says that a new thing takes: its files are there; each thing, in a folder of its own, works."""

import importlib
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

import bakeoff
from bakeoff.datasets.dataset import NAMED, Dataset, Split
from bakeoff.datasets.registry import dataset_names, load_dataset
from bakeoff.pipelines.classic import pipeline as classic
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.experiments import load_trained_model
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.neural import pipeline as neural
from bakeoff.pipelines.neural.config import NeuralConfig
from bakeoff.pipelines.results.run import run_folder
from bakeoff.pipelines.studies import request
from bakeoff.reports.chapters import registration

ROOT = Path(__file__).parent.parent
NEW = '''
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

import bakeoff
from bakeoff.datasets.dataset import named
from bakeoff.pipelines.neural.networks.build import Architecture
from bakeoff.pipelines.results.study import StudyResult
from bakeoff.pipelines.studies.request import study
from bakeoff.reports.canvas.elements import Section
from bakeoff.reports.chapters.registration import chapter


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


@dataclass(frozen=True)
class Columns(bakeoff.Descriptors):
    """A local descriptor: the pixels of a column."""

    label = "columns"

    def extract(self, images):
        return images.float().permute(0, 2, 1, 3).flatten(2)

    def positions(self, height, width):
        return torch.stack([torch.arange(width), torch.full((width,), height / 2)], dim=1).float()


@dataclass(frozen=True)
class OnePixel(Architecture):
    """A net: a hidden layer that every pixel has for itself."""

    width: int = 4

    def build(self, image_shape, n_classes):
        height, width, channels = image_shape
        layers = nn.Conv2d(channels, self.width, 1), nn.ReLU(), nn.Flatten()
        return nn.Sequential(*layers, nn.Linear(self.width * height * width, n_classes))


@named("new-bars")
def load_bars():
    """A data set."""
    images = np.zeros((9, 8, 8, 1), np.uint8)
    part = bakeoff.Split(images, np.arange(9) % 3)
    return bakeoff.Dataset("new-bars", ("a", "b", "c"), part, part, part)


@study("new-study", place=99)
def count(request):
    return request.answer("new-study", "Pictures", bakeoff.Hog(), [{"n": len(request.dataset.train)}], 0.0)


@chapter(99, study="new-study")
def tell(study: StudyResult) -> Section:
    return Section("new", study.title, (f"There are {study.rows[0]['n']}.",))
'''


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    folder = tmp_path_factory.mktemp("new")
    (folder / "new_things.py").write_text(NEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        yield importlib.import_module("new_things")
    for register, name in ((NAMED, "new-bars"), (request._ANNOUNCED, "new-study"), (registration.CHAPTERS, 99)):
        del register[name]  # other tests see what is ours alone


@pytest.fixture(scope="module")
def dataset():
    def part(seed):
        images = np.random.default_rng(seed).integers(0, 200, (40, 16, 16, 1), dtype=np.uint8)
        labels = np.arange(40) % 2
        images[labels == 1, :, ::4] //= 4
        return Split(images, labels.astype(np.int64))

    return Dataset("bars", ("plain", "barred"), part(0), part(1), part(2))


def of_family(make):
    return lambda new: (classic.run, ClassicConfig((System("new", make(new)),)))


WORDS = {"n_words": 8, "n_samples": 500, "n_iterations": 3}
NEW_THINGS = {
    "a family": of_family(lambda new: (new.ColumnMeans(),)),
    "an encoding": of_family(lambda new: (new.Furthest(bakeoff.Patches(), **WORDS),)),
    "both": of_family(lambda new: (new.ColumnMeans(), new.Furthest(bakeoff.Patches(), **WORDS))),
    "a descriptor": of_family(lambda new: (bakeoff.BagOfWords(new.Columns(), **WORDS),)),
    "a net": lambda new: (neural.run, NeuralConfig(new.OnePixel(), epochs=30, mixed_precision="off")),
}


@pytest.mark.parametrize("kind", NEW_THINGS)
def test_trains_saves_loads_and_predicts_once_defined(new, dataset, kind, tmp_path):
    run, config = NEW_THINGS[kind](new)
    result = run(Job(dataset, experiment="new", title="New", config=config, seed=0, workspace=Workspace(tmp_path)))
    assert result.accuracy > 0.9
    model = load_trained_model(run_folder(tmp_path / "runs", "bars", dataset.fingerprint(), "new", 0))
    np.testing.assert_allclose(model.predict_scores(dataset.test.images), result.scores, atol=1e-4)


def test_a_data_set_a_study_and_a_chapter_are_known_once_they_are_announced(new, dataset, tmp_path):
    assert "new-bars" in dataset_names()
    assert load_dataset("new-bars").class_names == ("a", "b", "c")
    (chosen,) = request.choose_studies(["new-study"], "full")
    assert chosen in request.choose_studies([], "full")
    found = chosen.run(request.Request(dataset, Workspace(tmp_path)))
    (section,) = registration.write_chapters({}, {"new-study": found})
    assert section.paragraphs == ("There are 40.",)


def test_every_file_that_is_named_is_there():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`((?:pipelines|datasets|reports|tests|docs)/[\w/.]*)`", text)
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_citation_is_of_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text()
