"""Pictures that belong together, such as one patient's or one film's: named by a pattern, or in a table."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bakeoff.datasets.folder.picture_file import PictureFile
from bakeoff.datasets.folder.split_names import split_of_name

# What file names of a group look like, as a pattern to suggest: P07_3.png, or pictures in a folder of their own.
NAME_PATTERN, FOLDER_PATTERN = r"([^/]*\d[^/]*)[-_ .][a-zA-Z]*\d*\.\w+", r".*/([^/]+)/"
LEAST_GROUPS, LEAST_SHARE = 2, 0.8  # of a class, and of pictures that share theirs with others


def name_groups(files: Sequence[PictureFile], pattern: str) -> tuple[np.ndarray | None, list[str]]:
    """int64 (n_files,), equal where a table or the pattern names one group; None where nothing does; and notes.

    Raises ValueError for a pattern that matches no path.
    """
    names = [file.group for file in files]
    if pattern:
        found = [re.search(pattern, "/".join(file.parts)) for file in files]
        names = [(match.group(1 if match.re.groups else 0) or "") if match else "" for match in found]
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
    for pattern in (FOLDER_PATTERN, NAME_PATTERN):
        groups_of: dict[str, Counter[str]] = defaultdict(Counter)
        for file in files:
            inside = "/".join(file.parts[-2:] if pattern == NAME_PATTERN else file.parts)
            match = re.search(pattern, inside)
            if match and len(file.parts) > 1 and not _says_no_more(match.group(1), file):
                groups_of[file.class_name][match.group(1)] += 1
        shared = sum(n for groups in groups_of.values() for n in groups.values() if n > 1)
        enough = [groups for groups in groups_of.values() if len(groups) >= LEAST_GROUPS]
        if len(enough) >= 2 and shared >= LEAST_SHARE * len(files):
            name = max(enough[0], key=lambda group: enough[0][group])
            return [
                f"Names look as if pictures came in groups, such as {name} ({enough[0][name]} pictures). If one is a "
                f"patient, a plate or a film, and yours to come will be others, give --group='{pattern}' or else the "
                "test recognizes them and promises too much."
            ]
    return []


def _says_no_more(name: str, file: PictureFile) -> bool:
    """Whether that is but the class or the split once more."""
    return name == file.class_name or (file.split != "" and split_of_name(name)[0] == file.split)


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
