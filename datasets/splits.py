"""Which picture goes where: stratified splits, nested training subsets for learning curves, a few to look at; and how
unequal the classes are."""

from collections.abc import Mapping, Sequence

import numpy as np

# train / validation / test for data sets that come without a split: most for fitting, twice as many to test on as to
# choose on, because the test result is what is reported.
DEFAULT_SHARES: Mapping[str, float] = {"train": 0.7, "validation": 0.1, "test": 0.2}

UNBALANCED = 5  # pictures of the largest class over those of the smallest, from which on accuracy misleads


def is_unbalanced(counts: np.ndarray) -> bool:
    """Whether one class has so many more pictures than another that accuracy rewards predicting the large classes.

    counts: int (n_classes,), pictures of each class. From here on balanced accuracy leads: in the choice of models, the
    order, the tests and the verdict; and rare classes weigh more in training.
    """
    return bool(counts.max() >= UNBALANCED * counts.min())


def stratified_split(
    labels: np.ndarray, shares: Mapping[str, float], class_names: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """Deal the pictures of every class to the splits by their shares; the same way every time, whatever the seed.

    labels: int64 (n,).   shares: split -> share, adding up to 1.
    Returns split -> int64 indices, ascending. In each class each split gets at least one picture, and
    its share to within two.
    Raises ValueError if a class has fewer pictures than there are splits.
    """
    if abs(sum(shares.values()) - 1) > 1e-9 or min(shares.values()) <= 0:
        raise ValueError(f"shares must be positive and add up to 1, got {dict(shares)}")
    random = np.random.RandomState(0)  # its stream is frozen for good, unlike that of default_rng
    parts: dict[str, list[np.ndarray]] = {name: [] for name in shares}
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        if len(members) < len(shares):
            named = class_names[label] if class_names else label
            raise ValueError(
                f"class {named!r} must have at least {len(shares)} pictures, one each for {', '.join(shares)}, "
                f"got {len(members)}: add pictures or remove the class"
            )
        ends = np.cumsum(apportion(len(members), list(shares.values())))
        for part, chosen in zip(parts.values(), np.split(members, ends[:-1]), strict=True):
            part.append(chosen)
    return {name: np.sort(np.concatenate(part)).astype(np.int64) for name, part in parts.items()}


def apportion(total: int, shares: Sequence[float]) -> np.ndarray:
    """Whole numbers near total * shares that add up to total, each at least 1 (largest-remainder method).

    total: at least the number of shares.   Returns int64 (len(shares),).
    """
    quotas = (total - len(shares)) * np.asarray(shares)  # one each is dealt beforehand
    counts = np.floor(quotas).astype(np.int64)
    most_short = np.argsort(counts - quotas, kind="stable")[: total - len(shares) - counts.sum()]
    counts[most_short] += 1
    return counts + 1


def nested_subset(labels: np.ndarray, size: int, *, seed: int) -> np.ndarray:
    """A training subset for a learning curve: it holds `size` pictures of every class, and all of smaller ones.

    labels: int64 (n,).   size: pictures per class; a class with fewer gives all it has.
    Returns int64 indices, ascending. Raises ValueError for a size below 1.
    """
    if size < 1:
        raise ValueError(f"size must be at least 1 picture per class, got {size}")
    order = np.random.RandomState(seed).permutation(len(labels))
    rank = np.empty(len(labels), dtype=np.int64)  # a picture's place in the queue of its class
    for label in np.unique(labels):
        queue = order[labels[order] == label]
        rank[queue] = np.arange(len(queue))
    return np.flatnonzero(rank < size)


def evenly_spread(n: int, most: int) -> np.ndarray:
    """Indices of at most `most` of n pictures, as far apart as can be: where pictures lie class by class, the first
    ones would be those of the first classes.

    Returns int64 (min(n, most),), ascending and without repetition: floor(i n / m) for the i-th of m.
    """
    m = min(n, most)
    return np.arange(m, dtype=np.int64) * n // max(m, 1)
