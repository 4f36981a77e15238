"""`make bench-scaling`: costs per picture, the model made of them, and the model's check against whole runs.

Processor seconds are what is measured: other work on the machine stretches them far less than seconds on the wall.
"""

from __future__ import annotations

import io
import json
import tempfile
import timeit
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from PIL import Image
from rich.console import Console

from bakeoff.benchmarks import scaling_model
from bakeoff.benchmarks.scaling_model import StageCost
from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.folder.decode import decode_picture
from bakeoff.datasets.sets.photos import PICTURES, load_photos, read_picture
from bakeoff.pipelines.classic import pipeline
from bakeoff.pipelines.classic.config import System
from bakeoff.pipelines.classic.experiments import EXPERIMENTS
from bakeoff.pipelines.classic.families.family import BATCH_BYTES, FeatureFamily, encode_all
from bakeoff.pipelines.classic.matrix.distant_features import SPAN_BYTES
from bakeoff.pipelines.classic.matrix.feature_store import multiply, multiply_transposed
from bakeoff.pipelines.classic.svm.direction_space import MOST_DIRECTIONS
from bakeoff.pipelines.classic.svm.linear_svm import CLASSES_TOGETHER
from bakeoff.pipelines.machine.cores import one_worker_per_core
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.neural.experiments import EXPERIMENTS as NETS
from bakeoff.pipelines.neural.networks.build import build_network, fit_to_pixels
from bakeoff.pipelines.neural.training.optimizers import build_optimizer
from bakeoff.pipelines.results.files import write_atomically
from bakeoff.pipelines.results.run import RunResult

CALIBRATION = (500, 4000)  # pictures of the two runs that the model is made of
CHECKED = (1000, 10_000, 100_000)  # and of those that it is compared with
SIDE, N_CLASSES = 224, 1000  # of ImageNet
N_LARGE = 4  # pictures of 224 pixels that are encoded
FORECASTS = {"ImageNet": 1_281_167, "a billion": 1_000_000_000}
PASSES_OF_A_COST = 12  # over the features for one C, both products counted; see `linear_svm.py`


def measure_scaling(output: Path) -> None:
    """Measure, and write the record after every run, so that a killed one leaves what it found."""
    record: dict[str, Any] = dict(Workspace(Path(), command="bakeoff bench --scaling").environment)
    for name, measure in STEPS.items():
        record[name] = measure()
        print(name, json.dumps(record[name]), flush=True)
    record |= {"runs": {}, "checks": []}
    for n in (*CALIBRATION, *CHECKED):
        record["runs"][str(n)] = {stage.name: stage.cpu_seconds for stage in run_classic(n).stages}
        if n in CHECKED:
            record["checks"].append(check(record["runs"], n))
            print(json.dumps(record["checks"][-1]), flush=True)
        write_atomically(output, json.dumps(record, indent=1).encode())
    record["forecasts"] = {experiment: forecasts(experiment, record) for experiment in record["encode_224"]}
    write_atomically(output, json.dumps(record, indent=1).encode())
    print(f"written to {output}")


def processor_seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Of this process, the least of several calls, on one core."""
    torch.set_num_threads(1)
    return min(timeit.repeat(work, timer=process_time, repeat=repeats, number=1))


def large_pictures() -> np.ndarray:
    """uint8 (N_LARGE, 224, 224, 3): the built-in photographs, resized."""
    pictures = [Image.fromarray(read_picture(name)) for name in list(PICTURES)[:N_LARGE]]
    return np.stack([np.asarray(picture.resize((SIDE, SIDE))) for picture in pictures])


def measure_decoding() -> dict[str, float]:
    """A JPEG of 500 x 375 (as most of ImageNet's) to 224 x 224: seconds and bytes a picture."""
    files = []
    for name in list(PICTURES)[:N_LARGE]:
        file = io.BytesIO()
        Image.fromarray(read_picture(name)).resize((500, 375)).save(file, "JPEG", quality=90)
        files.append(file.getvalue())
    seconds = processor_seconds(lambda: [decode_picture(content, SIDE) for content in files])
    return {"cpu_seconds": seconds / N_LARGE, "file_bytes": sum(map(len, files)) / N_LARGE}


def measure_encoding(experiment: str) -> list[dict[str, Any]]:
    """Every family at 224 x 224: seconds and feature bytes a picture. Codebooks are fitted fast: they cost alike."""
    images, rows = large_pictures(), []
    for system in EXPERIMENTS[experiment][1].systems:
        for family in system.families:
            if family.name == "pixel pca":  # its covariance of 150,528 pixels has 181 GB
                continue
            hasty = hastily(family)
            state = hasty.fit(images, 0)
            features = encode_all(hasty, state, images[:1])
            seconds = processor_seconds(lambda f=hasty, s=state: encode_all(f, s, images), repeats=1)  # type: ignore[misc]
            rows.append(
                {
                    "family": family.label,
                    "system": system.name,
                    "dimensions": features.shape[1],
                    "feature_bytes": features.shape[1] * np.dtype(system.storage).itemsize,
                    "cpu_seconds": seconds / N_LARGE,
                }
            )
    return rows


def hastily(family: FeatureFamily) -> FeatureFamily:
    settings = {"n_samples": 20_000, "n_iterations": 2}
    return replace(family, **{name: value for name, value in settings.items() if hasattr(family, name)})


def measure_products() -> dict[str, float]:
    """Both products of the SVM for a thousand classes: seconds a picture, dimension and class."""
    features, vectors, factors = torch.rand(2048, 4096), torch.rand(N_CLASSES, 4096), torch.rand(2048, N_CLASSES)
    with one_worker_per_core() as workers:
        seconds = processor_seconds(
            lambda: (multiply(features, vectors, workers), multiply_transposed(features, factors, workers))
        )
    return {str(N_CLASSES): seconds / features.numel() / N_CLASSES / 2}


def measure_tasks() -> float:
    """Processor seconds of client and scheduler for a task that does nothing: they are one thread each in practice."""
    from distributed import LocalCluster

    from bakeoff.pipelines.machine.cluster import connect

    n_tasks = 2000
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as workers,
        connect(workers.scheduler_address) as cluster,
    ):
        list(cluster.map_chunks(abs, range(100)))
        return processor_seconds(lambda: list(cluster.map_chunks(abs, range(n_tasks))), repeats=2) / n_tasks


