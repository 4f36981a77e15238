import io
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.machine.device import choose_device
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.neural import pipeline, probing
from bakeoff.pipelines.neural.config import Augmentation, NeuralConfig, Optimizer
from bakeoff.pipelines.neural.networks.convolutional import Speedrun
from bakeoff.pipelines.neural.networks.perceptrons import Perceptron
from bakeoff.pipelines.neural.neural_model import build_neural_model
from bakeoff.pipelines.neural.probing import threads
from bakeoff.pipelines.neural.training.loop import Trainer
from bakeoff.pipelines.results.model import FILE_NAME, load_stored_model
from bakeoff.pipelines.results.run import NotApplicableError, RunResult, Stage, load_run, run_folder, save_run

CONFIG = NeuralConfig(
    architecture=Perceptron((16,)),
    optimizers=(Optimizer(learning_rate=0.0), Optimizer(learning_rate=0.01)),
    augmentation=Augmentation(flip="none", crop=0),
    epochs=3,
)


def split(n: int, seed: int) -> Split:
    """Two classes: bright above or bright below."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, n)
    images = random.integers(0, 150, (n, 8, 8, 3), dtype=np.uint8)
    images[labels == 0, :4] += 100
    images[labels == 1, 4:] += 100
    return Split(images, labels)


DATASET = Dataset("halves", ("above", "below"), split(300, 0), split(60, 1), split(80, 2))


def run(folder: Path, config: NeuralConfig = CONFIG, dataset: Dataset = DATASET) -> RunResult:
    workspace = Workspace(folder, console=Console(file=io.StringIO()))
    return pipeline.run(Job(dataset, experiment="mlp", title="Net", config=config, seed=0, workspace=workspace))


def assert_same_scores(ours: np.ndarray, theirs: np.ndarray) -> None:
    """To the bit on a CPU; an accelerator adds in an order of its own, and not always in the same one."""
    tolerance = 0.0 if choose_device().type == "cpu" else 1e-3
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture(scope="module")
def result(folder):
    return run(folder)


def test_learns_and_tells_all_that_a_report_needs(result):
    assert result.side == "end-to-end"
    assert result.accuracy > 0.9
    assert result.validation_score == (result.validation_scores.argmax(1) == result.validation_labels).mean()
    assert [stage.kind for stage in result.stages] == ["training"] * 3 + ["prediction"]
    scores = {"epoch", "train_loss", "train_accuracy", "validation_score", "learning_rate"}
    assert set(result.history[-1]) == scores | {"seconds", "cpu_seconds"}
    assert result.diagnostics["flops_per_picture"] == 2 * 2 * (192 * 16 + 16 * 2)  # the picture and its mirror image
    assert result.diagnostics["single_picture_seconds"] > 0
    assert result.diagnostics["pictures_per_second"] > 0
    assert result.size.parameters == 192 * 16 + 2 * 16 + 16 * 2 + 2
    assert result.settings["architecture"]["kind"] == "Perceptron"


def test_keeps_the_setting_that_is_best_on_validation(result):
    still, moving = result.trials
    assert still["settings"]["learning_rate"] == 0.0
    assert moving["validation_score"] > still["validation_score"]
    assert result.validation_score > 0.9


def test_a_net_that_did_not_fit_its_training_pictures_is_marked(result, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.nn.init, "normal_", lambda weights, *_: torch.nn.init.zeros_(weights))
    still = replace(CONFIG, architecture=Perceptron(()), optimizers=CONFIG.optimizers[:1], epochs=1)
    untrained = run(tmp_path, still)
    assert untrained.did_not_train
    assert not result.did_not_train
    assert result.train_score > 0.9


def test_can_be_saved_and_read_back(result, tmp_path):
    back = load_run(save_run(result, tmp_path))
    np.testing.assert_array_equal(back.scores, result.scores)


def test_the_kept_model_gives_the_scores_of_the_run(result, folder):
    path = run_folder(folder / "runs", "halves", DATASET.fingerprint(), "mlp", 0) / FILE_NAME
    model = build_neural_model(load_stored_model(path))
    assert_same_scores(model.predict_scores(DATASET.test.images), result.scores)
    assert result.size.bytes == path.stat().st_size


def test_a_second_run_trains_nothing_again(result, folder, monkeypatch):
    monkeypatch.setattr(Trainer, "run_epoch", None)
    again = run(folder)
    assert_same_scores(again.scores, result.scores)
    assert all(stage.reused for stage in again.stages if stage.name.startswith("train "))


def test_a_run_from_the_cache_writes_its_model_too(result, folder):
    path = run_folder(folder / "runs", "halves", DATASET.fingerprint(), "mlp", 0) / FILE_NAME
    path.unlink()
    run(folder)
    assert build_neural_model(load_stored_model(path)).class_names == DATASET.class_names


def test_test_labels_change_nothing_but_the_labels(result, tmp_path):
    swapped = replace(DATASET, test=Split(DATASET.test.images, 1 - DATASET.test.labels))
    assert_same_scores(run(tmp_path, dataset=swapped).scores, result.scores)


def test_a_killed_run_goes_on_from_its_checkpoint_and_ends_the_same(result, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    run_epoch, epochs = Trainer.run_epoch, []

    def killed_in_the_third_epoch(self, on_step):
        epochs.append(len(self.history) + 1)
        if len(epochs) == 3:
            raise KeyboardInterrupt
        return run_epoch(self, on_step)

    monkeypatch.setattr(Trainer, "run_epoch", killed_in_the_third_epoch)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path)
    assert len(list((tmp_path / "checkpoints").glob("*.pt"))) == 1
    again = run(tmp_path)
    assert epochs == [1, 2, 3, 3, 1, 2, 3]
    assert_same_scores(again.scores, result.scores)
    assert not list((tmp_path / "checkpoints").glob("*.pt"))


def test_a_resumed_run_has_the_processor_time_of_all_its_epochs(tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    run_epoch, config, calls = Trainer.run_epoch, replace(CONFIG, optimizers=CONFIG.optimizers[1:]), []

    def busy_and_killed_in_the_third_epoch(self, on_step):
        calls.append(len(self.history))
        if len(calls) == 3:
            raise KeyboardInterrupt
        end = time.process_time() + 0.2
        while time.process_time() < end:
            pass
        return run_epoch(self, on_step)

    monkeypatch.setattr(Trainer, "run_epoch", busy_and_killed_in_the_third_epoch)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, config)
    training = run(tmp_path, config).stages[0]
    assert calls == [0, 1, 2, 2]
    assert training.cpu_seconds >= 0.6
    assert training.seconds >= 0.6


def test_a_history_from_before_it_had_processor_time_leaves_the_stages_own():
    record = {
        "history": [{"seconds": 2.0}, {"seconds": 3.0}],
        "elsewhere": {"cpu_seconds": 1.0, "peak_memory_bytes": 7},
    }
    whole = pipeline._whole_cost(Stage("neural", "training", 4.0, 3.5, 100), record)
    assert (whole.seconds, whole.cpu_seconds, whole.peak_memory_bytes) == (5.0, 4.5, 107)


def test_pictures_that_the_net_cannot_take_are_said_not_to_suit_it(tmp_path):
    with pytest.raises(
        NotApplicableError, match="mlp cannot be applied to halves: this net needs pictures of at least"
    ):
        run(tmp_path, replace(CONFIG, architecture=Speedrun()))


def test_mixed_precision_is_decided_once_for_a_machine(tmp_path, monkeypatch):
    decisions = []
    monkeypatch.setattr(probing, "has_bfloat16", lambda _: True)
    monkeypatch.setattr(probing, "bfloat16_pays", lambda *_: decisions.append(True) or True)
    config = replace(CONFIG, mixed_precision="auto", epochs=1)
    assert run(tmp_path, config).diagnostics["bfloat16"] is True
    assert run(tmp_path, replace(config, epochs=2)).diagnostics["bfloat16"] is True
    assert len(decisions) == 1


def test_a_processor_without_bfloat16_is_not_asked_to_time_it(tmp_path, monkeypatch):
    monkeypatch.setattr(probing, "has_bfloat16", lambda _: False)
    monkeypatch.setattr(probing, "bfloat16_pays", lambda *_: pytest.fail("timed"))
    assert run(tmp_path, replace(CONFIG, mixed_precision="auto", epochs=1)).diagnostics["bfloat16"] is False


def test_trains_with_the_threads_that_pay_as_decided_once_for_a_machine(tmp_path, monkeypatch, result):
    decisions, used, run_epoch = [], [], Trainer.run_epoch

    def decide(step, clock):
        step()
        decisions.append(1)
        return 1

    monkeypatch.setattr(probing, "threads_that_pay", decide)
    monkeypatch.setattr(Trainer, "run_epoch", lambda *a: used.append(torch.get_num_threads()) or run_epoch(*a))
    with threads(2):
        run_again = [run(tmp_path, replace(CONFIG, epochs=epochs)) for epochs in (3, 1)]
        assert torch.get_num_threads() == 2
    assert decisions == [1]
    assert set(used) == {1}
    assert run_again[0].environment["torch_threads"] == 1
    np.testing.assert_allclose(run_again[0].scores, result.scores, atol=1e-3)  # timing left the net as it was
