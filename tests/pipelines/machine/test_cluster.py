"""Two worker processes behind a real scheduler on this machine: the same results, also when one of them is killed."""

import io
import math
import operator
import os
import shutil
import signal
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from rich.console import Console

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.folder import decoded_pictures, duplicates
from bakeoff.datasets.folder.load import load_folder
from bakeoff.pipelines.__main__ import main
from bakeoff.pipelines.classic import pipeline
from bakeoff.pipelines.classic.config import ClassicConfig, System
from bakeoff.pipelines.classic.families.bag_of_words import BagOfWords
from bakeoff.pipelines.classic.families.descriptors import DenseSift
from bakeoff.pipelines.classic.families.family import NoState, encode_all
from bakeoff.pipelines.classic.families.fisher_vectors import FisherVectors
from bakeoff.pipelines.classic.families.histograms import Hog
from bakeoff.pipelines.classic.matrix import distant_features
from bakeoff.pipelines.classic.matrix.distant_features import hold_features, read_rows_on_disk
from bakeoff.pipelines.classic.matrix.feature_matrix import FeatureMatrix
from bakeoff.pipelines.classic.svm.linear_svm import predict_scores, train_linear_svm
from bakeoff.pipelines.machine import cluster as cluster_module
from bakeoff.pipelines.machine.cluster import RowsOnDisk, Tasks, connect
from bakeoff.pipelines.machine.cores import Hands
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.stopwatch import measure
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.tests.datasets.pictures import picture, write_class

distributed = pytest.importorskip("distributed")

SIFT = DenseSift(bin_sizes=(3,), stride=4)
WORDS = BagOfWords(descriptors=SIFT, n_words=6, n_samples=400, n_iterations=3)
VECTORS = FisherVectors(descriptors=SIFT, n_components=6, n_gaussians=3, n_samples=300, n_iterations=3)
CONFIG = ClassicConfig((System("joined", (Hog(cell_sizes=(8,)), WORDS, VECTORS), costs=(1.0,)),))


def make_split(n: int, seed: int) -> Split:
    """Stripes that lie and stripes that stand, under noise."""
    labels = np.arange(n, dtype=np.int64) % 2
    images = np.random.default_rng(seed).integers(0, 80, (n, 16, 16, 3), dtype=np.uint8)
    images[labels == 0, ::4] += 100
    images[labels == 1, :, ::4] += 100
    return Split(images, labels)


DATASET = Dataset("stripes", ("lying", "standing"), make_split(230, 0), make_split(30, 1), make_split(45, 2))


