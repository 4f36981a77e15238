"""Pictures that are the same, or nearly: found by a perceptual hash, and confirmed by their pixels.

A test picture that also stands in training, saved again at another quality or size, mirrored or turned, is remembered
and not recognized.
"""

import hashlib
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
from scipy.fft import dct

from bakeoff.datasets.folder.groups import connect
from bakeoff.datasets.store import BLOCK_VALUES, Pictures, blocks_of, choose

HASH_SIDE = 8  # 8 x 8 low frequencies make 64 bits
# These two were set by eye on CIFAR-10's test pictures and their likest training pictures: all that pass are the same
# photograph or a redrawn one; below a correlation of about 0.92 different skies and seas begin to pass.
RADIUS = 8  # bits that may differ: noise that is saved again at another quality turns as many
LEAST_CORRELATION = 0.95
# Of a turned one more: of 400 round cells, made with much noise, up to 24 pairs pass 0.95 when turned and none passes
# this; with little noise hundreds pass both, as they do upright.
LEAST_TURNED = 0.97
BAND_EDGES = np.linspace(0, 64, RADIUS // 2 + 2).astype(int).tolist()  # of so many bands, one has at most one bit off
PARTS = 64  # that pictures are dealt to by their class, where only those of one class are compared
TRAITS = np.dtype([("digest", "S16"), ("hash", "u8"), ("is_flat", "?"), ("is_gray", "?")])  # 26 bytes of a picture
TRAIT_VALUES = 1 << 20  # pixel values whose traits are found together: their doubles stay in a processor's cache
FLAT = 2.0  # gray levels; below this standard deviation a picture has no structure to hash


class Turn(NamedTuple):
    """One of the eight ways to lay a square onto itself: transposed first, then flipped."""

    is_transposed: bool
    is_upside_down: bool
    is_mirrored: bool

    def of(self, images: np.ndarray) -> np.ndarray:
        """images: (n, height, width, channels); a transposed one is (n, width, height, channels)."""
        images = images.swapaxes(1, 2) if self.is_transposed else images
        return images[:, :: -1 if self.is_upside_down else 1, :: -1 if self.is_mirrored else 1]


TURNS = [Turn(*ways) for ways in product((False, True), repeat=3)]  # the first four for any rectangle
UPRIGHT = TURNS[0]


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


def duplicate_groups(
    images: Pictures, labels: np.ndarray, traits: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The first picture with exactly a picture's pixels, and the first of its exact and near duplicates, and theirs.

    images: uint8 (n, height, width, channels), sides of at least 8.   labels: int (n,).   traits: of the images; with
        them, only what may be near duplicates is read.
    Returns int64 (n,) twice: the lowest index in a picture's group; its own if it has no duplicate.
    """
    traits = traits_of(images) if traits is None else traits
    _, first, ranks = np.unique(traits["digest"], return_index=True, return_inverse=True)
    distinct = np.sort(first)
    pairs = distinct[near_duplicates(choose(images, distinct), labels[distinct], traits[distinct])]
    links = np.stack([np.arange(len(images)), first[ranks]], axis=1)
    return first[ranks], connect(len(images), np.concatenate([pairs, links]))


def near_duplicates(images: Pictures, labels: np.ndarray, traits: np.ndarray) -> np.ndarray:
    """Pairs whose hashes differ in at most 8 bits and whose pixels correlate by 0.95 or more.

    So too, by 0.97, for one of a pair that is mirrored, upside down or turned by 90 degrees, if both are of one class:
    arrows to the left and to the right are two things.
    images: uint8 (n, height, width, channels).   labels: int (n,).   traits: of the images.
    Returns int64 (n_pairs, 2), each pair once, the lower index first.
    """
    structured = np.flatnonzero(~traits["is_flat"])
    hashes = traits["hash"][structured]
    chunk = max(1, BLOCK_VALUES // int(np.prod(images.shape[1:])))
    found = [np.zeros((0, 2), dtype=np.int64)]
    for turn in TURNS if images.shape[1] == images.shape[2] else TURNS[:4]:
        within, least = (np.zeros_like(labels), LEAST_CORRELATION) if turn == UPRIGHT else (labels, LEAST_TURNED)
        pairs = structured[close_pairs(hashes, turn_hashes(hashes, turn), within[structured])]
        for start in range(0, len(pairs), chunk):
            some = pairs[start : start + chunk]
            found.append(some[correlations(images, some, turn) >= least])
    return np.unique(np.concatenate(found), axis=0)


def perceptual_hashes(gray: np.ndarray) -> np.ndarray:
    """One bit per low frequency: is its cosine coefficient above zero?

    gray: float (n, height, width).   Returns uint64 (n,). The mean brightness has no bit (it is always 0).
    Source: "pHash" (Zauner 2010), with the whole picture in place of its 32x32 reduction, and with zero in place of the
    coefficients' median: so a turned picture's hash follows from the picture's (`turn_hashes`).
    """
    bits = dct(dct(gray, axis=1)[:, :HASH_SIDE], axis=2)[:, :, :HASH_SIDE] > 0
    bits[:, 0, 0] = False
    return np.packbits(bits.reshape(-1, HASH_SIDE**2), axis=1).view(np.uint64).ravel()


def turn_hashes(hashes: np.ndarray, turn: Turn) -> np.ndarray:
    """Hashes of the turned pictures: uint64 (n,). A flip changes the sign of all odd frequencies along its axis."""
    bits = np.unpackbits(np.ascontiguousarray(hashes).view(np.uint8)).reshape(-1, HASH_SIDE, HASH_SIDE)
    bits = bits.swapaxes(1, 2).copy() if turn.is_transposed else bits
    bits[:, 1::2] ^= turn.is_upside_down
    bits[:, :, 1::2] ^= turn.is_mirrored
    return np.packbits(bits.reshape(-1, HASH_SIDE**2), axis=1).view(np.uint64).ravel()


def close_pairs(hashes: np.ndarray, others: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """All pairs i < j of one label with hashes[i] and others[j] apart in at most 8 bits; not by comparing all with all.

    If at most 8 of 64 bits differ, at most one does in at least one of five bands of 12 or 13 bits (pigeonhole): sort
    the others by each band, and compare each hash with those of the same band, and of each with one bit turned.
    hashes, others: uint64 (n,).   labels: int (n,).   Returns int64 (n_pairs, 2), each pair once, in ascending order.
    """
    found = [np.zeros((0, 2), dtype=np.int64)]
    for low, high in pairwise(BAND_EDGES):
        mine, theirs = (
            ((values >> np.uint64(low)) % np.uint64(1 << (high - low))).astype(np.int64)
            + (labels % PARTS << high - low)
            for values in (hashes, others)
        )
        order = np.argsort(theirs, kind="stable")
        n_equal = np.bincount(theirs, minlength=PARTS << (high - low))
        ends = np.cumsum(n_equal)  # where those of each band end in `order`
        for turned in (0, *(1 << bit for bit in range(high - low))):
            keys = mine ^ turned
            left, place = np.arange(len(hashes)), ends[keys] - n_equal[keys]
            while len(left):
                inside = place[left] < ends[keys[left]]
                left = left[inside]
                right = order[place[left]]
                near = np.bitwise_count(hashes[left] ^ others[right]) <= RADIUS
                near &= (left < right) & (labels[left] == labels[right])
                found.append(np.stack([left, right], axis=1)[near])
                place[left] += 1
    return np.unique(np.concatenate(found), axis=0)


def correlations(images: Pictures, pairs: np.ndarray, turn: Turn = UPRIGHT) -> np.ndarray:
    """Correlation of the pixels of each pair, each channel less its mean, all channels together: float32 (n_pairs,).

    A change of brightness, contrast or tint hardly lowers it. Without the channels' means two blue skies are not alike.
    turn: of the second of each pair.
    """
    left, right = (images[side].astype(np.float32) for side in pairs.T)  # (n_pairs, height, width, channels)
    right = turn.of(right)
    left -= left.mean(axis=(1, 2), keepdims=True)
    right -= right.mean(axis=(1, 2), keepdims=True)
    products = np.einsum("nhwc,nhwc->n", left, right)
    return products / np.sqrt(np.einsum("nhwc,nhwc->n", left, left) * np.einsum("nhwc,nhwc->n", right, right))
