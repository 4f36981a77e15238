"""The cache for any arrays, any inputs, any damage, and any number of runs at once."""

import json
import multiprocessing
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from bakeoff.pipelines.machine.cache import Cache, hash_inputs

dtypes = st.one_of(
    arrays_of.boolean_dtypes(),
    arrays_of.integer_dtypes(endianness="?"),
    arrays_of.unsigned_integer_dtypes(endianness="?"),
    arrays_of.floating_dtypes(endianness="?"),
    arrays_of.complex_number_dtypes(),
    arrays_of.unicode_string_dtypes(min_len=1, max_len=5),
)
arrays = arrays_of.arrays(dtypes, arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
names = st.text("abcdefghijklmnopqrstuvwxyz _0123456789", min_size=1, max_size=12)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
inputs = st.dictionaries(st.text(max_size=5), plain, max_size=3)
VALUES = {"values": np.arange(40, dtype=np.float32).reshape(8, 5), "labels": np.arange(8)}


def get(cache: Cache, compute, given_inputs):
    return cache.get_or_compute("stage", version=1, inputs=given_inputs, compute=compute)


def never():
    raise AssertionError("computed what was there")


@settings(deadline=None)
@given(kept=st.dictionaries(names, arrays, max_size=3), given_inputs=inputs, order=st.sampled_from("CF"))
def test_any_arrays_come_back_under_any_inputs(kept, given_inputs, order):
    with tempfile.TemporaryDirectory() as root:
        said: list[str] = []
        cache = Cache(Path(root), report_damage=said.append)
        for compute in (lambda: {name: np.asarray(array, order=order) for name, array in kept.items()}, never):
            found = get(cache, compute, given_inputs).arrays
            assert found.keys() == kept.keys()
            for name, array in kept.items():
                assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
                assert found[name].tobytes() == array.tobytes()
        assert said == []


@given(one=inputs, other=inputs)
def test_inputs_have_one_key_exactly_if_they_are_the_same(one, other):
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (hash_inputs("stage", 1, one) == hash_inputs("stage", 1, other)) == same
    assert hash_inputs("stage", 1, one) == hash_inputs("stage", 1, dict(reversed(one.items())))


@settings(deadline=None)
@given(
    file=st.sampled_from(["values.npy", "labels.npy", "entry.json"]), place=st.floats(0, 1), flip=st.integers(1, 255)
)
def test_a_changed_byte_anywhere_never_changes_what_is_read(file, place, flip):
    with tempfile.TemporaryDirectory() as root:
        said: list[str] = []
        cache = Cache(Path(root), report_damage=said.append)
        whole = get(cache, lambda: VALUES, {})
        path = Path(root) / "stage" / whole.key / file
        content = bytearray(path.read_bytes())
        content[int(place * (len(content) - 1))] ^= flip
        path.write_bytes(content)
        again = get(cache, lambda: VALUES, {})
        assert len(said) == 1 or (file == "entry.json" and again.cost.reused)
        for name, array in VALUES.items():
            np.testing.assert_array_equal(again.arrays[name], array)
        if again.cost.reused:  # a space that became another one, say
            assert again.cost.seconds == whole.cost.seconds
            assert again.cost.peak_memory_bytes == whole.cost.peak_memory_bytes
        assert get(cache, never, {}).cost.reused


def test_every_byte_of_what_an_entry_says_of_itself_is_watched(tmp_path):
    said: list[str] = []
    cache = Cache(tmp_path, report_damage=said.append)
    path = tmp_path / "stage" / get(cache, lambda: VALUES, {}).key / "entry.json"
    for place in range(path.stat().st_size - 10):  # a little shorter when it is computed again, perhaps
        before = json.loads(path.read_text())
        content = bytearray(path.read_bytes())
        content[place] ^= 1
        path.write_bytes(content)
        n_said = len(said)
        get(cache, lambda: VALUES, {})
        assert len(said) == n_said + 1 or json.loads(path.read_text()) == before
    assert said


def test_an_entry_from_before_costs_had_a_checksum_is_still_read(tmp_path):
    cache = Cache(tmp_path)
    path = tmp_path / "stage" / get(cache, lambda: VALUES, {}).key / "entry.json"
    entry = json.loads(path.read_text())
    del entry["own_checksum"]
    path.write_text(json.dumps(entry))
    assert get(cache, never, {}).cost.reused


def fill(root: Path, start: multiprocessing.Event, found: multiprocessing.Queue) -> None:
    """Every process would compute another value; each tells which ones it got."""

    def compute() -> dict[str, np.ndarray]:
        time.sleep(0.05)
        return {"values": np.full(50_000, os.getpid())}

    start.wait()
    got = [get(Cache(root), compute, {"number": number}).arrays["values"] for number in range(4)]
    found.put([sorted(set(values.tolist())) for values in got])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_runs_that_fill_at_once_all_get_one_value(tmp_path):
    context = multiprocessing.get_context("fork")
    start, found = context.Event(), context.Queue()
    processes = [context.Process(target=fill, args=(tmp_path, start, found)) for _ in range(6)]
    for process in processes:
        process.start()
    start.set()
    first, *others = [found.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert all(len(values) == 1 for values in first)
    assert all(other == first for other in others)
    assert [get(Cache(tmp_path), never, {"number": n}).arrays["values"][0] for n in range(4)] == [v for (v,) in first]
