"""Two real processes of `torchrun`, talking over gloo, against one."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bakeoff.pipelines import __main__ as command_line
from bakeoff.pipelines.neural import pipeline
from bakeoff.pipelines.neural.config import EXPERIMENTS
from bakeoff.pipelines.neural.distributed import Processes
from bakeoff.pipelines.neural.training import assignment
from bakeoff.pipelines.neural.training.loop import Trainer
from bakeoff.pipelines.neural.training.minibatches import Examples
from bakeoff.pipelines.results.run import RunResult, load_runs

ROOT = Path(__file__).resolve().parents[4]
COMMAND = Path(__file__).with_name("command.py")
NAMES = ("busy-perceptron", "busy-convolutions")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """Two classes, red and blue, in 16 x 16 pixels of noise."""
    folder = tmp_path_factory.mktemp("data") / "colors"
    random = np.random.default_rng(0)
    for color, name in ((0, "red"), (2, "blue")):
        (folder / name).mkdir(parents=True)
        for number in range(100):
            pixels = random.integers(0, 150, (16, 16, 3), dtype=np.uint8)
            pixels[:, :, color] += 60
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def arguments(pictures: Path, artifacts: Path) -> list[str]:
    """On the CPU, as processes that talk over gloo are: a GPU's rounding alone would part the loss curves."""
    place = ["--artifacts", str(artifacts), "--device", "cpu"]
    return ["train", *NAMES, "--dataset", str(pictures), "--image-size", "16", *place]


def launch(command: list[str]) -> subprocess.CompletedProcess[str]:
    """The command in two processes."""
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(COMMAND)]
    return subprocess.run(
        [*torchrun, *command],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )


def runs(artifacts: Path) -> dict[str, RunResult]:
    (folder,) = (artifacts / "runs").iterdir()
    return {run.experiment: run for run in load_runs(folder)}


@pytest.fixture(scope="module")
def experiments():
    with pytest.MonkeyPatch.context() as patch:
        from bakeoff.tests.pipelines.neural.distributed import command

        for name in NAMES:
            patch.setitem(EXPERIMENTS, name, command.EXPERIMENTS[name])
        yield


@pytest.fixture(scope="module")
def alone(experiments, pictures, tmp_path_factory) -> dict[str, RunResult]:
    artifacts = tmp_path_factory.mktemp("alone")
    assert command_line.main(arguments(pictures, artifacts)) == 0
    return runs(artifacts)


@pytest.fixture(scope="module")
def together(experiments, pictures, tmp_path_factory) -> tuple[dict[str, RunResult], str]:
    """One process is killed after its first epoch; two go on from its checkpoint and do all the rest."""
    artifacts = tmp_path_factory.mktemp("together")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "SECONDS_BETWEEN_CHECKPOINTS", 0.0)
        run_epoch = Trainer.run_epoch
        patch.setattr(Trainer, "run_epoch", lambda self, step: run_epoch(self, step) if not self.history else 1 / 0)
        with pytest.raises(ZeroDivisionError):
            command_line.main(arguments(pictures, artifacts))
    assert len(list((artifacts / "checkpoints").iterdir())) == 1
    done = launch(arguments(pictures, artifacts))
    assert done.returncode == 0, done.stderr
    assert not list((artifacts / "checkpoints").iterdir())
    return runs(artifacts), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_two_processes_follow_the_loss_curve_of_one(alone, together, name):
    one, two = alone[name], together[0][name]
    assert two.environment["processes"] == 2
    assert one.environment["processes"] == 1
    assert len(one.history) == len(two.history)
    for ours, theirs in zip(two.history, one.history, strict=True):
        assert ours["train_loss"] == pytest.approx(theirs["train_loss"], rel=1e-4)  # sums in another order
        assert ours["train_accuracy"] == pytest.approx(theirs["train_accuracy"], abs=0.01)
    np.testing.assert_allclose(two.scores, one.scores, atol=2e-3)
    for ours, theirs in zip(two.trials, one.trials, strict=True):
        assert ours["validation_score"] == pytest.approx(theirs["validation_score"], abs=0.05)


@pytest.mark.slow
def test_only_the_first_process_speaks(together):
    lines = [line for line in together[1].splitlines() if line.startswith(NAMES)]
    assert [line.split()[0] for line in lines] == list(NAMES)


@pytest.mark.slow
def test_a_failure_before_any_training_is_one_line_and_ends_both(tmp_path):
    done = launch(["train", "busy-perceptrom", "--dataset", "digits", "--artifacts", str(tmp_path)])
    assert done.returncode == 1
    assert done.stderr.count("error: there is no experiment 'busy-perceptrom'") == 1
    assert "RuntimeError" not in done.stderr


def test_the_others_are_not_dismissed_in_the_middle_of_a_training(monkeypatch):
    told = []
    monkeypatch.setattr(assignment, "_under_way", [])
    monkeypatch.setattr(assignment.distributed, "broadcast_object_list", told.append)
    monkeypatch.setattr(assignment.distributed, "broadcast", lambda *_: None)
    pictures = Examples(torch.zeros(1, 3, 2, 2), torch.zeros(1), 2)
    with assignment.handed_out("first", pictures, pictures, Processes(0, 2)):
        assignment.dismiss()
    assignment.dismiss()
    assert told == [["first", (1, 1)], [None, ()]]
    with (
        pytest.raises(ZeroDivisionError),
        assignment.handed_out("second", pictures, pictures, Processes(0, 2)),
    ):
        raise ZeroDivisionError
    assignment.dismiss()
    assert told == [["first", (1, 1)], [None, ()], ["second", (1, 1)]]


@pytest.mark.parametrize(("n", "size"), [(7, 3), (8, 2), (1, 2), (0, 2)])
def test_shares_are_neighbors_and_make_up_the_whole(n, size):
    shares = [list(range(n))[Processes(rank, size).share(n)] for rank in range(size)]
    assert [i for share in shares for i in share] == list(range(n))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
