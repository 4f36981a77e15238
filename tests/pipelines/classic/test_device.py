"""The hand-crafted side on another device, here one that is not there (tests/fake_device.py)."""

import io
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch
from rich.console import Console

from bakeoff.pipelines.classic import pipeline
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.families import family as family_module
from bakeoff.pipelines.classic.families.family import encode_all, pictures_at_once
from bakeoff.pipelines.classic.matrix import feature_matrix
from bakeoff.pipelines.classic.system import family_features
from bakeoff.pipelines.classic.system.family_features import hands_of
from bakeoff.pipelines.machine import device as device_module
from bakeoff.pipelines.machine import tracing
from bakeoff.pipelines.machine.cores import hands_on
from bakeoff.pipelines.machine.device import CPU
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.run import RunResult
from bakeoff.tests.fake_device import fake_device
from bakeoff.tests.pipelines.classic.families.test_family import FAMILIES, IMAGES, every_family
from bakeoff.tests.pipelines.classic.test_pipeline import CODED, DATASET, JOINED

FREE_BYTES = 10**9


@pytest.fixture
def elsewhere(monkeypatch) -> Iterator[torch.device]:
    monkeypatch.setattr(family_module, "free_bytes", lambda device: FREE_BYTES)
    monkeypatch.setattr(feature_matrix, "bytes_to_hold", lambda device: FREE_BYTES)
    monkeypatch.setattr(family_features, "bytes_to_hold", lambda device: FREE_BYTES)
    monkeypatch.setattr(tracing, "untraced", nullcontext)  # the fake device is one of the modes that are left out there
    with fake_device() as device:
        monkeypatch.setattr(device_module, "choose_device", lambda name="": device)
        yield device


def test_no_operation_is_on_two_devices_and_numpy_sees_none_that_is_not_brought_back(elsewhere):
    there = torch.ones(2, 3).to(elsewhere)
    assert (there + 1).device == elsewhere
    assert (there @ there.T).cpu().tolist() == [[3, 3], [3, 3]]
    with pytest.raises(RuntimeError, match="two devices"):
        there + torch.ones(3)
    with pytest.raises(RuntimeError, match="numpy"):
        there.numpy()


@every_family
def test_a_family_learns_and_encodes_elsewhere_as_it_does_here(family, elsewhere):
    hands = hands_on(elsewhere)
    found = encode_all(family, family.fit(IMAGES, 0, hands), IMAGES, hands=hands)
    np.testing.assert_allclose(found, encode_all(family, family.fit(IMAGES, 0), IMAGES), atol=5e-4)


def run(folder, config: ClassicConfig, device: str = "") -> RunResult:
    workspace = Workspace(folder, console=Console(file=io.StringIO()), device_name=device)
    return pipeline.run(Job(DATASET, experiment="classic", title="T", config=config, seed=0, workspace=workspace))


CONFIGS = {
    "float32, another view": replace(JOINED, mirror=True, refit=True),
    "int8": ClassicConfig((System("fisher", FAMILIES[-2:], (0.5, 0.5), storage="int8", costs=(0.1, 1.0)),), refit=True),
    "standardized": ClassicConfig((replace(JOINED.systems[0], scaling="standardize", costs=(0.01,)),)),
    "codes": ClassicConfig((replace(CODED, costs=(1.0,), compression=replace(CODED.compression, n_epochs=3)),)),
}


@pytest.fixture(params=CONFIGS)
def config(request) -> ClassicConfig:
    return CONFIGS[request.param]


def test_a_run_elsewhere_predicts_what_it_does_here_and_says_where(config, tmp_path, request):
    here = run(tmp_path / "here", config, "cpu")
    request.getfixturevalue("elsewhere")
    there = run(tmp_path / "there", config)
    assert (there.predictions == here.predictions).mean() >= 0.999
    np.testing.assert_allclose(there.scores, here.scores, atol=5e-3)
    assert (here.environment["device"], there.environment["device"]) == ("cpu", "meta")


def test_features_that_do_not_fit_are_streamed_and_give_the_same(tmp_path, monkeypatch, elsewhere):
    held = run(tmp_path / "held", CONFIGS["int8"])
    assert not list(tmp_path.glob("held/cache/*encode"))
    monkeypatch.setattr(feature_matrix, "bytes_to_hold", lambda device: 0)
    monkeypatch.setattr(family_features, "bytes_to_hold", lambda device: 0)
    np.testing.assert_allclose(run(tmp_path / "streamed", CONFIGS["int8"]).scores, held.scores, atol=1e-5)


def test_batches_are_bounded_by_the_memory_that_is_free(monkeypatch, elsewhere):
    def at_once(free: int) -> int:
        monkeypatch.setattr(family_module, "free_bytes", lambda device: free)
        return pictures_at_once(100, 3072, elsewhere)

    assert [at_once(free) for free in (10**11, 6 * 10**9, 10**8, 0)] == [2000, 976, 16, 1]
    assert pictures_at_once(100, 3072, CPU) == 100


@pytest.mark.parametrize(("name", "taken"), [("cpu", "cpu"), ("cuda", "cuda"), ("mps", "cpu")])
def test_a_device_without_float64_is_for_nets_alone(name, taken, tmp_path, monkeypatch):
    monkeypatch.setattr(device_module, "choose_device", lambda asked: torch.device(asked))
    assert hands_of(Workspace(tmp_path, device_name=name)).device.type == taken


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_predicts_what_the_cpu_does(config, tmp_path):
    here, there = (run(tmp_path / name, config, name) for name in ("cpu", "cuda"))
    assert (there.predictions == here.predictions).mean() >= 0.999
    assert there.environment["device"] == "cuda"
