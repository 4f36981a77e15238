"""Class balance: mean recall, weights of classes in a loss, and whether a net fitted its training pictures.

predictions, labels: int (n,), classes from 0.
"""

import numpy as np

from bakeoff.datasets.splits import is_unbalanced

__all__ = ["balanced_accuracy", "class_weights", "fits_training", "is_unbalanced"]

LEAST_SHARE = 0.2  # of what the constant answer gets wrong: two classes 60 %, ten 28 %
MANY_TIMES = 10  # the constant answer: with a hundred classes that is 10 %
DEVIATIONS = 3  # above chance, of a model that draws its answers


def balanced_accuracy(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Mean over the classes that occur of the share of their pictures that are classified correctly, in 0..1."""
    counts = np.bincount(labels)
    right = np.bincount(labels[predictions == labels], minlength=len(counts))
    return float((right[counts > 0] / counts[counts > 0]).mean())


def class_weights(counts: np.ndarray) -> np.ndarray:
    """float64 (n_classes,): n / (classes that occur * pictures of the class) from 5:1 on, else all 1.

    counts: int (n_classes,), training pictures of each class. The mean weight of a picture is 1, so a loss keeps its
    size; a class without pictures weighs nothing.
    """
    if not is_unbalanced(counts):
        return np.ones(len(counts))
    return np.where(counts > 0, counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1)), 0.0)


def fits_training(predictions: np.ndarray, labels: np.ndarray) -> bool:
    """Whether a model clearly beats the best constant answer on its own training pictures, shown without augmentation.

    With b the balanced accuracy, in which every constant answer has 1 / k for k classes, it does if

        b - 1/k > 3 sqrt(sum (1/k)(1 - 1/k) / n_c) / k    (what a model that draws its answers might have), and
        b - 1/k >= 0.2 (1 - 1/k)   or   b >= 10 / k       (enough to call it learned).

    A net below either "did not train": its recipe does not suit these pictures, and its test accuracy says nothing
    about what a net can do there. Accuracy on validation has no part in it: a net that fitted its training pictures
    and fails on others has overfitted, which is an answer.
    """
    counts = np.unique(labels, return_counts=True)[1]
    k = len(counts)
    gain, noise = balanced_accuracy(predictions, labels) - 1 / k, np.sqrt((1 / k * (1 - 1 / k) / counts).sum()) / k
    return bool(gain > DEVIATIONS * noise and (gain >= LEAST_SHARE * (1 - 1 / k) or gain + 1 / k >= MANY_TIMES / k))