@pytest.fixture(scope="module")
def scheduler():
    """The address of a scheduler with two workers, each a process of one thread."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as workers:
        yield workers.scheduler_address


@pytest.fixture
def cluster(scheduler):
    with connect(scheduler) as workers:
        yield workers


def run(folder, cluster=None):
    workspace = Workspace(folder, console=Console(file=io.StringIO()), cluster=cluster)
    return pipeline.run(Job(DATASET, experiment="classic", title="T", config=CONFIG, seed=0, workspace=workspace))


def cached_arrays(folder):
    return {path.parts[-3] + path.name: np.load(path) for path in sorted(folder.glob("cache/*/*/*.npy"))}


def test_results_come_in_order_and_their_processor_time_is_counted(cluster):
    with measure("sums", "features") as clock:
        found = list(cluster.map_chunks(sum, [range(3_000_000), *([n, 1] for n in range(20))]))
    assert found == [sum(range(3_000_000)), *range(1, 21)]
    assert clock.stage.cpu_seconds > 0.02
    assert cluster.describe() == {"workers": 2, "threads": 2}


def test_two_workers_learn_and_encode_what_one_process_does(cluster, tmp_path):
    alone, together = run(tmp_path / "alone"), run(tmp_path / "together", cluster)
    ours, theirs = cached_arrays(tmp_path / "alone"), cached_arrays(tmp_path / "together")
    assert len(ours) == len(theirs) > 12
    for name in ours:
        if not name.startswith("joined svm"):  # it holds seconds
            np.testing.assert_allclose(theirs[name], ours[name], atol=1e-6, err_msg=name)
    np.testing.assert_allclose(together.scores, alone.scores, atol=1e-4)
    assert together.environment["cluster"] == {"workers": 2, "threads": 2}


@pytest.fixture
def on_disk(tmp_path):
    """The training pictures as the cache maps them, under another shape."""
    np.save(tmp_path / "rows.npy", DATASET.train.images.reshape(230, -1))
    return np.asarray(np.load(tmp_path / "rows.npy", mmap_mode="r")).reshape(DATASET.train.images.shape)


@pytest.mark.parametrize("all_see", [True, False])
def test_pictures_in_a_file_that_all_workers_see_do_not_travel(cluster, on_disk, monkeypatch, all_see):
    sent = []
    submit, run_there = cluster.client.submit, cluster.client.run

    def note(function, *values, **options):
        sent.extend(type(one) for value in values for one in (value if isinstance(value, list) else [value]))
        return submit(function, *values, **options)

    monkeypatch.setattr(cluster.client, "submit", note)
    if not all_see:  # the second worker is on a machine without that folder
        monkeypatch.setattr(
            cluster.client, "run", lambda *call: dict(zip(run_there(*call), (True, False), strict=True))
        )
    hands, family = Hands(cluster.map_chunks), Hog(cell_sizes=(8,))
    np.testing.assert_array_equal(
        encode_all(family, NoState(), on_disk, hands=hands), encode_all(family, NoState(), on_disk)
    )
    assert (RowsOnDisk in sent, np.ndarray in sent) == (all_see, not all_see)


def test_rows_on_disk_are_those_of_the_array(on_disk):
    np.testing.assert_array_equal(RowsOnDisk.of(on_disk[7:30]).read(), DATASET.train.images[7:30])
    for elsewhere in (DATASET.train.images, on_disk[[3, 1]], on_disk[:, ::2], np.arange(3)):
        assert RowsOnDisk.of(elsewhere) is None


def test_quick_chunks_that_stay_on_disk_go_together_in_one_task(on_disk):
    there = [RowsOnDisk.of(on_disk[start : start + 10]) for start in range(0, 230, 10)]
    for chunks, seconds, n_bytes, n_together in (
        (there, 0.05, 0, 4),
        (there, 0.0, 0, cluster_module.MOST_TOGETHER),
        (there, 0.0, cluster_module.BYTES_OF_RESULTS // 3, 3),
        (there, 0.0, 2 * cluster_module.BYTES_OF_RESULTS, 1),
        (there, 7.0, 0, 1),
        ([*range(23)], 0.05, 0, 1),
    ):
        tasks, sizes = Tasks(chunks), []
        for task in tasks:
            tasks.took(seconds, n_bytes)
            sizes.append(len(task))
        assert (sizes[0], sizes[1], sum(sizes)) == (1, n_together, 23)


def test_an_error_in_a_chunk_is_raised_here_as_it_was_there(cluster):
    with pytest.raises(ValueError, match="math domain error"):
        list(cluster.map_chunks(math.sqrt, [4.0, -1.0]))


def test_a_worker_killed_in_mid_run_changes_nothing(cluster, monkeypatch):
    monkeypatch.setattr(Hog, "batch_size", 4)
    images, family = np.concatenate([DATASET.train.images] * 2), Hog(cell_sizes=(4, 8))
    pids = cluster.client.run(os.getpid)
    killed = []

    def kill_once(n):
        busy = [worker for worker, tasks in cluster.client.processing().items() if tasks]
        if busy and not killed:
            killed.append(busy[0])
            os.kill(pids[busy[0]], signal.SIGKILL)

    found = encode_all(family, NoState(), images, advance=kill_once, hands=Hands(cluster.map_chunks))
    assert killed
    np.testing.assert_allclose(found, encode_all(family, NoState(), images), atol=1e-6)
    assert killed[0] not in cluster.client.nthreads()


def write_pictures(root, n=150):
    """Two classes: JPEGs, a 16-bit TIFF in ten, a damaged one, an exact and a near copy."""
    for number, kind in enumerate(("cat", "dog")):
        write_class(root / kind, n, first_seed=1000 * number, suffix="jpg")
        for i in range(0, n, 10):
            deep = np.asarray(picture(5000 + 1000 * number + i, channels=1)).astype(np.uint16) * 16
            Image.fromarray(deep).save(root / kind / f"deep{i}.tif")
    (root / "cat" / "damaged.jpg").write_bytes((root / "cat" / "000.jpg").read_bytes()[:300])
    shutil.copy(root / "cat" / "000.jpg", root / "cat" / "copy.jpg")
    Image.open(root / "dog" / "000.jpg").save(root / "dog" / "near.jpg", quality=60)
    return root


@pytest.mark.parametrize("packed", [False, True])
def test_two_workers_decode_what_one_process_does(cluster, tmp_path, monkeypatch, packed):
    path = write_pictures(tmp_path / "pets")
    if packed:  # whose members the driver reads, and sends
        path = Path(shutil.make_archive(str(path), "zip", path))
    alone = load_folder(path)
    for module in (decoded_pictures, duplicates):  # workers find them, and are other processes
        monkeypatch.setattr(module, "traits_of", None)
    together = load_folder(path, map_chunks=cluster.map_chunks)
    assert together.fingerprint() == alone.fingerprint()
    assert together.notes == alone.notes
    assert any("4 pictures have exact or near duplicates" in note for note in alone.notes)
    assert together.reading == alone.reading


def test_a_worker_killed_while_it_decodes_changes_nothing(cluster, tmp_path):
    path, killed = write_pictures(tmp_path / "pets", n=400), []
    pids = cluster.client.run(os.getpid)

    def kill_once(what, done, total):
        busy = [worker for worker, tasks in cluster.client.processing().items() if tasks]
        if busy and not killed:
            killed.append(busy[0])
            os.kill(pids[busy[0]], signal.SIGKILL)

    together = load_folder(path, map_chunks=cluster.map_chunks, progress=kill_once)
    assert killed
    assert together.fingerprint() == load_folder(path).fingerprint()


def stored_matrix(folder) -> tuple[FeatureMatrix, np.ndarray]:
    """Two families' features of 600 rows in files, of classes that overlap."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 600)
    for name, d in (("a", 20), ("b", 7)):
        np.save(folder / f"{name}.npy", (random.normal(size=(600, d)) + labels[:, None]).astype(np.float16))
    return FeatureMatrix([[np.load(folder / f"{name}.npy", mmap_mode="r") for name in "ab"]], (1.0, 0.5)), labels


