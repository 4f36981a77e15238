"""Pictures that are the same, or nearly: found by a perceptual hash, confirmed by their pixels.

A test picture that also stands in training, saved again at another quality or size, is remembered and not recognized.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise

import numpy as np
from scipy.fft import dct

from bakeoff.datasets.folder.groups import connect
from bakeoff.datasets.folder.store import BLOCK_VALUES, Pictures, blocks_of, choose

HASH_SIDE = 8  # 8 x 8 low frequencies make 64 bits
# Both limits were set by eye on CIFAR-10's test pictures and their likest training pictures: all that pass are the same
# photograph or a redrawn one; below a correlation of about 0.92 different skies and seas begin to pass.
RADIUS = 8  # bits that may differ: noise that is saved again at another quality turns as many
LEAST_CORRELATION = 0.95
BAND_EDGES = np.linspace(0, 64, RADIUS + 2).astype(int).tolist()  # one band more than bits that may differ
FLAT = 2.0  # gray levels; below this standard deviation a picture has no structure to hash


def duplicate_groups(images: Pictures, first_of: np.ndarray | None = None) -> np.ndarray:
    """Group each picture with its exact and near duplicates, and theirs.

    images: uint8 (n, height, width, channels), sides of at least 8.   first_of: what `exact_groups` found in them.
    Returns int64 (n,): the lowest index in a picture's group; its own if it has no duplicate.
    """
    first_of = exact_groups(images) if first_of is None else first_of
    distinct = np.unique(first_of)
    pairs = distinct[near_duplicates(choose(images, distinct))]
    links = np.stack([np.arange(len(images)), first_of], axis=1)
    return connect(len(images), np.concatenate([pairs, links]))


def exact_groups(images: Pictures) -> np.ndarray:
    """int64 (n,): index of the first picture with exactly the same pixels."""
    first: dict[bytes, int] = {}
    pictures = (picture for _, block in blocks_of(images) for picture in block)
    digests = (hashlib.blake2b(np.ascontiguousarray(picture).data, digest_size=16).digest() for picture in pictures)
    return np.array([first.setdefault(digest, index) for index, digest in enumerate(digests)], dtype=np.int64)


def near_duplicates(images: Pictures) -> np.ndarray:
    """Pairs whose hashes differ in at most 8 bits and whose pixels correlate by 0.95 or more.

    images: uint8 (n, height, width, channels).   Returns int64 (n_pairs, 2), each pair once, the lower index first.
    """
    hashes, deviations = [], []
    for _, block in blocks_of(images):
        gray = block.mean(axis=3)
        hashes.append(perceptual_hashes(gray))
        deviations.append(gray.std(axis=(1, 2)))
    structured = np.flatnonzero(np.concatenate(deviations) > FLAT)
    pairs = structured[close_pairs(np.concatenate(hashes)[structured])]
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
