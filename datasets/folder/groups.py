"""Pictures that belong together: named by a pattern or a table, such as one patient's; and what that connects.

Where names of files look like those of groups, or of classes, a pattern is suggested.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bakeoff.datasets.folder.picture_file import PictureFile
from bakeoff.datasets.folder.split_names import split_of_name

# What file names of a group look like, as a pattern to suggest: P07_3.png, P07 (3).png, or a folder of its own.
NAME_PATTERN, FOLDER_PATTERN = r"([^/]*\d[^/]*)[-_ .]\(?[a-zA-Z]*\d*\)?\.\w+", r".*/([^/]+)/"
CHANGED_PATTERN = r"([^/]*?\d+)(?:[-_ ][a-zA-Z]+\d*)*\.\w+"  # IMG_7.png, IMG_7_flip.png, IMG_7_rot90.png
# A class before a picture's number, or behind it.
CLASS_PATTERNS = r"([^/]*?[^/\d\W_])[-_. ]*\(?\d+\)?\.\w+$", r"(?:^|/)\d+[-_. ]+([^/]*[^/\d\W_][^/]*?)\.\w+$"
LEAST_NAMED = 0.5  # of pictures that such a pattern names: those to be tested may tell no class
LEAST_GROUPS, LEAST_SHARE = 2, 0.8  # of a class, and of pictures that share theirs with others


def name_groups(files: Sequence[PictureFile], pattern: str) -> tuple[np.ndarray | None, list[str]]:
    """int64 (n_files,), equal where a table or the pattern names one group; None where nothing does; and notes.

    Raises ValueError for a pattern that matches no path.
    """
    names = [file.group for file in files]
    if pattern:
        names = [file.matched(pattern) for file in files]
        if not any(names):
            raise ValueError(
                f"group {pattern} matches no path, such as {files[0].path}: nothing would be kept together"
            )
    if not any(names):
        return None, _suggest(files)
    n_without = names.count("")
    numbers = {name: number for number, name in enumerate(dict.fromkeys(filter(None, names)))}
    alone = iter(range(len(numbers), len(numbers) + n_without))
    groups = np.array([numbers[name] if name else next(alone) for name in names], dtype=np.int64)
    examples = ", ".join(list(numbers)[:3])
    notes = [f"{len(numbers):,} groups, such as {examples}: each is kept within one split."]
    if n_without:
        notes.append(
            f"{n_without:,} pictures have no group, such as {files[names.index('')].path}: each is one of its own."
        )
    return groups, notes


def _suggest(files: Sequence[PictureFile]) -> list[str]:
    """A note where paths look as if they named groups, and the same name comes in none but one class or in all."""
    for pattern in (FOLDER_PATTERN, NAME_PATTERN, CHANGED_PATTERN):
        groups_of: dict[str, Counter[str]] = defaultdict(Counter)
        called: dict[tuple[str, str], set[str]] = defaultdict(set)  # splits that are numbered anew share no pictures
        for file in files:
            inside = "/".join(file.parts if pattern == FOLDER_PATTERN else file.parts[-2:])
            match = re.search(pattern, inside)
            name = match.group(1) if match and len(file.parts) > 1 else file.class_name
            says_split = file.split != "" and split_of_name(name)[0] == file.split
            if name != file.class_name and not says_split:
                groups_of[file.class_name][name] += 1
                called[file.class_name, name].add(file.parts[-1])
        shared = sum(groups_of[label][name] for (label, name), names in called.items() if len(names) > 1)
        enough = [groups for groups in groups_of.values() if len(groups) >= LEAST_GROUPS]
        if len(enough) >= 2 and shared >= LEAST_SHARE * len(files):
            name = max(enough[0], key=lambda group: enough[0][group])
            return [
                f"Names look as if pictures came in groups, such as {name} ({enough[0][name]} pictures). If one is a "
                "patient, a plate, a film or a picture in several forms, and yours to come will be others, give "
                f"--group='{pattern}' or else the test recognizes them and promises too much."
                + " The outermost folders are the classes."
                * (pattern == FOLDER_PATTERN)
            ]
    return []


def suggest_label(files: Sequence[PictureFile]) -> str:
    """A pattern, where names begin or end with what may be a class: cat.1.jpg, 7_dog.png."""
    pictures = [file for file in files if file.is_picture]
    for pattern in CLASS_PATTERNS:
        names = Counter(filter(None, (file.matched(pattern) for file in pictures)))
        if len(names) > 1 and min(names.values()) > 1 and names.total() >= LEAST_NAMED * len(pictures):
            told = " and ".join(name for name, _ in names.most_common(2))
            return f"If names tell the classes, such as {told}: --label='{pattern}'. "
    return ""


def connect(n_pictures: int, links: np.ndarray) -> np.ndarray:
    """links: int (n_links, 2), pairs that belong together. Returns int64 (n_pictures,): the lowest index connected."""
    graph = coo_array((np.ones(len(links), dtype=bool), links.T), shape=(n_pictures, n_pictures))
    n_groups, group_of = connected_components(graph, directed=False)
    lowest = np.full(n_groups, n_pictures)
    np.minimum.at(lowest, group_of, np.arange(n_pictures))
    return lowest[group_of]


def join(groups: np.ndarray, others: np.ndarray | None) -> np.ndarray:
    """What either groups, and what that connects: int64 (n,), the lowest index of each.   groups: such indices."""
    if others is None:
        return groups
    _, first, ranks = np.unique(others, return_index=True, return_inverse=True)
    here = np.arange(len(groups))
    return connect(len(groups), np.concatenate([np.stack([here, groups], 1), np.stack([here, first[ranks]], 1)]))


def majority_labels(groups: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """For each picture the most frequent class of its group: int64 (n,)."""
    n_classes = int(labels.max()) + 1
    keys, counts = np.unique(groups * n_classes + labels, return_counts=True)
    order = np.argsort(counts, kind="stable")
    majority = np.zeros(int(groups.max()) + 1, dtype=np.int64)
    majority[keys[order] // n_classes] = keys[order] % n_classes  # the last one written is the most frequent
    return majority[groups]


def count_groups(groups: np.ndarray, labels: np.ndarray, n_classes: int) -> np.ndarray:
    """How many groups hold pictures of each class, int64 (n_classes,): one of several classes counts for each."""
    return np.bincount(np.unique(np.stack([groups, labels], 1), axis=0)[:, 1], minlength=n_classes)


def to_be_dealt(groups: np.ndarray, labels: np.ndarray, fewest: int) -> np.ndarray:
    """Which pictures may leave training, bool (n,): those of groups all of whose classes have so many such groups."""
    free = np.ones(len(labels), dtype=bool)
    while True:
        n_groups = count_groups(groups[free], labels[free], int(labels.max()) + 1)
        stay = free & np.isin(groups, groups[free & (n_groups < fewest)[labels]])
        if not stay.any():
            return free
        free &= ~stay
