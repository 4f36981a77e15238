from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.neural.config import Optimizer, Perceptron
from bakeoff.pipelines.results.study import unpack_correct
from bakeoff.pipelines.studies import sweeps
from bakeoff.pipelines.studies.perceptrons import PLAIN, Cell, Sweep
from bakeoff.tests.pipelines.neural.test_pipeline import DATASET

SHORT = replace(PLAIN, architecture=Perceptron((8,), normalization="none"), epochs=2)
CELLS = (
    Cell({"width": 8, "l2": 0.0}, SHORT),
    Cell({"width": 8, "l2": 9.0}, replace(SHORT, optimizers=(Optimizer("sgd", 1e25),))),
)


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "SWEEPS", {"tiny": Sweep("tiny", "Title", CELLS)})
    workspace = Workspace(tmp_path, console=Console(file=io.StringIO()))
    return lambda name="tiny": sweeps.run_sweep(name, DATASET, 0, workspace)


def test_a_row_for_each_net_and_none_where_it_diverged(sweep):
    good, lost = sweep().rows
    assert (good["width"], good["l2"], good["diverged"]) == (8, 0.0, False)
    assert unpack_correct(good["correct"], 80).mean() == good["accuracy"]
    assert {"spread_1", "dead_1"} <= set(good)
    assert lost["diverged"]
    assert (lost["accuracy"], lost["correct"], lost["validation_score"]) == (None, None, None)
    assert "dead_1" not in lost


def test_what_was_trained_is_not_trained_again(sweep, monkeypatch):
    first = sweep()
    monkeypatch.setattr(sweeps, "train_cell", None)
    assert sweep().rows == first.rows


def test_an_unknown_sweep_is_an_error_that_names_the_others(sweep):
    with pytest.raises(ValueError, match="there is no sweep 'depht'; choose from: tiny"):
        sweep("depht")
