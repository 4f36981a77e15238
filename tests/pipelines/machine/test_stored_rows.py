import gc
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bakeoff.pipelines.machine.cache import Cache, create_stored_rows


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_rows_written_in_any_order_are_read_back(tmp_path, dtype):
    values = np.arange(15, dtype=dtype).reshape(5, 3)
    stored = create_stored_rows(tmp_path, (5, 3), np.dtype(dtype))
    for rows in (slice(3, 5), slice(0, 1), slice(1, 3)):
        stored[rows] = values[rows]
    stored.move(tmp_path / "rows.npy")
    read = np.load(tmp_path / "rows.npy")
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, values)


def test_refuses_rows_that_do_not_fit(tmp_path):
    stored = create_stored_rows(tmp_path, (5, 3), np.dtype(np.float32))
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


def test_what_a_killed_process_was_filling_is_removed_and_nothing_that_a_living_one_fills(tmp_path):
    code = "; ".join(
        [
            "import sys, time, numpy as np",
            "from pathlib import Path",
            "from bakeoff.pipelines.machine.cache import create_stored_rows",
            "rows = create_stored_rows(Path(sys.argv[1]), (4, 2), np.dtype(np.float32))",
            "print(rows.path, flush=True)",
            "time.sleep(60)",
        ]
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    theirs = Path(process.stdout.readline().strip())
    mine = create_stored_rows(tmp_path, (1, 1), np.dtype(np.float32))
    assert theirs.exists()
    process.kill()
    process.communicate()
    create_stored_rows(tmp_path, (1, 1), np.dtype(np.float32))
    assert not theirs.exists()
    assert mine.path.exists()


def test_what_was_half_filled_when_computing_failed_is_removed_by_the_next_one(tmp_path):
    cache = Cache(tmp_path)

    def compute():
        cache.allocate((4, 2), np.dtype(np.float32))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.get_or_compute("stage", version=1, inputs={}, compute=compute)
    gc.collect()
    mine = cache.allocate((1, 1), np.dtype(np.float32))
    assert list(tmp_path.glob(".filling-*.npy")) == [mine.path]