def test_sums_over_the_workers_lead_to_the_same_svm(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(distant_features, "SPAN_BYTES", 4 * 27 * 100)  # six spans
    matrix, labels = stored_matrix(tmp_path)
    distant = hold_features(matrix, cluster)
    assert len(distant.spans) == 6
    np.testing.assert_array_equal(distant[90:110], matrix[90:110])
    settings = {"n_classes": 3, "C": 0.1, "tolerance": 1e-5}
    alone, together = (train_linear_svm(features, labels, **settings) for features in (matrix, distant))
    assert together.objective == pytest.approx(alone.objective, rel=1e-4)
    np.testing.assert_allclose(predict_scores(distant, together), predict_scores(matrix, alone), atol=1e-2)


@pytest.mark.slow
def test_a_worker_killed_between_passes_has_its_rows_read_again(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(distant_features, "SPAN_BYTES", 4 * 27 * 100)
    matrix, labels = stored_matrix(tmp_path)
    distant = hold_features(matrix, cluster)
    killed = []

    def kill_once(*step):
        holders = [worker for worker, held in cluster.client.has_what().items() if held]
        if not killed:
            killed.append(holders[0])
            os.kill(cluster.client.run(os.getpid)[holders[0]], signal.SIGKILL)

    settings = {"n_classes": 3, "C": 0.1, "tolerance": 1e-5}
    together = train_linear_svm(distant, labels, on_step=kill_once, **settings)
    assert killed
    assert together.objective == pytest.approx(train_linear_svm(matrix, labels, **settings).objective, rel=1e-4)


def test_workers_that_do_not_see_the_cache_are_told_of(cluster, tmp_path):
    matrix, _ = stored_matrix(tmp_path)
    distant = hold_features(matrix, cluster)
    missing = partial(read_rows_on_disk, [[tmp_path / "gone.npy"]], (), None)
    absent = replace(distant, held=cluster.hold(missing, [slice(0, 5)]))
    with pytest.raises(FileNotFoundError, match=r"a worker cannot read .*gone.npy: training on a cluster needs"):
        absent.multiply(torch.zeros(1, 27), None)


def test_features_that_lie_in_no_file_are_refused(cluster):
    with pytest.raises(ValueError, match=r"maps of whole \.npy files"):
        hold_features(FeatureMatrix([[np.zeros((4, 2), np.float32)]]), cluster)


def test_workers_of_another_version_are_refused(scheduler, monkeypatch):
    monkeypatch.setattr(cluster_module, "version", lambda name: "0")
    cluster_module.code_fingerprint.cache_clear()
    with pytest.raises(ValueError, match=r"\d of \d workers run other code or versions"), connect(scheduler):
        pass
    cluster_module.code_fingerprint.cache_clear()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (distributed.KilledWorker("chunk", None, 3), "ended several workers, most likely for want of memory"),
        (distributed.client.FutureCancelledError("chunk", "lost"), "the scheduler was lost: start it again"),
        (distributed.comm.CommClosedError("closed"), "the scheduler was lost: start it again"),
    ],
)
def test_what_dask_gives_up_on_is_told_in_a_line(cluster, monkeypatch, error, line):
    def fail(*arguments):
        raise error

    monkeypatch.setattr(cluster_module, "results_in_order", fail)
    with pytest.raises(ConnectionError, match=line):
        list(cluster.map_chunks(operator.neg, [1]))


