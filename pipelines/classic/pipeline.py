"""The hand-crafted approach, top to bottom: pictures -> features -> linear SVM, C on validation -> scores, fused."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from datasets.dataset import Dataset
from pipelines.classic.config import ClassicConfig, System
from pipelines.classic.distant_features import hold_features
from pipelines.classic.families.bag_of_words import BagOfWords
from pipelines.classic.families.descriptors import DenseSift
from pipelines.classic.families.family import FeatureFamily, encode_all
from pipelines.classic.feature_matrix import FeatureMatrix
from pipelines.classic.feature_store import Features
from pipelines.classic.fusion import FusionWeights, choose_fusion_weights, fuse_scores
from pipelines.classic.linear_svm import CostChoice, LinearSvm, predict_scores, train_linear_svm
from pipelines.classic.model_file import ClassicModel, FittedSystem, store_classic_model
from pipelines.classic.product_quantization import ProductQuantizer
from pipelines.classic.standardize import Standardizer, fit_standardizer
from pipelines.classic.svm_on_codes import CodesChoice, compress_features
from pipelines.classic.training import choose_from_codes, choose_from_features, follow
from pipelines.classic.visual_words import draw_visual_words
from pipelines.configuration import describe
from pipelines.cores import stream_on_cores
from pipelines.fitted_values import from_arrays, to_arrays
from pipelines.latency import measure_latency
from pipelines.run_result import NotApplicableError, RunResult, Size, Stage, run_folder
from pipelines.stopwatch import measure
from pipelines.stored_model import FILE_NAME, save_stored_model
from pipelines.workspace import Workspace

VERSION = 2  # raise it when a change of code changes results
PICTURES_FOR_WORDS = 1000  # training pictures whose patches illustrate the visual words
TRIAL_SETTINGS = ("C", "positive_weight", "epochs")  # the last two of a descent on codes only
DESCRIPTOR_BINS = 4  # a SIFT descriptor is this many bins wide


@dataclass(frozen=True)
class Encoded:
    """One family over one data set.

    parts: features (n, length) of "train", "validation", "test"; of mirror images also "mirrored train" ...
    keys: of the cache entries they come from.   costs: of making them.
    """

    family: FeatureFamily
    state: Any
    parts: Mapping[str, np.ndarray]
    keys: tuple[str, ...]
    costs: tuple[Stage, ...]


@dataclass(frozen=True)
class Codes:
    """The training features of a system, compressed.

    codes: uint8 (n_train, n_codes).   key, cost: of the cache entry.
    """

    codes: np.ndarray
    quantizer: ProductQuantizer
    key: str
    cost: Stage


@dataclass(frozen=True)
class Outcome:
    """What one system, or several fused, says about every picture. scores: split -> float32 (n, n_classes).

    training_features: bytes that training reads of every picture, the same as float32, and of codebooks.
    systems, fusion: the trained parts that give these scores; fusion is None for one system.
    """

    scores: Mapping[str, np.ndarray]
    stages: tuple[Stage, ...]
    size: Size
    trials: tuple[Mapping[str, Any], ...]
    encoded: tuple[Encoded, ...]
    training_features: Mapping[str, int]
    systems: tuple[FittedSystem, ...]
    fusion: FusionWeights | None = None


def run(
    dataset: Dataset, *, experiment: str, title: str, config: ClassicConfig, seed: int, workspace: Workspace
) -> RunResult:
    """Extract, learn on `dataset.train`, choose on `dataset.validation`, score `dataset.test` once.

    The model is kept beside the run's other files. Families that these pictures cannot feed are left out; raises
    NotApplicableError if none remains.
    """
    environment = workspace.environment
    systems = usable_systems(config, dataset.image_shape)
    if not systems:
        reason = config.systems[0].families[0].refusal(dataset.image_shape)
        raise NotApplicableError(f"{experiment} cannot be applied to {dataset.name}: {reason}")
    outcomes = [run_system(system, dataset, config, seed, workspace) for system in systems]
    outcome = outcomes[0] if len(outcomes) == 1 else fuse(outcomes, dataset)
    model = ClassicModel(
        experiment, dataset.class_names, dataset.image_shape, outcome.systems, outcome.fusion, mirror=config.mirror
    )
    folder = run_folder(workspace.runs, dataset.name, dataset.fingerprint(), experiment, seed)
    n_bytes = save_stored_model(store_classic_model(model), folder / FILE_NAME)
    return RunResult(
        experiment=experiment,
        title=title,
        side="hand-crafted",
        dataset=dataset.name,
        fingerprint=dataset.fingerprint(),
        class_names=dataset.class_names,
        seed=seed,
        settings=describe(config),
        labels=dataset.test.labels,
        scores=outcome.scores["test"],
        validation_labels=dataset.validation.labels,
        validation_scores=outcome.scores["validation"],
        validation_score=accuracy(outcome.scores["validation"], dataset.validation.labels),
        train_score=accuracy(outcome.scores["train"], dataset.train.labels),
        stages=outcome.stages,
        size=replace(outcome.size, bytes=n_bytes),
        environment=environment,
        trials=outcome.trials,
        pictures=pictures_of_words(outcome.encoded, dataset),
        diagnostics={
            "dimensions": {e.family.label: e.parts["train"].shape[1] for e in outcome.encoded},
            **measure_latency(model.predict_scores, dataset.test.images, time.perf_counter),
            "training_features": outcome.training_features,
        },
    )


def extract(dataset: Dataset, *, config: ClassicConfig, seed: int, workspace: Workspace) -> None:
    """Only the features, into the cache."""
    for system in usable_systems(config, dataset.image_shape):
        for family in system.families:
            encode(family, system, dataset, config, seed, workspace)


def usable_systems(config: ClassicConfig, image_shape: tuple[int, int, int]) -> tuple[System, ...]:
    """The systems without the families that such pictures cannot feed, and their weights; empty ones left out."""
    systems = []
    for system in config.systems:
        kept = [i for i, family in enumerate(system.families) if not family.refusal(image_shape)]
        families = tuple(system.families[i] for i in kept)
        systems.append(
            replace(system, families=families, weights=tuple(system.weights[i] for i in kept if system.weights))
        )
    return tuple(system for system in systems if system.families)


def encode(
    family: FeatureFamily, system: System, dataset: Dataset, config: ClassicConfig, seed: int, workspace: Workspace
) -> Encoded:
    """Fit a family on the training pictures and encode all pictures; both from the cache where it has them."""
    map_chunks = workspace.cluster.map_chunks if workspace.cluster else stream_on_cores
    learnt = workspace.cache.get_or_compute(
        f"{family.name} fit",
        version=family.version,
        inputs={"family": family, "data": dataset.fingerprint(), "seed": seed if family.is_random else None},
        compute=lambda: to_arrays(family.fit(dataset.train.images, seed, map_chunks)),
    )
    state: Any = from_arrays(family.state_type, learnt.arrays)

    def encode_splits(mirrored: bool) -> dict[str, np.ndarray]:
        """Every split through the one encode function."""
        with workspace.progress(family.label, sum(len(split) for split in dataset.splits.values())) as advance:
            return {
                f"mirrored {name}" if mirrored else name: encode_all(
                    family,
                    state,
                    split.images,
                    mirrored=mirrored,
                    dtype=np.dtype(system.storage),
                    advance=advance,
                    map_chunks=map_chunks,
                    allocate=workspace.cache.allocate,
                )
                for name, split in dataset.splits.items()
            }

    stages = [
        workspace.cache.get_or_compute(
            f"{family.name} encode",
            version=family.version,
            inputs={"fit": learnt.key, "mirrored": mirrored, "storage": system.storage},
            compute=partial(encode_splits, mirrored),
        )
        for mirrored in ((False, True) if config.mirror else (False,))
    ]
    parts = {name: array for stage in stages for name, array in stage.arrays.items()}
    costs = (
        replace(learnt.cost, name=f"{family.label}: fit"),
        *(replace(stage.cost, name=f"{family.label}: encode") for stage in stages),
    )
    return Encoded(family, state, parts, tuple(stage.key for stage in stages), costs)


def run_system(system: System, dataset: Dataset, config: ClassicConfig, seed: int, workspace: Workspace) -> Outcome:
    """Early fusion: all families side by side under one linear SVM, its settings chosen on validation."""
    encoded = tuple(encode(family, system, dataset, config, seed, workspace) for family in system.families)
    standardizer, scaling_costs = fit_scaling(system, encoded, config, workspace)
    codes = compress(system, encoded, standardizer, config, seed, workspace) if system.compression else None
    trained = workspace.cache.get_or_compute(
        f"{system.name} svm",
        version=VERSION,
        inputs={
            "features": [e.keys for e in encoded],
            "scaling": system.scaling,
            "weights": system.weights,
            "costs": system.costs,
            "tolerance": system.tolerance,
            "mirror": config.mirror,
            "refit": config.refit,
            **({"codes": codes.key, "compression": system.compression, "seed": seed} if codes else {}),
        },
        compute=lambda: train_and_score(system, encoded, standardizer, codes, dataset, config, seed, workspace),
        kind="training",
    )
    arrays, states = trained.arrays, tuple(e.state for e in encoded)
    n_learnt = sum(array.size for state in states for array in to_arrays(state).values())
    n_parameters = n_learnt + arrays["weights"].size + arrays["bias"].size
    seconds, cpu_seconds, peak = arrays["prediction"].tolist()
    cost = trained.cost
    prediction = Stage(f"{system.name} scores", "prediction", seconds, cpu_seconds, int(peak), cost.reused)
    training = replace(cost, seconds=cost.seconds - seconds, cpu_seconds=cost.cpu_seconds - cpu_seconds)
    return Outcome(
        scores={split: np.array(arrays[split]) for split in dataset.splits},
        stages=(
            *(cost for e in encoded for cost in e.costs),
            *scaling_costs,
            *((codes.cost,) if codes else ()),
            training,
            prediction,
        ),
        size=Size(arrays["weights"].shape[1], n_parameters, 4 * n_parameters),
        trials=tuple(
            {
                "settings": {"system": system.name, **dict(zip(TRIAL_SETTINGS, settings, strict=False))},
                "validation_score": score,
                "seconds": seconds,
            }
            for *settings, score, seconds in arrays["trials"].tolist()
        ),
        encoded=encoded,
        training_features=count_training_bytes(encoded, codes, config),
        systems=(FittedSystem(system, states, standardizer, np.array(arrays["weights"]), np.array(arrays["bias"])),),
    )


def fit_scaling(
    system: System, encoded: tuple[Encoded, ...], config: ClassicConfig, workspace: Workspace
) -> tuple[Standardizer | None, tuple[Stage, ...]]:
    """Mean and deviation of every dimension over the training pictures, and its cost; none where not asked for."""
    if system.scaling != "standardize":
        return None, ()
    fitted = workspace.cache.get_or_compute(
        f"{system.name} standardizer",
        version=VERSION,
        inputs={"features": [e.keys for e in encoded], "weights": system.weights, "mirror": config.mirror},
        compute=lambda: to_arrays(
            fit_standardizer(FeatureMatrix(feature_blocks(encoded, "train", config), system.factors))
        ),
        kind="training",
    )
    return from_arrays(Standardizer, fitted.arrays), (fitted.cost,)


def feature_blocks(encoded: tuple[Encoded, ...], split: str, config: ClassicConfig) -> list[list[np.ndarray]]:
    """One split's features as rows of blocks: a block a family, and a second row for mirror images."""
    views = ("", "mirrored ") if config.mirror else ("",)
    return [[e.parts[view + split] for e in encoded] for view in views]


