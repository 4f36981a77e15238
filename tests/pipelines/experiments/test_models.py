"""Every side's model is found by its run's folder, and no file can do more than be refused."""

import io
import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.backprop import pipeline as backprop
from bakeoff.pipelines.backprop.pipeline import BackpropConfig
from bakeoff.pipelines.classic import pipeline as classic
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.families.histograms import ColorHistogram
from bakeoff.pipelines.classic.families.pixels import PixelPca
from bakeoff.pipelines.experiments import build_trained_model, load_trained_model
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.neural import pipeline as neural
from bakeoff.pipelines.neural.config import NeuralConfig
from bakeoff.pipelines.neural.networks.perceptrons import Perceptron
from bakeoff.pipelines.results.calibrator import fit_calibrator
from bakeoff.pipelines.results.model import FILE_NAME, StoredModel, load_kept, load_stored_model
from bakeoff.pipelines.results.run import run_folder, save_run

SYSTEM = System("small", (PixelPca(n_components=3), ColorHistogram(n_bins=2, grids=(1,))), costs=(1.0,))
APPROACHES = {
    "classic": (classic, ClassicConfig((SYSTEM,))),
    "neural": (neural, NeuralConfig(architecture=Perceptron((4,)), epochs=1)),
    "backprop": (backprop, BackpropConfig(widths=(4,), epochs=1)),
}


def make_split(n: int, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    return Split(rng.integers(0, 256, (n, 8, 8, 3), dtype=np.uint8), np.arange(n, dtype=np.int64) % 2)


DATASET = Dataset("noise", ("a", "b"), make_split(20, 0), make_split(8, 1), make_split(8, 2))


@pytest.fixture(scope="module", params=APPROACHES)
def folder(request, tmp_path_factory):
    """A run's folder."""
    pipeline, config = APPROACHES[request.param]
    workspace = Workspace(tmp_path_factory.mktemp(request.param), console=Console(file=io.StringIO()))
    run = pipeline.run(Job(DATASET, experiment="e", title="T", config=config, seed=0, workspace=workspace))
    save_run(run, workspace.runs)
    return run_folder(workspace.runs, DATASET.name, DATASET.fingerprint(), "e", 0)


def test_a_run_s_folder_or_its_file_gives_the_model_that_made_its_scores(folder):
    with np.load(folder / "scores.npz") as archive:
        scores = archive["scores"]
    side = json.loads((folder / "run.json").read_text())["side"]
    for place in (folder, folder / FILE_NAME):
        model = load_trained_model(place)
        assert (model.experiment, model.class_names, model.image_shape) == ("e", ("a", "b"), (8, 8, 3))
        assert model.side == side
        np.testing.assert_allclose(model.predict_scores(DATASET.test.images), scores, atol=1e-4)


def test_every_model_keeps_the_temperature_and_the_threshold_of_its_validation_scores(folder):
    with np.load(folder / "scores.npz") as archive:
        expected = fit_calibrator(archive["validation_scores"], archive["validation_labels"], np.array([10, 10]))
    assert load_stored_model(folder / FILE_NAME).calibrator == expected
    assert expected.wanted == 1


def test_a_model_of_an_earlier_format_is_trained_again(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "copy")
    said: list[str] = []
    record = json.loads((copy / "run.json").read_text())
    record["environment"]["key"] = "of this run"
    (copy / "run.json").write_text(json.dumps(record))
    assert load_kept(copy, "of this run", said.append).experiment == "e"
    content = (copy / FILE_NAME).read_bytes()
    (copy / FILE_NAME).write_bytes(content.replace(rb'"format\": 2', rb'"format\": 1', 1))
    assert load_kept(copy, "of this run", said.append) is None
    assert said == [f"{copy / FILE_NAME} is not a whole model (the header must be of format 2): training again"]


def test_pictures_of_another_shape_and_none_at_all_are_refused(folder):
    model = load_trained_model(folder)
    for images in (DATASET.test.images[:0], DATASET.test.images[..., :1], DATASET.test.images.astype(float)):
        with pytest.raises(ValueError, match=r"images must be uint8 \(n, 8, 8, 3\) with n at least 1"):
            model.predict_scores(images)


def test_a_run_without_a_model_says_what_to_do(tmp_path):
    with pytest.raises(ValueError, match=r"model\.safetensors is missing: train the model first"):
        load_trained_model(tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3),
    max_leaves=6,
)


def places_of(value, path=()):
    """The path of every value inside JSON values."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places_of(part, (*path, key))


def changed(value, path, new):
    """A copy of JSON values with one of them replaced."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], new)
    return copy


def refusal(stored: StoredModel) -> str:
    """Why no model is made of these parts; "" if one is, and it predicts."""
    try:
        model = build_trained_model(stored, Path("the file"))
    except ValueError as error:
        return str(error)
    assert model.predict_scores(DATASET.test.images[:2]).shape == (2, 2)
    return ""


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_forged_header_gives_a_model_or_one_line_that_names_the_file(folder, data):
    """With a checksum that fits: whoever forges a file computes that too."""
    stored = load_stored_model(folder / FILE_NAME)
    path = data.draw(st.sampled_from([path for path in places_of(stored.settings) if path]))
    reason = refusal(replace(stored, settings=changed(stored.settings, path, data.draw(JSON))))
    assert not reason or reason.startswith("the file is not a whole model (")
    assert len(reason.splitlines()) <= 1


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_forged_arrays_give_a_model_or_one_line_that_names_the_file(folder, data):
    stored = load_stored_model(folder / FILE_NAME)
    name = data.draw(st.sampled_from(sorted(stored.arrays)))
    shape = data.draw(st.lists(st.integers(0, 6), max_size=3))
    kind = data.draw(st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.bool_, np.complex64]))
    reason = refusal(replace(stored, arrays={**stored.arrays, name: np.ones(shape, kind)}))
    assert not reason or reason.startswith("the file is not a whole model (")
    assert len(reason.splitlines()) <= 1


class Bomb:
    """Its pickle, when loaded, writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_pickle_under_our_name_is_refused_unread(tmp_path):
    bomb = pickle.dumps(Bomb(tmp_path / "exploded"))
    pickle.loads(bomb).close()
    assert (tmp_path / "exploded").exists(), "the bomb works"
    (tmp_path / "exploded").unlink()
    (tmp_path / FILE_NAME).write_bytes(bomb)
    with pytest.raises(ValueError, match="is not a whole model"):
        load_trained_model(tmp_path)
    assert not (tmp_path / "exploded").exists()