def measure_net(name: str) -> dict[str, float]:
    """A training step, pictures of 32 pixels (224 for AlexNet of 2012): seconds a picture, and epochs."""
    config = NETS[name][1]
    large = name == "alexnet-2012"
    side, k, n = (SIDE, N_CLASSES, 16) if large else (32, 10, 256)
    images = torch.randint(0, 256, (n, 3, side, side), dtype=torch.uint8)
    labels = torch.randint(0, k, (n,))
    network = build_network(config.architecture, (side, side, 3), k, seed=0)
    fit_to_pixels(network, images)
    optimizer = build_optimizer(network, config.optimizers[0])

    def step() -> None:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()

    step()
    return {"side": side, "cpu_seconds": processor_seconds(step) / n, "epochs": config.epochs}


def tiled_photos(n: int) -> Dataset:
    """n pictures, four fifths for training: the built-in crops again and again, each time rolled by some pixels."""
    photos, parts = load_photos(), {}
    for (name, split), share in zip(photos.splits.items(), (0.8, 0.1, 0.1), strict=True):
        order = np.random.default_rng(0).permutation(len(split))
        wanted = np.arange(int(n * share))
        rounds = wanted // len(split)
        images = np.stack(
            [np.roll(split.images[order[i % len(split)]], r, (0, 1)) for i, r in zip(wanted, rounds, strict=True)]
        )
        parts[name] = Split(images, split.labels[order[wanted % len(split)]])
    return Dataset("tiled photos", photos.class_names, parts["train"], parts["validation"], parts["test"])


def run_classic(n: int) -> RunResult:
    """The experiment `classic` on n pictures, from nothing, on one core."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder), console=Console(file=io.StringIO()))
        return pipeline.run(Job(tiled_photos(n), EXPERIMENTS["classic"][1], 0, workspace, "classic", "classic"))


def check(runs: dict[str, dict[str, float]], n: int) -> dict[str, Any]:
    """The model's processor seconds beside those of the run of n pictures."""
    few, many = (runs[str(size)] for size in CALIBRATION)
    model = [scaling_model.fit_stage(name, CALIBRATION, (few[name], many[name])) for name in few]
    measured, predicted = sum(runs[str(n)].values()), sum(scaling_model.cpu_seconds(stage, n) for stage in model)
    return {"pictures": n, "measured": measured, "predicted": predicted, "ratio": predicted / measured}


def forecasts(experiment: str, record: dict[str, Any]) -> dict[str, Any]:
    """Every stage at 224 pixels and 1,000 classes, on as many machines as finish in a day."""
    found = {}
    stages = stages_at_224(experiment, record)
    for name, n in FORECASTS.items():
        machines = scaling_model.machines_for(stages, n)
        cores = max(1.0, machines * scaling_model.CORES_PER_MACHINE)
        found[name] = {
            "machines_for_a_day": machines,
            "feature_bytes": n * sum(row["feature_bytes"] for row in record["encode_224"][experiment]),
            "file_bytes": n * record["decode"]["file_bytes"],
            "pixel_bytes": n * SIDE * SIDE * 3,
            "solver_bytes": n * 4 * MOST_DIRECTIONS * -(-N_CLASSES // CLASSES_TOGETHER),
            "stages": [asdict(scaling_model.forecast(stage, n, cores, record["seconds_per_task"])) for stage in stages],
        }
    return found


def stages_at_224(experiment: str, record: dict[str, Any]) -> list[StageCost]:
    pixels = SIDE * SIDE * 3
    stages = [StageCost("decode", 0.0, record["decode"]["cpu_seconds"], on_driver=True)]
    for row in record["encode_224"][experiment]:
        driver_bytes, tasks = pixels + row["feature_bytes"], 1 / (BATCH_BYTES // pixels)
        stages.append(StageCost(f"encode {row['family']}", 0.0, row["cpu_seconds"], driver_bytes, tasks))
    for system in EXPERIMENTS[experiment][1].systems:
        stages.append(svm_stage(system, experiment, record))
    return stages


def svm_stage(system: System, experiment: str, record: dict[str, Any]) -> StageCost:
    """Products, and what travels: scores (n, k) in every second pass, factors (n, k) in every other."""
    d = sum(row["dimensions"] for row in record["encode_224"][experiment] if row["system"] == system.name)
    n_passes = PASSES_OF_A_COST * len(system.costs)
    span_pictures = max(1, SPAN_BYTES // (4 * d))
    seconds = n_passes * d * N_CLASSES * record["products"][str(N_CLASSES)]
    return StageCost(f"svm {system.name}", 0.0, seconds, n_passes * 4.0 * N_CLASSES, n_passes / span_pictures)


STEPS: Mapping[str, Callable[[], Any]] = {
    "decode": measure_decoding,
    "encode_224": lambda: {name: measure_encoding(name) for name in ("classic", "xrce2011")},
    "products": measure_products,
    "seconds_per_task": measure_tasks,
    "nets": lambda: {name: measure_net(name) for name in ("mlp", "speedrun", "alexnet-2012")},
}
