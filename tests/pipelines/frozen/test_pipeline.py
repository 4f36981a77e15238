from dataclasses import replace

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors.torch import save_file

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.experiments import choose_experiments, load_trained_model, run_key
from bakeoff.pipelines.frozen.frozen_net import FrozenNet
from bakeoff.pipelines.frozen.weights import identify, wheel_file
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.run import run_folder

SMALL = FrozenNet(image_size=64)


def gray(n: int, seed: int) -> Split:
    """Gray noise, of class 1 with a dark left half."""
    labels = np.arange(n, dtype=np.int64) % 2
    images = np.random.default_rng(seed).integers(0, 256, (n, 32, 32, 1), dtype=np.uint8)
    images[labels == 1, :, :16] //= 4
    return Split(images, labels)


def test_runs_end_to_end_and_its_model_needs_no_other_file(tmp_path, monkeypatch):
    dataset = Dataset("halves", ("even", "half"), gray(16, 0), gray(6, 1), gray(6, 2), "noise")
    (experiment,) = choose_experiments(["frozen"])
    (system,) = experiment.config.systems
    small = replace(system, families=(replace(SMALL, weights=identify().checksum),))
    experiment = replace(experiment, config=replace(experiment.config, systems=(small,)))
    workspace = Workspace(tmp_path, Console(quiet=True))
    run = experiment.run(dataset, seed=0, workspace=workspace)
    assert (run.side, run.accuracy) == ("frozen", 1.0)
    assert run.diagnostics["backbone"]["trained_on"].startswith("ImageNet-1k")
    monkeypatch.setattr("bakeoff.pipelines.frozen.weights.wheel_file", lambda: None)
    folder = run_folder(workspace.runs, "halves", dataset.task_fingerprint(), "frozen", 0)
    model = load_trained_model(folder)
    assert model.side == "frozen"
    np.testing.assert_allclose(model.predict_scores(dataset.test.images), run.scores, atol=1e-5)


def test_other_weights_make_another_run(tmp_path):
    stored = torch.load(wheel_file(), weights_only=True)
    changed = stored | {"_bn1.bias": stored["_bn1.bias"] + 1}
    save_file({name: value.contiguous() for name, value in changed.items()}, tmp_path / "w.safetensors")
    (own,), (other,) = choose_experiments(["frozen"]), choose_experiments(["frozen"], tmp_path / "w.safetensors")
    assert run_key(own, "f", 0) != run_key(other, "f", 0)


def test_gray_pictures_are_seen_as_gray_in_color_and_features_have_unit_length():
    state = replace(SMALL, weights=identify().checksum).fit(np.zeros(0), 0)
    images = torch.from_numpy(gray(2, 0).images)
    features = SMALL.encode(images, state)
    assert features.shape == (2, 1280)
    torch.testing.assert_close(features.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(SMALL.encode(images.expand(-1, -1, -1, 3), state), features)


def test_sizes_that_the_net_cannot_halve_five_times_are_refused():
    with pytest.raises(ValueError, match="must be a multiple of 32, got 100"):
        FrozenNet(image_size=100)
