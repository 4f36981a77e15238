"""Every benchmark on tiny data: `bakeoff bench` measures, compares and writes."""

import json
import sys
from dataclasses import replace

import pytest
import torch

from bakeoff.__main__ import main as bakeoff
from bakeoff.benchmarks import (
    accelerator,
    backprop,
    bench,
    decoding,
    dense_sift,
    fisher_vector,
    hog,
    ill_scaled_svm,
    kmeans,
    linear_svm,
    memory,
    training,
)

MLP, WIDE, PLAIN = (
    (replace(config, architecture=training.Perceptron((8,), normalization="none"), batch_size=16), peer)
    for config, peer in training.SETTINGS
)
TINY = {
    hog: ((16, 4, 2, 2),),
    dense_sift: ((32, 4, "gaussian", 2, 1),),
    fisher_vector: ((20, 5, 3, 4),),
    kmeans: tuple((peer, 300, 4, 5, 2) for peer, *_ in kmeans.SETTINGS),
    linear_svm: ((200, 40),),
    ill_scaled_svm: (("wine, raw", 1.0),),
    memory: tuple((what, few, 2 * few) for (what, *_), few in zip(memory.SETTINGS, (200, 60), strict=True)),
    training: (MLP, WIDE, PLAIN),
    backprop: (((30, 20, 12, 4), 16),),
    decoding: (("JPEG", 18, 224, 32), ("TIFF", 4, 64, 32)),
    accelerator: tuple(
        (kernel, sizes)
        for (kernel, _), sizes in zip(
            accelerator.SETTINGS, ((4, 32), (4, 32), (4, 2, 9, 3, 4), (300, 4, 5, 2), (60, 20, 10)), strict=True
        )
    ),
}


@pytest.mark.slow
def test_every_benchmark_measures_and_compares(tmp_path, monkeypatch):
    assert {module.__name__.rpartition(".")[2] for module in TINY} == {*bench.WORK}
    monkeypatch.setattr(bench, "PRODUCT", 64)
    monkeypatch.setattr(linear_svm, "AGREEMENT", 0.98)  # of 200 rows; which of LinearSVC's ways is quicker varies
    for module, settings in TINY.items():
        monkeypatch.setattr(module, "SETTINGS", settings)
    assert bakeoff(["bench", "--artifacts", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "bench.json").read_text())
    assert len(found) >= len(bench.WORK) - 1  # there may be no accelerator
    for row in found:
        assert row["ratio"] == pytest.approx(row["ours_per_second"] / row["peer_per_second"])
        assert row["max_abs_error"] < 3, row


def test_a_missing_library_is_told_before_anything_is_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "faiss", None)
    monkeypatch.delitem(sys.modules, "bakeoff.benchmarks.kmeans")
    monkeypatch.setattr(hog, "measure", lambda *_: pytest.fail("measured"))
    assert bakeoff(["bench", "hog", "kmeans", "--artifacts", str(tmp_path)]) == 1
    assert "kmeans is compared with faiss, which is not installed: .venv/bin/python -m pip" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_kernels_of_an_accelerator_do_what_their_peers_do_or_are_left_out_in_one_line(tmp_path, monkeypatch, capsys):
    for setting in TINY[accelerator]:
        assert accelerator.measure_on(torch.device("cpu"), *setting).max_abs_error < 1e-3
    monkeypatch.setattr(accelerator, "choose_device", lambda: torch.device("cpu"))
    assert bakeoff(["bench", "accelerator", "--artifacts", str(tmp_path)]) == 0
    assert "accelerator is left out: there is no accelerator here" in capsys.readouterr().out
