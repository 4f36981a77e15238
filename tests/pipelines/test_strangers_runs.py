"""Run files that anyone may have written: a run, or one line that names the file; never a crash, never code."""

import io
import json

import numpy as np
import pytest

from bakeoff.pipelines.results.run import load_run, save_run
from bakeoff.pipelines.results.task import load_task, save_task
from bakeoff.tests.pipelines.results.test_run import make_run, make_task

VALUES = (None, True, -1, 1e308, float("nan"), 10**40, "", "\x00", [], [[]], {}, {"a": []}, [1, "2"], "0" * 5000)


def change_bytes(content: bytes, random: np.random.Generator) -> bytes:
    """Up to eight other bytes, a cut, or a part twice."""
    changed = bytearray(content)
    for _ in range(random.integers(1, 9)):
        changed[random.integers(len(changed))] = random.integers(256)
    start, stop = sorted(random.integers(0, len(changed), 2))
    return bytes([changed, changed[:stop], changed[:stop] + changed[start:]][random.integers(3)])


def change_values(content: bytes, random: np.random.Generator) -> bytes:
    """Another value, none, or one too many, somewhere in the JSON."""
    record = json.loads(content)
    place = record
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[random.integers(len(keys))]
        inside = place[key]
        if isinstance(inside, dict | list) and inside and random.random() < 0.7:
            place = inside
            continue
        if isinstance(place, dict) and random.random() < 0.2:
            del place[key]
        elif isinstance(place, dict) and random.random() < 0.1:
            place["unknown"] = 1
        else:
            place[key] = VALUES[random.integers(len(VALUES))]
        return json.dumps(record).encode()


def change_arrays(content: bytes, random: np.random.Generator) -> bytes:
    """An array of another type, shape or value, or with a header that claims more than there is."""
    with np.load(io.BytesIO(content)) as archive:
        arrays = {name: archive[name] for name in archive.files}
    name = list(arrays)[random.integers(len(arrays))]
    array = arrays[name]
    choices = (
        array.astype("f8"), array.astype("c16"), array.astype("U8"), array.ravel()[:-1], array[None],
        np.full_like(array, 99), np.full(array.shape, np.nan), np.zeros(0), np.array(0), array.astype("i1") - 100,
        array.astype("datetime64[s]"), np.zeros(2, [("a", "f4")]),
    )  # fmt: skip
    arrays[name] = choices[random.integers(len(choices))]
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue().replace(b"'shape': (3,", b"'shape': (9,") if random.random() < 0.1 else buffer.getvalue()


CHANGES = {
    "run.json": (change_bytes, change_values),
    "scores.npz": (change_bytes, change_arrays),
    "task.json": (change_bytes, change_values),
    "task.npz": (change_bytes, change_arrays),
}


def assert_survives(n_inputs, seed, root):
    """Every input gives a value that can be worked with, or a ValueError of one line."""
    random = np.random.default_rng(seed)
    folders = {name: save_run(make_run(), root) for name in ("run.json", "scores.npz")}
    folders |= {name: save_task(make_task(), root) for name in ("task.json", "task.npz")}
    whole = {name: (folders[name] / name).read_bytes() for name in CHANGES}
    n_refused = 0
    for number in range(n_inputs):
        name = list(CHANGES)[number % len(CHANGES)]
        change = CHANGES[name][random.integers(2)]
        (folders[name] / name).write_bytes(change(whole[name], random))
        try:
            if name.startswith("task"):
                assert load_task(folders[name]).test_images.dtype == np.uint8
            else:
                run = load_run(folders[name])
                assert 0 <= run.accuracy <= 1
                assert run.seconds() < np.inf
        except ValueError as error:
            n_refused += f"{folders[name]}" in str(error)
        (folders[name] / name).write_bytes(whole[name])
    assert n_inputs / 4 < n_refused < n_inputs


def test_changed_files_give_a_run_or_a_reason(tmp_path):
    assert_survives(100, 0, tmp_path)


@pytest.mark.slow
def test_ten_thousand_changed_files_give_a_run_or_a_reason(tmp_path):
    assert_survives(10_000, 1, tmp_path)


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 10_000, b'{"schema": 1, "stages": [1]}']
)
def test_deep_and_long_json_is_refused(tmp_path, content):
    folder = save_run(make_run(), tmp_path)
    (folder / "run.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"seed-3(/run\.json)? is damaged"):
        load_run(folder)
