"""Files are whole, and readable by whom the process's umask lets read them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from bakeoff.pipelines.machine.cache import Cache
from bakeoff.pipelines.results.files import write_arrays, write_atomically, write_json


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def fill(cache: Cache) -> dict:
    rows = cache.allocate((2, 3), np.dtype(np.float32))
    rows[0:2] = np.ones((2, 3), np.float32)
    return {"rows": rows, "small": np.arange(3)}


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o022, 0o644), (0o002, 0o664)])
def test_everything_that_is_written_respects_the_umask(tmp_path, mask, mode):
    with umask(mask):
        write_atomically(tmp_path / "new" / "page.html", b"page")
        write_arrays(tmp_path / "new" / "a.npz", {"a": np.arange(2)})
        write_json(tmp_path / "new" / "run.json", {"a": 1})
        cache = Cache(tmp_path / "cache")
        cache.get_or_compute("stage", version=1, inputs={}, compute=lambda: fill(cache))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"page.html", "a.npz", "run.json", "rows.npy", "small.npy", "entry.json"}
    assert {path.name: path.stat().st_mode & 0o777 for path in files} == {path.name: mode for path in files}


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "run.json"
    write_atomically(path, b"old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("no")))
    with pytest.raises(OSError, match="no"):
        write_atomically(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]
    assert path.read_bytes() == b"old"
