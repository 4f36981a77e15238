"""Tables of features from shards: killed at any moment, out of disk, two at once; the next run writes the same one."""

import multiprocessing
import os
import resource
import signal
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest

from bakeoff.pipelines.__main__ import main
from bakeoff.tests.datasets.folder.test_shards import write_shard

SUFFIXES = ("csv", "parquet")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "shards"
    root.mkdir()
    for number in range(3):
        write_shard(root / f"pets-{number:06}.tar", range(40 * number, 40 * number + 40))
    return root


def write(shards: Path, table: Path, prepare) -> None:
    sys.stderr = open(table.with_suffix(".log"), "w", buffering=1)  # noqa: SIM115 - until os._exit
    prepare()
    words = ["features", "hog", "--dataset", str(shards), "--artifacts", str(table.parent / "artifacts")]
    os._exit(main([*words, "--table", str(table)]))


def start(shards: Path, table: Path, prepare=lambda: None) -> BaseProcess:
    process = multiprocessing.get_context("fork").Process(target=write, args=(shards, table, prepare))
    process.start()
    return process


def finish(process: BaseProcess, table: Path) -> tuple[int | None, str]:
    process.join(timeout=120)
    return process.exitcode, table.with_suffix(".log").read_text()


@pytest.fixture(scope="module", params=SUFFIXES)
def undisturbed(request, shards, tmp_path_factory):
    """The name and bytes of a table that nothing happened to, and the seconds that it took."""
    if request.param == "parquet":
        pytest.importorskip("pyarrow")
    table = tmp_path_factory.mktemp("undisturbed") / f"t.{request.param}"
    started = time.perf_counter()
    status, errors = finish(start(shards, table), table)
    assert status == 0, errors
    return table.name, table.read_bytes(), time.perf_counter() - started


def test_a_table_is_whole_however_often_its_writer_was_killed(shards, tmp_path, undisturbed):
    name, expected, seconds = undisturbed
    random = np.random.default_rng(0)
    for _ in range(6):
        process = start(shards, tmp_path / name)
        time.sleep(random.uniform(0, seconds))
        process.kill()
        process.join()
        assert not (tmp_path / name).exists() or (tmp_path / name).read_bytes() == expected
    status, errors = finish(start(shards, tmp_path / name), tmp_path / name)
    assert status == 0, errors
    assert "damaged" not in errors
    assert (tmp_path / name).read_bytes() == expected


def test_two_at_once_write_the_same_table(shards, tmp_path, undisturbed):
    name, expected, _ = undisturbed
    processes = [start(shards, tmp_path / name) for _ in range(2)]
    assert [finish(process, tmp_path / name)[0] for process in processes] == [0, 0]
    assert (tmp_path / name).read_bytes() == expected


@pytest.mark.parametrize("limit", [8192, 300_000])  # while pictures are decoded; while the table is written
def test_a_full_disk_is_one_line_and_leaves_the_table_of_before(shards, tmp_path, undisturbed, limit):
    name, expected, _ = undisturbed
    assert len(expected) > 300_000
    (tmp_path / name).write_bytes(b"of before")

    def limit_file_size() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    status, errors = finish(start(shards, tmp_path / name, limit_file_size), tmp_path / name)
    assert status == 1
    assert errors.splitlines()[-1].startswith("error: [Errno 27]")
    assert "Traceback" not in errors
    assert (tmp_path / name).read_bytes() == b"of before"
    assert not list(tmp_path.glob(f".{name}.*"))
    assert finish(start(shards, tmp_path / name), tmp_path / name)[0] == 0
    assert (tmp_path / name).read_bytes() == expected