def compress(
    system: System,
    encoded: tuple[Encoded, ...],
    standardizer: Standardizer | None,
    config: ClassicConfig,
    seed: int,
    workspace: Workspace,
) -> Codes:
    """Product codes of the training pictures' features."""
    features = FeatureMatrix(feature_blocks(encoded, "train", config), system.factors, standardizer)
    sub_dimension = system.compression.sub_dimension if system.compression else 1

    def compute() -> dict[str, np.ndarray]:
        with workspace.progress(f"{system.name} compress", len(features)) as advance:
            codes, quantizer = compress_features(features, sub_dimension=sub_dimension, seed=seed, advance=advance)
        return {"codes": codes, **to_arrays(quantizer)}

    stage = workspace.cache.get_or_compute(
        f"{system.name} compress",
        version=VERSION,
        inputs={
            "features": [e.keys for e in encoded],
            "scaling": system.scaling,
            "weights": system.weights,
            "mirror": config.mirror,
            "sub_dimension": sub_dimension,
            "seed": seed,
        },
        compute=compute,
    )
    return Codes(stage.arrays["codes"], from_arrays(ProductQuantizer, stage.arrays), stage.key, stage.cost)


def count_training_bytes(encoded: tuple[Encoded, ...], codes: Codes | None, config: ClassicConfig) -> dict[str, int]:
    """Of one training picture's features, as they are kept and as float32; and of the codebooks, kept once."""
    rows = [e.parts["train"][0] for e in encoded]
    n_views = 1 + config.mirror
    return {
        "bytes_per_picture": n_views * (codes.codes.shape[1] if codes else sum(row.nbytes for row in rows)),
        "float32_bytes_per_picture": n_views * 4 * sum(row.size for row in rows),
        "codebook_bytes": sum(array.nbytes for array in to_arrays(codes.quantizer).values()) if codes else 0,
    }


