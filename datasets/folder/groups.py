"""Pictures that belong together: named by a pattern or a table, such as one patient's; the same, or nearly the same.

A test picture that also stands in training, saved again at another quality or size, is remembered and not recognized.
Copies are found by a perceptual hash, and confirmed by their pixels.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.fft import dct
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from bakeoff.datasets.folder.picture_file import PictureFile
from bakeoff.datasets.folder.split_names import split_of_name
from bakeoff.datasets.store import BLOCK_VALUES, Pictures, blocks_of, choose

# What file names of a group look like, as a pattern to suggest: P07_3.png, or pictures in a folder of their own.
NAME_PATTERN, FOLDER_PATTERN = r"([^/]*\d[^/]*)[-_ .][a-zA-Z]*\d*\.\w+", r".*/([^/]+)/"
CHANGED_PATTERN = r"([^/]*?\d+)(?:[-_ ][a-zA-Z]+\d*)*\.\w+"  # IMG_7.png, IMG_7_flip.png, IMG_7_rot90.png
LEAST_GROUPS, LEAST_SHARE = 2, 0.8  # of a class, and of pictures that share theirs with others
HASH_SIDE = 8  # 8 x 8 low frequencies make 64 bits
# Both limits were set by eye on CIFAR-10's test pictures and their likest training pictures: all that pass are the same
# photograph or a redrawn one; below a correlation of about 0.92 different skies and seas begin to pass.
RADIUS = 8  # bits that may differ: noise that is saved again at another quality turns as many
LEAST_CORRELATION = 0.95
BAND_EDGES = np.linspace(0, 64, RADIUS + 2).astype(int).tolist()  # one band more than bits that may differ
TRAITS = np.dtype([("digest", "S16"), ("hash", "u8"), ("is_flat", "?"), ("is_gray", "?")])  # 26 bytes of a picture
TRAIT_VALUES = 1 << 20  # pixel values whose traits are found together: their doubles stay in a processor's cache
FLAT = 2.0  # gray levels; below this standard deviation a picture has no structure to hash


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


def traits_of(images: Pictures) -> np.ndarray:
    """TRAITS (n,): what pictures are compared by, which takes all pixels of each and nothing of the others.

    images: uint8 (n, height, width, channels), sides of at least 8.
    """
    traits = np.zeros(len(images), TRAITS)
    for start, block in blocks_of(images, TRAIT_VALUES):
        found = traits[start : start + len(block)]
        found["digest"] = [hashlib.blake2b(np.ascontiguousarray(one).data, digest_size=16).digest() for one in block]
        gray = sum(np.moveaxis(block, 3, 0), np.float64(0)) / block.shape[3]  # `mean`, in a fifth of its time
        found["hash"] = perceptual_hashes(gray)
        found["is_flat"] = gray.std(axis=(1, 2)) <= FLAT
        found["is_gray"] = (block == block[..., :1]).all(axis=(1, 2, 3))
    return traits


def duplicate_groups(images: Pictures, traits: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The first picture with exactly a picture's pixels, and the first of its exact and near duplicates, and theirs.

    images: uint8 (n, height, width, channels), sides of at least 8.   traits: theirs; with them, only what may be near
        duplicates is read.
    Returns int64 (n,) twice: the lowest index in a picture's group; its own if it has no duplicate.
    """
    traits = traits_of(images) if traits is None else traits
    _, first, ranks = np.unique(traits["digest"], return_index=True, return_inverse=True)
    distinct = np.sort(first)
    pairs = distinct[near_duplicates(choose(images, distinct), traits[distinct])]
    links = np.stack([np.arange(len(images)), first[ranks]], axis=1)
    return first[ranks], connect(len(images), np.concatenate([pairs, links]))


def near_duplicates(images: Pictures, traits: np.ndarray) -> np.ndarray:
    """Pairs whose hashes differ in at most 8 bits and whose pixels correlate by 0.95 or more.

    images: uint8 (n, height, width, channels).   Returns int64 (n_pairs, 2), each pair once, the lower index first.
    """
    structured = np.flatnonzero(~traits["is_flat"])
    pairs = structured[close_pairs(traits["hash"][structured])]
    chunk = max(1, BLOCK_VALUES // int(np.prod(images.shape[1:])))
    alike = [correlations(images, pairs[start : start + chunk]) for start in range(0, len(pairs), chunk)]
    return pairs[np.concatenate([np.zeros(0), *alike]) >= LEAST_CORRELATION]


def perceptual_hashes(gray: np.ndarray) -> np.ndarray:
    """One bit per low frequency: is its cosine coefficient above the median of them all?

    gray: float (n, height, width).   Returns uint64 (n,). The mean brightness has no bit (it is always 0).
    Source: "pHash" (Zauner 2010), with the whole picture in place of its 32x32 reduction.
    """
    low = dct(dct(gray, axis=1)[:, :HASH_SIDE], axis=2)[:, :, :HASH_SIDE].reshape(len(gray), -1)  # (n, 64)
    bits = low > np.median(low[:, 1:], axis=1, keepdims=True)
    bits[:, 0] = False
    return np.packbits(bits, axis=1).view(np.uint64).ravel()


def close_pairs(hashes: np.ndarray) -> np.ndarray:
    """All pairs of hashes that differ in at most 8 bits, without comparing all with all.

    If at most 8 of 64 bits differ, at least one of nine bands of 7 or 8 bits is equal (pigeonhole): sort by each
    band, and compare each hash with those after it as long as the band is equal.
    hashes: uint64 (n,).   Returns int64 (n_pairs, 2), each pair once, the lower index first, in ascending order.
    """
    found = [np.zeros((0, 2), dtype=np.int64)]
    for low, high in pairwise(BAND_EDGES):
        keys = (hashes >> np.uint64(low)) & np.uint64((1 << (high - low)) - 1)
        order = np.argsort(keys, kind="stable")
        left = np.arange(len(order))  # places in `order` whose neighbor `step` places on has the same band
        for step in range(1, len(order)):
            left = left[left + step < len(order)]
            left = left[keys[order[left]] == keys[order[left + step]]]
            if not len(left):
                break
            pairs = np.stack([order[left], order[left + step]], axis=1)
            n_different = np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]])
            found.append(np.sort(pairs[n_different <= RADIUS], axis=1))
    return np.unique(np.concatenate(found), axis=0)


def correlations(images: Pictures, pairs: np.ndarray) -> np.ndarray:
    """Correlation of the pixels of each pair, each channel less its mean, all channels together: float32 (n_pairs,).

    A change of brightness, contrast or tint hardly lowers it. Without the channels' means two blue skies are not alike.
    """
    left, right = (images[side].astype(np.float32) for side in pairs.T)  # (n_pairs, height, width, channels)
    left -= left.mean(axis=(1, 2), keepdims=True)
    right -= right.mean(axis=(1, 2), keepdims=True)
    products = np.einsum("nhwc,nhwc->n", left, right)
    return products / np.sqrt(np.einsum("nhwc,nhwc->n", left, left) * np.einsum("nhwc,nhwc->n", right, right))