def test_a_scheduler_without_workers_is_told(monkeypatch):
    monkeypatch.setattr(cluster_module, "SECONDS_TO_ANSWER", 3.0)  # a busy machine's scheduler needs its time
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0", silence_logs=50) as nobody,
        pytest.raises(ConnectionError, match="has no workers: start some with"),
        connect(nobody.scheduler_address),
    ):
        pass


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://here"])
def test_a_scheduler_that_does_not_answer_gets_one_line(monkeypatch, capsys, tmp_path, address):
    monkeypatch.setattr(cluster_module, "SECONDS_TO_ANSWER", 0.3)
    command = ["features", "hog", "--dataset", "digits", "--artifacts", str(tmp_path), "--scheduler", address]
    assert main(command) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: no Dask scheduler answers at {address}: start one with")


def test_the_command_line_decodes_on_the_workers(scheduler, tmp_path, monkeypatch):
    sent = []
    monkeypatch.setattr(
        cluster_module.Cluster,
        "map_chunks",
        lambda self, function, chunks: sent.append(function) or map(function, chunks),
    )
    path = write_pictures(tmp_path / "pets", n=20)
    command = ["features", "hog", "--dataset", str(path), "--artifacts", str(tmp_path / "a"), "--scheduler", scheduler]
    assert main(command) == 0
    assert [function.func.__name__ for function in sent][:2] == ["decode_far_away"] * 2


def test_a_missing_package_gets_one_line_that_says_how_to_install_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "distributed", None)
    command = ["features", "hog", "--artifacts", str(tmp_path), "--scheduler", "tcp://127.0.0.1:8786"]
    assert main(command) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "needs the package `distributed`, which is not installed: .venv/bin/python -m pip install" in line
