import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest

from bakeoff.pipelines.machine.cache import Cache, hash_inputs, let_go


@dataclass(frozen=True)
class Settings:
    words: int = 5
    scale: float = 1.5


class Counter:
    """A computation that counts how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> dict[str, np.ndarray]:
        self.calls += 1
        return {"values": np.arange(6.0).reshape(2, 3)}


def get(cache: Cache, compute, **inputs):
    return cache.get_or_compute("double", version=1, inputs=inputs, compute=compute)


def test_computes_once_and_returns_the_same_values(tmp_path):
    cache, compute = Cache(tmp_path), Counter()
    first, second = get(cache, compute, a=1), get(cache, compute, a=1)
    assert compute.calls == 1
    np.testing.assert_array_equal(first.arrays["values"], second.arrays["values"])
    assert (first.cost.reused, second.cost.reused) == (False, True)
    assert second.cost.seconds == first.cost.seconds


@pytest.mark.skipif(not hasattr(psutil.Process().memory_info(), "shared"), reason="told by Linux only")
def test_mapped_values_that_were_let_go_are_in_memory_no_longer_and_as_they_were(tmp_path):
    values = np.arange(4_000_000.0)
    kept = (
        Cache(tmp_path)
        .get_or_compute("stage", version=1, inputs={}, compute=lambda: {"values": values})
        .arrays["values"]
    )
    total, held = kept.sum(), psutil.Process().memory_info().shared
    let_go(kept)
    let_go(values)  # of no file
    assert held - psutil.Process().memory_info().shared > 0.9 * values.nbytes
    assert kept.sum() == values.sum() == total


@pytest.mark.parametrize("changed", [{"a": 2}, {"b": 1}, {"a": Settings()}, {"a": "1"}])
def test_another_input_is_another_entry(tmp_path, changed):
    cache, compute = Cache(tmp_path), Counter()
    get(cache, compute, a=1)
    get(cache, compute, **changed)
    assert compute.calls == 2


def test_the_key_knows_stage_version_and_every_nested_field():
    keys = {
        hash_inputs(stage, version, {"settings": settings})
        for stage in ("fit", "encode")
        for version in (1, 2)
        for settings in (Settings(), Settings(words=6), Settings(scale=2.0))
    }
    assert len(keys) == 12


def test_an_input_without_a_stable_text_is_refused():
    with pytest.raises(TypeError, match="plain values or frozen dataclasses, got ndarray"):
        hash_inputs("stage", 1, {"array": np.zeros(3)})


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: (entry / "values.npy").write_bytes(b"not an array"),
        lambda entry: (entry / "values.npy").unlink(),
        lambda entry: (entry / "entry.json").write_text("{"),
        lambda entry: (entry / "entry.json").write_text("[]"),
        lambda entry: os.truncate(entry / "values.npy", 100),
    ],
    ids=["overwritten", "missing", "half-written", "not an object", "truncated"],
)
def test_a_damaged_entry_is_noticed_and_computed_again(tmp_path, damage):
    said: list[str] = []
    cache, compute = Cache(tmp_path, report_damage=said.append), Counter()
    damage(tmp_path / "double" / get(cache, compute, a=1).key)
    again = get(cache, compute, a=1)
    assert compute.calls == 2
    assert again.arrays["values"].sum() == 15
    assert len(said) == 1
    assert "damaged" in said[0]


@pytest.mark.parametrize(
    "array", [np.array(3.5), np.array("text"), np.zeros((0, 4)), np.arange(12).reshape(3, 4).T, np.array([True])]
)
def test_any_array_comes_back_equal(tmp_path, array):
    found = get(Cache(tmp_path), lambda: {"array": array}, a=1).arrays["array"]
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(found, array)


def test_what_a_killed_run_left_behind_is_cleared_away(tmp_path):
    key = get(Cache(tmp_path / "other"), Counter(), a=1).key
    leftover = tmp_path / "double" / f".writing-{key}"
    leftover.mkdir(parents=True)
    (leftover / "values.npy").write_bytes(b"half")
    get(Cache(tmp_path), Counter(), a=1)
    assert {path.name for path in (tmp_path / "double").iterdir()} == {key, f".{key}.lock"}


def test_a_failing_computation_leaves_nothing_behind(tmp_path):
    def fail():
        raise ValueError("no such luck")

    with pytest.raises(ValueError, match="no such luck"):
        get(Cache(tmp_path), fail, a=1)
    assert [path.name for path in (tmp_path / "double").iterdir() if not path.name.endswith(".lock")] == []


def test_what_is_removed_is_computed_again_and_stays_whole_for_its_readers(tmp_path):
    cache, compute = Cache(tmp_path), Counter()
    values = get(cache, compute, a=1).arrays["values"]
    for _ in range(2):
        cache.remove("double", version=1, inputs={"a": 1})
    assert values.sum() == 15
    get(cache, compute, a=1)
    assert compute.calls == 2


def slow_computation(root: Path, log: Path) -> None:
    def compute() -> dict[str, np.ndarray]:
        with open(log, "a") as file:
            file.write("computed\n")
        time.sleep(0.3)
        return {"values": np.ones(100_000)}

    get(Cache(root), compute, a=1)


def start(root: Path, log: Path) -> multiprocessing.Process:
    process = multiprocessing.get_context("fork").Process(target=slow_computation, args=(root, log))
    process.start()
    return process


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_two_runs_at_once_share_one_computation(tmp_path):
    log = tmp_path / "log"
    processes = [start(tmp_path / "cache", log) for _ in range(2)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert log.read_text() == "computed\n"


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_run_killed_at_any_moment_leaves_a_whole_entry_or_none(tmp_path):
    for moment in (0.05, 0.2, 0.28, 0.3, 0.32, 0.35):
        process = start(tmp_path / "cache", tmp_path / "log")
        time.sleep(moment)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    said: list[str] = []
    stage = get(Cache(tmp_path / "cache", report_damage=said.append), lambda: {"values": np.ones(100_000)}, a=1)
    assert said == []
    assert stage.arrays["values"].sum() == 100_000