def train_and_score(
    system: System,
    encoded: tuple[Encoded, ...],
    standardizer: Standardizer | None,
    codes: Codes | None,
    dataset: Dataset,
    config: ClassicConfig,
    seed: int,
    workspace: Workspace,
) -> dict[str, np.ndarray]:
    """Scale, choose the settings on validation, and score every split with the chosen classifier."""
    n_views, factors = 1 + config.mirror, system.factors
    blocks = {split: feature_blocks(encoded, split, config) for split in dataset.splits}
    matrices = {split: FeatureMatrix(rows, factors, standardizer) for split, rows in blocks.items()}
    features: dict[str, Features] = {split: matrices[split].in_memory() for split in ("validation", "test")}
    features["train"] = matrices["train"] if codes else at_hand(matrices["train"], workspace)
    labels = {split: np.tile(value.labels, n_views) for split, value in dataset.splits.items()}
    n_classes = len(dataset.class_names)
    choice: CodesChoice | CostChoice
    if codes:
        choice = choose_from_codes(
            system,
            codes.codes,
            codes.quantizer,
            features["validation"],
            labels,
            n_classes,
            seed,
            time.perf_counter,
            workspace,
        )
    else:
        choice = choose_from_features(system, features, labels, n_classes, time.perf_counter, workspace)

    def score(svm: LinearSvm, split: str) -> np.ndarray:
        """Mean over the picture and, where it was asked for, its mirror image."""
        return predict_scores(features[split], svm).reshape(n_views, -1, n_classes).mean(axis=0)

    svm = choice.svm
    scores = {split: score(svm, split) for split in ("train", "validation")}
    if config.refit:
        together = FeatureMatrix([*blocks["train"], *blocks["validation"]], factors, standardizer)
        everything = np.concatenate([labels["train"], labels["validation"]])
        with workspace.progress(f"{system.name} svm, with validation pictures", 1) as advance:
            svm = train_linear_svm(
                at_hand(together, workspace),
                everything,
                n_classes=n_classes,
                C=choice.C,
                tolerance=system.tolerance,
                initial=svm,
                on_step=follow(advance),
            )
    with measure("scores", "prediction") as clock:
        scores["test"] = score(svm, "test")
    trials = [(*trial["settings"].values(), trial["validation_score"], trial["seconds"]) for trial in choice.trials]
    cost = clock.stage
    return {
        "weights": svm.weights,
        "bias": svm.bias,
        "trials": np.array(trials),
        "prediction": np.array([cost.seconds, cost.cpu_seconds, cost.peak_memory_bytes]),
        **scores,
    }


