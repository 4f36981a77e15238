from dataclasses import replace

import numpy as np
import pytest
import torch
from rich.console import Console

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.experiments import choose_experiments, load_trained_model
from bakeoff.pipelines.frozen.fine_tuning import FineTuned, _start_as_svm
from bakeoff.pipelines.frozen.weights import Weights, fill, identify, read_weights
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.neural.training.minibatches import Examples
from bakeoff.pipelines.results.run import NotApplicableError, run_folder


def halves(n: int, seed: int, n_channels: int = 1) -> Split:
    """Noise, of class 1 with a dark left half."""
    labels = np.arange(n, dtype=np.int64) % 2
    images = np.random.default_rng(seed).integers(0, 256, (n, 32, 32, n_channels), dtype=np.uint8)
    images[labels == 1, :, :16] //= 4
    return Split(images, labels)


def task(n_channels: int = 1) -> Dataset:
    splits = [halves(n, seed, n_channels) for seed, n in enumerate((32, 8, 8))]
    return Dataset("halves", ("even", "half"), *splits, "noise")


@pytest.fixture
def experiment():
    (found,) = choose_experiments(["fine-tuned"])
    config = replace(found.config, architecture=replace(found.config.architecture, image_size=64), steps=10, epochs=1)
    return replace(found, config=config)


def test_its_model_needs_no_other_file_and_the_blocks_before_keep_their_weights(tmp_path, monkeypatch, experiment):
    workspace, dataset = Workspace(tmp_path, Console(quiet=True)), task()
    run = experiment.run(dataset, seed=0, workspace=workspace)
    assert (run.side, run.accuracy, len(run.history)) == ("frozen", 1.0, 1)
    assert run.diagnostics["backbone"]["name"] == "EfficientNet-Lite0"
    assert [stage.kind for stage in run.stages] == ["features", "features", "training", "prediction"]
    monkeypatch.setattr("bakeoff.pipelines.frozen.weights.wheel_file", lambda: None)
    model = load_trained_model(run_folder(workspace.runs, "halves", dataset.task_fingerprint(), "fine-tuned", 0))
    assert model.side == "frozen"
    np.testing.assert_allclose(model.predict_scores(dataset.test.images), run.scores, atol=1e-4)
    net, others = model.network.body, FineTuned(image_size=64).build((32, 32, 1), 2)
    fill(others.backbone, read_weights(Weights("", experiment.config.architecture.weights)))
    same = {
        name: torch.equal(mine, other)
        for (name, mine), other in zip(net.named_parameters(), others.parameters(), strict=True)
    }
    assert same["backbone.body._blocks.10._project_conv.weight"]
    assert not same["backbone.body._blocks.11._project_conv.weight"]


def test_the_same_seed_gives_the_same_net_and_another_one_another(tmp_path, experiment):
    runs = [
        experiment.run(task(), seed=seed, workspace=Workspace(tmp_path / str(number), Console(quiet=True)))
        for number, seed in enumerate((0, 0, 1))
    ]
    assert np.array_equal(runs[0].scores, runs[1].scores)
    assert not np.array_equal(runs[0].scores, runs[2].scores)


def test_it_starts_as_a_linear_svm_of_the_frozen_features():
    net = FineTuned(image_size=64).build((32, 32, 1), 2)
    fill(net.backbone, read_weights(identify()))
    examples = []
    for split in (halves(32, 0), halves(8, 1)):
        pixels = torch.from_numpy(split.images).permute(0, 3, 1, 2).float()
        examples.append(Examples(net.backbone.maps(pixels, net.first).half(), torch.from_numpy(split.labels), 2))
    _start_as_svm(net, *examples)
    for part in examples:
        assert torch.equal(net(part.images).argmax(dim=1), part.labels)


def test_pictures_of_many_channels_are_refused(tmp_path, experiment):
    with pytest.raises(NotApplicableError, match="cannot be applied to halves: it needs red, green and blue"):
        experiment.run(task(5), seed=0, workspace=Workspace(tmp_path, Console(quiet=True)))


def test_weights_of_another_net_cannot_be_fine_tuned(monkeypatch):
    monkeypatch.setattr("bakeoff.pipelines.frozen.pipeline.identify", lambda place: Weights("resnet18", "abc"))
    with pytest.raises(ValueError, match="EfficientNet-Lite0 alone can be fine-tuned, got --weights of resnet18"):
        choose_experiments(["fine-tuned"])


def test_it_has_no_features_of_its_own(experiment, tmp_path):
    with pytest.raises(ValueError, match="fine-tuned has no features of its own"):
        experiment.extract(task(), seed=0, workspace=Workspace(tmp_path, Console(quiet=True)))
