import io
import sys

import pytest
from rich.console import Console
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.neural import pipeline
from bakeoff.pipelines.neural.config import Augmentation, NeuralConfig, Optimizer
from bakeoff.pipelines.neural.inspection import event_log, log_epoch, log_history, writer_class
from bakeoff.pipelines.neural.networks.perceptrons import Perceptron
from bakeoff.tests.pipelines.neural.test_pipeline import DATASET, assert_same_scores

CONFIG = NeuralConfig(
    architecture=Perceptron((16,), dropout=0.2),
    optimizers=(Optimizer(learning_rate=0.01),),
    augmentation=Augmentation(crop=1),
    epochs=3,
)
LAYER = {"layer": "body.2", "activation": "ReLU", "units": 8, "dead_share": 0.25}


def scalars(folder) -> dict[str, list[tuple[int, float]]]:
    events = EventAccumulator(str(folder))
    events.Reload()
    return {name: [(event.step, event.value) for event in events.Scalars(name)] for name in events.Tags()["scalars"]}


def trained(folder, tensorboard: bool):
    workspace = Workspace(folder, console=Console(file=io.StringIO()), tensorboard=tensorboard)
    return pipeline.run(Job(DATASET, experiment="mlp", title="Net", config=CONFIG, seed=1, workspace=workspace))


def test_a_run_logs_its_curves_and_layers_and_is_not_changed_by_it(tmp_path):
    watched, alone = trained(tmp_path / "a", True), trained(tmp_path / "b", False)
    assert_same_scores(watched.scores, alone.scores)
    assert not (tmp_path / "b" / "tensorboard").exists()
    curves = scalars(tmp_path / "a" / "tensorboard" / "halves" / "mlp" / "seed-1")
    for name in ("train_loss", "validation_score", "learning_rate"):
        expected = [(row["epoch"], pytest.approx(row[name], rel=1e-6)) for row in watched.history]
        assert curves[f"training/{name}"] == expected
    assert [step for step, _ in curves["layers/body.3/dead_share"]] == [1, 2, 3]


def test_what_a_killed_run_logged_after_its_checkpoint_is_taken_back(tmp_path):
    folder = tmp_path / "log"
    with event_log(folder) as log:
        for epoch in (1, 2, 3):
            log_epoch(log, {"epoch": epoch, "train_loss": 9.0}, [LAYER])
    with event_log(folder, n_done=1) as log:
        log_epoch(log, {"epoch": 2, "train_loss": 4.0})
    assert scalars(folder)["training/train_loss"] == [(1, 9.0), (2, 4.0)]
    assert scalars(folder)["layers/body.2/dead_share"] == [(1, 0.25)]


def test_the_curves_of_a_kept_training_are_written_once(tmp_path):
    history = [{"epoch": 1, "train_loss": 0.5}, {"epoch": 2, "train_loss": 0.25}]
    for _ in range(2):
        log_history(tmp_path / "log", history)
    assert scalars(tmp_path / "log") == {"training/train_loss": [(1, 0.5), (2, 0.25)]}


def test_a_missing_package_is_said_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ValueError, match=r"need its package .* pip install -c constraints.txt tensorboard"):
        writer_class()
