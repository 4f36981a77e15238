"""Every benchmark on tiny data: `bakeoff bench` measures, compares and writes."""

import json
import sys

import pytest
import torch
from sklearn.datasets import load_wine

from bakeoff.__main__ import main as bakeoff
from bakeoff.benchmarks import (
    accelerator,
    backprop,
    bench,
    convolution,
    decoding,
    dense_sift,
    fisher_vector,
    hog,
    ill_scaled_svm,
    kmeans,
    linear_svm,
    measurement,
    memory,
    training,
)

PERCEPTRON = {"architecture": training.Perceptron((8,), normalization="none"), "batch_size": 16}
TINY = {
    measurement: {"PRODUCT": 64},
    hog: {"SETTINGS": ((16, 4, 2, 2),)},
    dense_sift: {"SETTINGS": ((32, 4, "gaussian", 2, 1),)},
    fisher_vector: {"N_IMAGES": 20, "N_DESCRIPTORS": 5, "N_COMPONENTS": 3, "DIMENSION": 4},
    kmeans: {"N_ROWS": 300, "DIMENSION": 4, "N_WORDS": 5, "N_ITERATIONS": 2},
    linear_svm: {"SIZES": ((200, 40),)},
    ill_scaled_svm: {"COSTS": (1.0,), "ill_scaled_sets": lambda: {"wine": load_wine(return_X_y=True)}},
    memory: {"ENCODED": (200, 400), "LOADED": (60, 120)},
    convolution: {"SETTINGS": ((2, 4, 8, 8),)},
    training: {name: training.replace(getattr(training, name), **PERCEPTRON) for name in ("MLP", "WIDE", "PLAIN")},
    backprop: {"WIDTHS": (30, 20, 12, 4), "BATCH": 16},
    decoding: {"N_PICTURES": 18, "IMAGE_SIZES": (32,), "N_TIFFS": 4, "TIFF_SIDES": (64,)},
    accelerator: {
        "N_PICTURES": 4,
        "N_SETS": 4,
        "FEW_SETS": 2,
        "N_DESCRIPTORS": 9,
        "DIMENSION": 3,
        "N_GAUSSIANS": 4,
        "N_ROWS": 300,
        "WIDTH": 4,
        "N_WORDS": 5,
        "N_ITERATIONS": 2,
        "N_TRAIN": 60,
        "N_FEATURES": 20,
    },
}


@pytest.mark.slow
def test_every_benchmark_measures_and_compares(tmp_path, monkeypatch):
    assert {module.__name__.rpartition(".")[2] for module in TINY} == {*bench.WORK, "measurement"}
    for module, constants in TINY.items():
        for name, value in constants.items():
            assert hasattr(module, name)
            monkeypatch.setattr(module, name, value)
    assert bakeoff(["bench", "--artifacts", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "bench.json").read_text())
    assert len(found) >= len(bench.WORK) - 1  # there may be no accelerator
    for row in found:
        assert row["ratio"] == pytest.approx(row["ours_per_second"] / row["peer_per_second"])
        assert row["max_abs_error"] < 3, row


def test_a_missing_library_is_told_before_anything_is_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.delitem(sys.modules, "bakeoff.benchmarks.kmeans")
    monkeypatch.setattr(hog, "measure", lambda: pytest.fail("measured"))
    assert bakeoff(["bench", "hog", "kmeans", "--artifacts", str(tmp_path)]) == 1
    assert "kmeans is compared with faiss, which is not installed: .venv/bin/python -m pip" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_kernels_of_an_accelerator_do_what_their_peers_do_or_are_left_out_in_one_line(tmp_path, monkeypatch, capsys):
    for name, value in TINY[accelerator].items():
        monkeypatch.setattr(accelerator, name, value)
    assert [row.max_abs_error < 1e-3 for row in accelerator.measure_on(torch.device("cpu"))] == [True] * 5
    monkeypatch.setattr(accelerator, "choose_device", lambda: torch.device("cpu"))
    assert bakeoff(["bench", "accelerator", "--artifacts", str(tmp_path)]) == 0
    assert "accelerator is left out: there is no accelerator here" in capsys.readouterr().out
