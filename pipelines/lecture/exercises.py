"""Exercises with holes: a student's functions against ours, on random inputs; says what differs, never the solution."""

import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.pipelines.backprop import grad, vjp
from bakeoff.pipelines.backprop import operations as ops

Case = tuple[str, tuple[Any, ...], Any]  # function, arguments, what it should give


def sigmoid_gate(rng: np.random.Generator) -> Iterator[Case]:
    x, g = rng.standard_normal((4, 3)), rng.standard_normal((4, 3))
    x[0, 0] = -800.0
    y, gradient = vjp(ops.sigmoid, x, g)
    yield "forward", (x,), y
    yield "backward", (g, y), gradient


def softmax_loss(rng: np.random.Generator) -> Iterator[Case]:
    scores, labels = rng.standard_normal((6, 4)), rng.integers(0, 4, 6)
    scores[0] += 800
    yield "loss", (scores, labels), ops.softmax_cross_entropy(scores, labels=labels)
    yield "gradient", (scores, labels), grad(lambda s: ops.softmax_cross_entropy(s, labels=labels))(scores)


def hog(rng: np.random.Generator) -> Iterator[Case]:
    gray = rng.uniform(0, 255, (16, 24))
    dy, dx = np.gradient(gray)
    bins = (np.arctan2(dy, dx) % np.pi / np.pi * 9).astype(int) % 9
    by_bin = [np.where(bins == k, np.hypot(dx, dy), 0).reshape(2, 8, 3, 8).sum(axis=(1, 3)) for k in range(9)]
    yield "hog_cells", (gray, 8, 9), np.stack(by_bin, axis=2)


def _words(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    points, centers = rng.standard_normal((30, 5)), rng.standard_normal((4, 5))
    centers[3] = 50  # nobody's
    return points, centers, np.square(points[:, None] - centers).sum(axis=2).argmin(axis=1)


def kmeans(rng: np.random.Generator) -> Iterator[Case]:
    points, centers, words = _words(rng)
    yield "assign", (points, centers), words
    means = [points[words == k].mean(axis=0) if (words == k).any() else centers[k] for k in range(4)]
    yield "update", (points, words, centers), np.stack(means)


def bag_of_words(rng: np.random.Generator) -> Iterator[Case]:
    points, centers, words = _words(rng)
    yield "bag_of_words", (points, centers), np.bincount(words, minlength=4) / 30


def two_layer_net(rng: np.random.Generator) -> Iterator[Case]:
    x, w1, w2, y = (rng.standard_normal(shape) for shape in ((8, 5), (5, 6), (6, 3), (8, 3)))
    yield "scores", (x, w1, w2), np.maximum(x @ w1, 0) @ w2
    expected = grad(lambda w: ops.sum((ops.relu(x @ w[0]) @ w[1] - y) ** 2) / 8)((w1, w2))
    yield "gradients", (x, w1, w2, y), expected


CASES = {case.__name__: case for case in (sigmoid_gate, softmax_loss, hog, kmeans, bag_of_words, two_layer_net)}


def check_exercise(name: str, path: Path) -> list[str]:
    """What differs in a student's file, a line a function; empty if all is right. Runs the file.

    Raises ValueError for a name that is no exercise, and for a file that cannot be read or run.
    """
    if name not in CASES:
        raise ValueError(f"there is no exercise {name!r}: choose from {', '.join(CASES)}")
    try:
        functions = runpy.run_path(str(path))
    except Exception as error:
        raise ValueError(f"{path} cannot be run: {type(error).__name__}: {error}") from error
    cases = CASES[name](np.random.default_rng(0))
    found = ((function, _try(functions, function, arguments, right)) for function, arguments, right in cases)
    return [f"{function}: {difference}" for function, difference in found if difference]


def _try(functions: Mapping[str, Any], name: str, arguments: tuple[Any, ...], expected: Any) -> str:
    if not callable(functions.get(name)):
        return "there is no function of this name"
    try:
        given = functions[name](*(np.copy(a) if isinstance(a, np.ndarray) else a for a in arguments))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if not isinstance(expected, tuple):
        return differ(given, expected)
    if not isinstance(given, tuple | list) or len(given) != len(expected):
        return f"it should give {len(expected)} arrays"
    said = map(differ, given, expected)
    return "; ".join(f"result {i}: {difference}" for i, difference in enumerate(said, start=1) if difference)


def differ(given: Any, expected: Any) -> str:
    """How a result differs from the right one, in words: type, shape, overflow, sign, factor, offset; "" if equal."""
    try:
        given, expected = np.asarray(given, float), np.asarray(expected, float)
    except (TypeError, ValueError):
        return f"it should give numbers, got {type(given).__name__}"
    if given.shape != expected.shape:
        hint = ": transposed?" if given.shape == expected.shape[::-1] else ""
        return f"its shape should be {expected.shape}, got {given.shape}{hint}"
    if not np.isfinite(given).all():
        return f"{int((~np.isfinite(given)).sum())} of its numbers are not finite: does something overflow?"
    if np.allclose(given, expected, rtol=1e-5, atol=1e-8):
        return ""
    if np.allclose(given, -expected, rtol=1e-5, atol=1e-8):
        return "the sign is wrong"
    factor = np.vdot(given, expected) / max(np.vdot(expected, expected), 1e-300)
    if factor and np.allclose(given, factor * expected, rtol=1e-5, atol=1e-8):
        return f"it is {factor:.4g} times what it should be"
    if expected.size > 1 and np.ptp(given - expected) < 1e-8:
        return f"all its numbers are off by {(given - expected).flat[0]:.4g}"
    wrong = ~np.isclose(given, expected, rtol=1e-5, atol=1e-8)
    first = tuple(map(int, np.argwhere(wrong)[0]))
    return f"{int(wrong.sum())} of {wrong.size} numbers are wrong, the first at index {first}"
