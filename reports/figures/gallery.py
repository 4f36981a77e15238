"""The four-cell gallery: test pictures that both, one or none of the finalists classify correctly.

The rule is fixed, so that nobody can pick: with each finalist's scores calibrated by its temperature, the margin of
a picture is log p(true class) - max over other classes of log p, and a cell shows first

    both right          the largest smaller margin      (the surest agreement)
    only hand-crafted   the largest hand-crafted minus end-to-end margin
    only end-to-end     the largest end-to-end minus hand-crafted margin
    both wrong          the smallest larger margin      (the surest mistakes)

with at most two pictures of one class in a cell.
"""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax

from bakeoff.pipelines.results.task import Task
from bakeoff.reports.canvas.elements import Card, Gallery
from bakeoff.reports.canvas.formats import percent, plural
from bakeoff.reports.canvas.pictures import encode_png, montage

N_CARDS = 8
PER_CLASS = 2
CELLS = {
    "both-right": ("Both right", "the surest agreement"),
    "only-hand-crafted": ("Only hand-crafted right", "where the margins differ most"),
    "only-end-to-end": ("Only end-to-end right", "where the margins differ most"),
    "both-wrong": ("Both wrong", "the surest mistakes"),
}


def true_margins(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """float64 (n,): log-probability of the true class minus the highest of the others; positive if right."""
    logs = log_softmax(scores, axis=1)
    rows = np.arange(len(labels))
    true = logs[rows, labels]
    logs[rows, labels] = -np.inf
    return true - logs.max(axis=1)


def choose_pictures(labels: np.ndarray, hand: np.ndarray, net: np.ndarray) -> dict[str, np.ndarray]:
    """Indices of the pictures of each cell by the rule above. hand, net: scores (n, k), calibrated."""
    a, b = true_margins(hand, labels), true_margins(net, labels)
    right_a, right_b = hand.argmax(axis=1) == labels, net.argmax(axis=1) == labels
    ranked = {
        "both-right": (right_a & right_b, np.minimum(a, b)),
        "only-hand-crafted": (right_a & ~right_b, a - b),
        "only-end-to-end": (~right_a & right_b, b - a),
        "both-wrong": (~right_a & ~right_b, -np.maximum(a, b)),
    }
    return {name: _first_of_each_class(labels, members, rank) for name, (members, rank) in ranked.items()}


def _first_of_each_class(labels: np.ndarray, members: np.ndarray, rank: np.ndarray) -> np.ndarray:
    chosen: list[int] = []
    shown = np.zeros(int(labels.max()) + 1, int)
    for index in np.argsort(-rank, kind="stable"):
        if members[index] and shown[labels[index]] < PER_CLASS and len(chosen) < N_CARDS:
            chosen.append(int(index))
            shown[labels[index]] += 1
    return np.array(chosen, int)


def build_galleries(task: Task, hand: np.ndarray, net: np.ndarray) -> list[Gallery]:
    """All four cells. hand, net: the finalists' scores (n_test, k), divided by their temperatures."""
    names, labels = task.class_names, task.test_labels
    said_hand, said_net = hand.argmax(axis=1), net.argmax(axis=1)
    right_hand, right_net = said_hand == labels, said_net == labels
    shares = {
        "both-right": right_hand & right_net,
        "only-hand-crafted": right_hand & ~right_net,
        "only-end-to-end": ~right_hand & right_net,
        "both-wrong": ~right_hand & ~right_net,
    }
    galleries = []
    for cell, chosen in choose_pictures(labels, hand, net).items():
        title, rule = CELLS[cell]
        cards = tuple(
            Card(encode_png(task.test_images[i]), names[labels[i]], names[said_hand[i]], names[said_net[i]])
            for i in chosen
        )
        scale = max(1, 64 // task.test_images.shape[1])
        sheet = montage(task.test_images[chosen], N_CARDS, gap=4, scale=scale) if len(chosen) else None
        text = f"{plural(int(shares[cell].sum()), 'picture')}, {percent(float(shares[cell].mean()))}; shown: {rule}."
        galleries.append(
            Gallery(f"gallery-{cell}", title, text, cards, None if sheet is None else encode_png(sheet, max_side=1200))
        )
    return galleries
