"""Small tasks drawn from a data set."""

import numpy as np

from bakeoff.benchmarks.agreement import MOST_CLASSES, PICTURES, draw_task
from bakeoff.datasets.registry import load_dataset


def test_a_drawn_task_has_some_classes_and_equally_many_pictures_of_each():
    dataset = load_dataset("digits")
    for seed in range(4):
        task = draw_task(dataset, seed)
        counts = np.bincount(task.train.labels)
        assert 2 <= len(counts) == len(task.class_names) <= MOST_CLASSES
        assert PICTURES[0] <= counts.min() == counts.max() or counts.max() <= PICTURES[1]
        place = dataset.class_names.index(task.class_names[-1])
        last = task.train.images[task.train.labels == len(counts) - 1]
        theirs = dataset.train.images[dataset.train.labels == place]
        assert {image.tobytes() for image in last} <= {image.tobytes() for image in theirs}
    assert draw_task(dataset, 1).fingerprint() == draw_task(dataset, 1).fingerprint()
