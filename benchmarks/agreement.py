"""Agreement of the contest's answer at one budget with that at ten times as much, on small tasks drawn at random.

    python -m bakeoff.benchmarks.agreement photos cifar10 folder --data-root data --artifacts artifacts/agreement

Each task has some classes of one of the data sets, and some pictures of each, in the splits that they were in. Where
the smaller budget answers "cannot tell", the larger one is not spent. Every contest is kept: a killed run goes on.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from bakeoff.api import compare
from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.registry import load_dataset
from bakeoff.datasets.splits import nested_subset
from bakeoff.pipelines.results.files import write_atomically

MOST_CLASSES, PICTURES = 10, (20, 300)  # of a task; pictures of each class in each split, log-uniform
UNDECIDED = "cannot tell"


def draw_task(dataset: Dataset, seed: int) -> Dataset:
    """Some classes of a data set, and some pictures of each."""
    random = np.random.default_rng(seed)
    n_classes = int(random.integers(2, min(MOST_CLASSES, len(dataset.class_names)) + 1))
    classes = np.sort(random.choice(len(dataset.class_names), n_classes, replace=False))
    size = int(np.exp(random.uniform(*np.log(PICTURES))))

    def draw(split: Split) -> Split:
        chosen = np.flatnonzero(np.isin(split.labels, classes))
        kept = nested_subset(split.labels[chosen], size, seed=seed)
        part = split.take(chosen[kept])
        return replace(part, labels=np.searchsorted(classes, part.labels))

    train, validation, test = (draw(split) for split in dataset.splits.values())
    name, names = f"{dataset.name}-draw-{seed}", tuple(dataset.class_names[i] for i in classes)
    drawn = replace(dataset, train=train, validation=validation, test=test, class_names=names)
    return replace(drawn, name=name, split_by_us=False)


def answer(task: Dataset, budget: float, artifacts: Path) -> dict[str, object]:
    """What the report says of a task after so many seconds of processor time for each side."""
    found = compare(task, budget=budget, weights="none", artifacts=artifacts)
    return {"budget": budget, "answer": found.answer, "sentence": found.sentence}


def measure(names: list[str], n_draws: int, budget: float, data_root: Path | None, artifacts: Path) -> list[dict]:
    """One row a draw, in turn from each data set; agreement.json holds those so far."""
    datasets, rows = [load_dataset(name, data_root=data_root) for name in names], []
    for seed in range(n_draws):
        task = draw_task(datasets[seed % len(datasets)], seed)
        at_budget = answer(task, budget, artifacts / "once")
        decided = at_budget["answer"] != UNDECIDED
        at_ten = answer(task, 10 * budget, artifacts / "tenfold") if decided else None
        agrees = at_ten is None or at_ten["answer"] == at_budget["answer"]
        sizes = {name: len(split) for name, split in task.splits.items()}
        row = {"task": task.name, "classes": task.class_names, **sizes, "at_budget": at_budget, "at_ten_times": at_ten}
        rows.append({**row, "agrees": agrees})
        write_atomically(artifacts / "agreement.json", json.dumps(rows, indent=1).encode())
        Console().print(f"{task.name}: {at_budget['answer']}, then {at_ten['answer'] if at_ten else 'not asked'}")
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--draws", type=int, default=12)
    parser.add_argument("--budget", type=float, default=30.0)
    parser.add_argument("--data-root", type=Path)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts/agreement"))
    options = parser.parse_args()
    found = measure(options.names, options.draws, options.budget, options.data_root, options.artifacts)
    Console().print(f"{sum(row['agrees'] for row in found)} of {len(found)} draws agree, or could not tell")