def at_hand(matrix: FeatureMatrix, workspace: Workspace) -> Features:
    """The matrix for a solver that reads it again and again: with the workers of a cluster, or in this memory."""
    return hold_features(matrix, workspace.cluster) if workspace.cluster else matrix.in_memory()


def fuse(outcomes: list[Outcome], dataset: Dataset) -> Outcome:
    """Late fusion: the systems' scores added with weights chosen on validation."""
    weights = choose_fusion_weights([o.scores["validation"] for o in outcomes], dataset.validation.labels)
    return Outcome(
        scores={split: fuse_scores([o.scores[split] for o in outcomes], weights) for split in dataset.splits},
        stages=tuple(stage for o in outcomes for stage in o.stages),
        size=Size(
            sum(o.size.dimensions for o in outcomes),
            sum(o.size.parameters for o in outcomes),
            sum(o.size.bytes for o in outcomes),
        ),
        trials=tuple(trial for o in outcomes for trial in o.trials),
        encoded=tuple(e for o in outcomes for e in o.encoded),
        training_features={
            name: sum(o.training_features[name] for o in outcomes) for name in outcomes[0].training_features
        },
        systems=tuple(system for o in outcomes for system in o.systems),
        fusion=weights,
    )


def accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    return float((scores.argmax(axis=1) == labels).mean())


def pictures_of_words(encoded: tuple[Encoded, ...], dataset: Dataset) -> dict[str, np.ndarray]:
    """The codebook of the first bag of words over SIFT, drawn."""
    for e in encoded:
        if isinstance(e.family, BagOfWords) and isinstance(e.family.descriptors, DenseSift):
            bin_size = e.family.descriptors.bin_sizes[0]
            one_size = replace(e.family.descriptors, bin_sizes=(bin_size,))
            images = torch.from_numpy(dataset.train.images[:PICTURES_FOR_WORDS])
            words = draw_visual_words(
                images,
                one_size.extract(images),
                one_size.positions(*dataset.image_shape[:2]),
                e.state,
                window_size=DESCRIPTOR_BINS * bin_size,
            )
            return {"visual_words": words.numpy()}
    return {}
