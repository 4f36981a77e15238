"""Killed at any moment, out of disk, or twice at once: the command that is given again ends with the same result."""

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest

from bakeoff.pipelines.__main__ import main
from bakeoff.tests.datasets.pictures import write_class

RESULTS = ("scores.npz", "model.safetensors")
pytestmark = [
    pytest.mark.slow,  # ten whole runs; tests/pipelines/machine/test_cache.py kills single stages in the default suite
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "pets"
    for number, name in enumerate(("cat", "dog", "emu")):
        write_class(root / name, 20, first_seed=100 * number, side=32)
    return root


def train(pictures: Path, artifacts: Path, experiment: str, prepare) -> None:
    sys.stderr = open(artifacts.with_suffix(".log"), "w", buffering=1)  # noqa: SIM115 - until os._exit
    prepare()
    os._exit(main(["train", experiment, "--dataset", str(pictures), "--artifacts", str(artifacts)]))


def start(pictures: Path, artifacts: Path, experiment: str = "pca", prepare=lambda: None) -> BaseProcess:
    """The training of one experiment in a process of its own; what it says on stderr goes to a log beside artifacts."""
    process = multiprocessing.get_context("fork").Process(target=train, args=(pictures, artifacts, experiment, prepare))
    process.start()
    return process


def finish(process: BaseProcess, artifacts: Path) -> tuple[int | None, str]:
    process.join(timeout=120)
    return process.exitcode, artifacts.with_suffix(".log").read_text()


def results(artifacts: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(artifacts)): path.read_bytes()
        for path in sorted(artifacts.glob("runs/**/*"))
        if path.name in RESULTS
    }


@pytest.fixture(scope="module")
def undisturbed(pictures, tmp_path_factory):
    """What a run that nothing happened to leaves, and the seconds that it took."""
    artifacts = tmp_path_factory.mktemp("undisturbed")
    started = time.perf_counter()
    status, errors = finish(start(pictures, artifacts), artifacts)
    assert status == 0, errors
    found = results(artifacts)
    assert len(found) == len(RESULTS)
    return found, time.perf_counter() - started


def assert_survives_kills(pictures, artifacts, undisturbed, n_kills, seed):
    expected, seconds = undisturbed
    random = np.random.default_rng(seed)
    for _ in range(n_kills):
        process = start(pictures, artifacts)
        time.sleep(random.uniform(0, seconds))
        process.kill()
        process.join()
    status, errors = finish(start(pictures, artifacts), artifacts)
    assert status == 0
    assert "damaged" not in errors
    assert results(artifacts) == expected
    assert not list(artifacts.glob("cache/**/.writing-*"))


def test_a_run_that_was_killed_again_and_again_ends_the_same(pictures, tmp_path, undisturbed):
    assert_survives_kills(pictures, tmp_path, undisturbed, 4, seed=0)


def test_a_run_killed_forty_times_ends_the_same(pictures, tmp_path, undisturbed):
    assert_survives_kills(pictures, tmp_path, undisturbed, 40, seed=1)


def test_two_runs_at_once_end_the_same(pictures, tmp_path, undisturbed):
    processes = [start(pictures, tmp_path) for _ in range(2)]
    assert [finish(process, tmp_path)[0] for process in processes] == [0, 0]
    assert results(tmp_path) == undisturbed[0]


def limit_file_size() -> None:
    """No file of more than 8 KiB: what a disk does that becomes full while an array is written."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))


def test_a_write_that_fails_is_one_line_and_the_next_run_ends_the_same(pictures, tmp_path, undisturbed):
    status, errors = finish(start(pictures, tmp_path, prepare=limit_file_size), tmp_path)
    assert status == 1
    assert errors.splitlines()[-1] == "error: [Errno 27] File too large"
    assert finish(start(pictures, tmp_path), tmp_path)[0] == 0
    assert results(tmp_path) == undisturbed[0]


@pytest.mark.parametrize("experiment", ["hog", "mlp-numpy"])
def test_a_full_disk_is_one_line_and_the_next_run_ends(pictures, tmp_path, experiment):
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "small", tmp_path]).returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        status, errors = finish(start(pictures, tmp_path, experiment), tmp_path)
        assert status == 1
        assert errors.splitlines()[-1].startswith("error: [Errno 28] No space left on device")
        subprocess.run(["mount", "-o", "remount,size=100m", tmp_path], check=True)
        assert finish(start(pictures, tmp_path, experiment), tmp_path)[0] == 0
        assert len(results(tmp_path)) == len(RESULTS)
    finally:
        subprocess.run(["umount", tmp_path], check=True)
