import os
import subprocess
import sys

import numpy as np
import pytest

from bakeoff.pipelines.machine.cache import Cache
from bakeoff.pipelines.machine.stored_rows import create_stored_rows


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_rows_written_in_any_order_are_read_back(tmp_path, dtype):
    values = np.arange(15, dtype=dtype).reshape(5, 3)
    stored = create_stored_rows(tmp_path / "rows.npy", (5, 3), np.dtype(dtype))
    for rows in (slice(3, 5), slice(0, 1), slice(1, 3)):
        stored[rows] = values[rows]
    read = np.load(tmp_path / "rows.npy")
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, values)


def test_refuses_rows_that_do_not_fit(tmp_path):
    stored = create_stored_rows(tmp_path / "rows.npy", (5, 3), np.dtype(np.float32))
    with pytest.raises(ValueError, match=r"shape \(1, 3\), got \(2, 3\)"):
        stored[4:6] = np.zeros((2, 3), np.float32)


def test_a_cache_entry_takes_over_what_was_filled_on_its_disk(tmp_path):
    cache = Cache(tmp_path)

    def compute():
        rows = cache.allocate((4, 2), np.dtype(np.float16))
        rows[0:4] = np.ones((4, 2))
        return {"rows": rows, "few": np.zeros(3)}

    first = cache.get_or_compute("stage", version=1, inputs={}, compute=compute)
    again = cache.get_or_compute("stage", version=1, inputs={}, compute=compute)
    assert again.cost.reused
    for stage in (first, again):
        np.testing.assert_array_equal(stage.arrays["rows"], np.ones((4, 2)))
    assert not list(tmp_path.glob(".filling-*"))


def test_what_was_half_filled_is_removed_when_computing_fails(tmp_path):
    cache = Cache(tmp_path)

    def compute():
        cache.allocate((4, 2), np.dtype(np.float32))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.get_or_compute("stage", version=1, inputs={}, compute=compute)
    assert not list(tmp_path.glob(".filling-*"))


@pytest.mark.parametrize("machine", ["node", "node-2", "7", "7-8"])
def test_only_what_killed_processes_of_this_machine_were_filling_is_removed(tmp_path, monkeypatch, machine):
    """Also where one machine's name begins, or ends, as another's does."""
    monkeypatch.setattr("platform.node", lambda: machine)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left_over = tmp_path / f".filling-{dead.pid}-{machine}-ab_c.npy"
    others = {"node", "node-gpu", "node-2", "gpu-node", "7", "7-8", "8", ""} - {machine}
    kept = [tmp_path / f".filling-{dead.pid}-{other}-abc.npy" for other in others]
    kept.append(tmp_path / f".filling-{os.getppid()}-{machine}-abc.npy")  # of a living process
    kept += [tmp_path / f".filling-{machine}-{dead.pid}-abc.npy", tmp_path / ".filling-.npy"]  # not named by us
    for path in (left_over, *kept):
        path.touch()
    Cache(tmp_path).allocate((1, 1), np.dtype(np.float32))
    assert not left_over.exists()
    assert all(path.exists() for path in kept)


def test_a_failing_computation_removes_its_own_files_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("platform.node", lambda: "node")
    cache, other = Cache(tmp_path), tmp_path / f".filling-{os.getpid()}-node-2-abc.npy"
    other.touch()

    def compute():
        cache.allocate((4, 2), np.dtype(np.float32))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.get_or_compute("stage", version=1, inputs={}, compute=compute)
    assert list(tmp_path.glob(".filling-*")) == [other]
