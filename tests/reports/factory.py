"""Made-up runs that look like real ones: methods of different strength that find the same pictures hard."""

from typing import Any

import numpy as np

from bakeoff.pipelines.results.guest import Guest
from bakeoff.pipelines.results.run import RunResult, Side, Size, Stage
from bakeoff.pipelines.results.task import Task

FINGERPRINT = "0123456789abcdef" * 4
CLASS_NAMES = ("cat", "ship", "coffee", "grass", "moon")


def make_task(
    n_test: int = 200,
    *,
    class_names: tuple[str, ...] = CLASS_NAMES,
    dataset: str = "photos",
    fingerprint: str = FINGERPRINT,
    images: np.ndarray | None = None,
    labels: np.ndarray | None = None,
) -> Task:
    """A task of random pictures; every class occurs equally often, give or take one."""
    rng = np.random.default_rng(0)
    if images is None:
        images = rng.integers(0, 256, size=(n_test, 8, 8, 3), dtype=np.uint8)
    if labels is None:
        labels = np.arange(n_test, dtype=np.int64) % len(class_names)
    counts = tuple(np.bincount(labels, minlength=len(class_names)).tolist())
    return Task(
        dataset=dataset,
        fingerprint=fingerprint,
        class_names=class_names,
        description="Crops of photographs; the class is which photograph.",
        notes=("2 files could not be read.",),
        split_sizes={"train": 4 * len(labels), "validation": len(labels), "test": len(labels)},
        class_counts={"train": tuple(4 * n for n in counts), "validation": counts, "test": counts},
        test_images=images,
        test_labels=labels,
    )


def make_scores(labels: np.ndarray, n_classes: int, strength: float, seed: int, split: int = 0) -> np.ndarray:
    """float32 (n, n_classes). The pictures' difficulty depends on the split alone, the rest also on the seed."""
    shared = np.random.default_rng(split).normal(size=(len(labels), n_classes))
    own = np.random.default_rng([seed, split]).normal(size=(len(labels), n_classes))
    by_class = np.random.default_rng([seed, 7]).normal(0.0, 0.5, size=n_classes)
    scores = 0.8 * shared + own
    scores[np.arange(len(labels)), labels] += strength + by_class[labels]
    return scores.astype(np.float32)


def make_run(
    task: Task,
    experiment: str = "classic",
    side: Side = "hand-crafted",
    *,
    strength: float = 1.5,
    seed: int = 0,
    seconds: float = 10.0,
    noise: int | None = None,
    **changes: Any,
) -> RunResult:
    """One run; `noise` seeds its mistakes (by default from its name and seed)."""
    k = len(task.class_names)
    noise = sum(experiment.encode()) + 1000 * seed if noise is None else noise
    labels = task.test_labels
    validation_scores = make_scores(labels, k, strength, noise, split=1)
    values: dict[str, Any] = {
        "experiment": experiment,
        "title": experiment,
        "side": side,
        "dataset": task.dataset,
        "fingerprint": task.fingerprint,
        "class_names": task.class_names,
        "seed": seed,
        "settings": {"c": 1.0, "pca": {"components": 64}},
        "labels": labels,
        "scores": make_scores(labels, k, strength, noise),
        "validation_labels": labels,
        "validation_scores": validation_scores,
        "validation_score": float((validation_scores.argmax(axis=1) == labels).mean()),
        "train_score": 0.95,
        "stages": (
            Stage("extract", "features", 0.6 * seconds, seconds, 200_000_000),
            Stage("fit", "training", 0.35 * seconds, seconds, 350_000_000, reused=True),
            Stage("predict", "prediction", 0.05 * seconds, seconds, 150_000_000),
        ),
        "size": Size(1764, 17_640, 70_560),
        "environment": {
            "command": f"python -m bakeoff.pipelines train {experiment}",
            "commit": "abc1234",
            "versions": {"numpy": "2.4"},
        },
        "trials": ({"settings": {"c": 1.0}, "validation_score": 0.6, "seconds": 1.0},),
    }
    return RunResult(**{**values, **changes})


def correctness(both: int, only_first: int, only_second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Two models, bool (1, n_test) each, by the numbers of pictures that both, one or none name correctly."""
    first = [True] * (both + only_first) + [False] * (only_second + neither)
    second = [True] * both + [False] * only_first + [True] * only_second + [False] * neither
    return np.array([first]), np.array([second])


def make_guest(task: Task, name: str, share_right: float, side: Side = "end-to-end") -> Guest:
    """A published model that is right on the first pictures and names the next class on the rest."""
    wrong = (task.test_labels + 1) % len(task.class_names)
    right = np.arange(len(wrong)) < share_right * len(wrong)
    return Guest(name, f"title of {name}", side, "a paper of 2018", np.where(right, task.test_labels, wrong))


def make_history(n_epochs: int = 20, top: float = 0.6) -> tuple[dict[str, float], ...]:
    epochs = np.arange(1, n_epochs + 1)
    scores = top * (1 - np.exp(-epochs / 5)) - 0.00004 * (epochs - 0.7 * n_epochs).clip(0) ** 2
    return tuple(
        {"epoch": int(e), "train_loss": float(2.3 * np.exp(-e / 8)), "validation_score": float(s)}
        for e, s in zip(epochs, scores, strict=True)
    )


def make_runs(task: Task) -> tuple[RunResult, ...]:
    """A full bake-off: feature families alone and left out, two nets, one of them with three seeds."""
    strengths = {"color-histogram": 0.9, "hog": 1.0, "sift-bow": 1.2, "pca": 0.5}
    runs = [make_run(task, "classic", strength=2.0, seconds=14.0)]
    runs += [make_run(task, name, strength=s, seconds=3 + 2 * s) for name, s in strengths.items()]
    runs += [make_run(task, f"classic-without-{n}", strength=2.0 - 0.3 * s, seconds=11) for n, s in strengths.items()]
    for seed in range(3):
        history = make_history()
        runs.append(make_run(task, "mlp", "end-to-end", strength=1.6, seed=seed, seconds=40, history=history))
    runs.append(make_run(task, "mlp-small", "end-to-end", strength=1.2, seconds=9, history=make_history(top=0.5)))
    return tuple(runs)
