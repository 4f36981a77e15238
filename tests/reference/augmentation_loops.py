"""Augmentation one pixel at a time, for tests."""

from __future__ import annotations

import numpy as np


def flip(images: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    result = images.copy()
    for i in np.flatnonzero(mirrored):
        result[i] = images[i, :, :, ::-1]
    return result


def shift(images: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Pad by reflection, then crop."""
    largest = int(np.abs(shifts).max())
    _, _, height, width = images.shape
    result = np.empty_like(images)
    for i, (down, right) in enumerate(shifts):
        padded = np.pad(images[i], ((0, 0), (largest, largest), (largest, largest)), mode="reflect")
        top, left = largest + down, largest + right
        result[i] = padded[:, top : top + height, left : left + width]
    return result


def cut_out(images: np.ndarray, corners: np.ndarray, side: int, color: np.ndarray) -> np.ndarray:
    result = images.astype(np.float32)
    _, _, height, width = images.shape
    for i, (row, column) in enumerate(corners):
        for y in range(row - side // 2, row - side // 2 + side):
            for x in range(column - side // 2, column - side // 2 + side):
                if 0 <= y < height and 0 <= x < width:
                    result[i, :, y, x] = color
    return result


def mix(images: np.ndarray, targets: np.ndarray, partners: np.ndarray, shares: np.ndarray) -> tuple:
    mixed = [s * images[i] + (1 - s) * images[p] for i, (p, s) in enumerate(zip(partners, shares, strict=True))]
    labels = [s * targets[i] + (1 - s) * targets[p] for i, (p, s) in enumerate(zip(partners, shares, strict=True))]
    return np.array(mixed, np.float32), np.array(labels, np.float32)


def paste(images: np.ndarray, targets: np.ndarray, partners: np.ndarray, boxes: np.ndarray) -> tuple:
    """The box of each picture's partner in its place; targets by the number of pixels that are whose."""
    pasted, labels = images.copy(), np.empty(targets.shape, np.float32)
    _, _, height, width = images.shape
    for i, (partner, (top, left, bottom, right)) in enumerate(zip(partners, boxes, strict=True)):
        covered = 0
        for y in range(top, bottom):
            for x in range(left, right):
                pasted[i, :, y, x] = images[partner, :, y, x]
                covered += 1
        share = covered / (height * width)
        labels[i] = (1 - share) * targets[i] + share * targets[partner]
    return pasted, labels
