"""Pictures of visual words: the mean of the patches assigned to each word."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from bakeoff.pipelines.classic.codebook.kmeans import Codebook, assign_words


def draw_visual_words(
    images: torch.Tensor,
    descriptors: Iterable[torch.Tensor],
    positions: torch.Tensor,
    codebook: Codebook,
    *,
    window_size: int,
    n_words: int = 48,
    n_patches: int = 12,
) -> torch.Tensor:
    """The mean of the n_patches patches nearest to each of the n_words words that are used most.

    images: uint8 (n, h, w, c).   descriptors: of the images in order, float32 (b, m, d) for b of them at a time; only
        one such batch is held.   positions: float32 (m, 2), their centers (x, y).
    window_size: side in pixels of the patch that a descriptor sees; cut off at the border by moving it inside.
    Returns uint8 (at most n_words, window_size, window_size, c): most used word first; unused words are left out.
    """
    usage, n_seen = np.zeros(codebook.n_words, np.int64), 0
    words, distances, rows = np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.int64)  # nearest patches
    for batch in descriptors:
        flat = batch.flatten(0, 1)
        assigned = assign_words(flat, codebook)
        usage += np.bincount(assigned.numpy(), minlength=codebook.n_words)
        words = np.concatenate([words, assigned.numpy()])
        distances = np.concatenate([distances, (flat - codebook.centers[assigned]).square().sum(dim=1).numpy()])
        rows = np.concatenate([rows, np.arange(n_seen, n_seen + len(flat))])
        nearest = _first_of_each(words, distances, n_patches)
        words, distances, rows, n_seen = words[nearest], distances[nearest], rows[nearest], n_seen + len(flat)
    height, width = images.shape[1:3]
    corners = (positions - (window_size - 1) / 2).round().long()
    corners = corners.clamp(min=torch.tensor(0), max=torch.tensor([width - window_size, height - window_size]))
    pictures, m = [], len(positions)
    for word in [word for word in (-usage).argsort(kind="stable")[:n_words] if usage[word] > 0]:
        patches = [_cut(images[i // m], corners[i % m], window_size) for i in rows[words == word].tolist()]
        pictures.append(torch.stack(patches).float().mean(dim=0).round().to(torch.uint8))
    return torch.stack(pictures)


def _first_of_each(words: np.ndarray, distances: np.ndarray, most: int) -> np.ndarray:
    """Indices of the `most` nearest of every word, word by word and from near to far."""
    order = np.lexsort((distances, words))
    place = np.arange(len(order)) - np.searchsorted(words[order], words[order])  # 0, 1, ... within a word
    return order[place < most]


def _cut(image: torch.Tensor, corner: torch.Tensor, size: int) -> torch.Tensor:
    x, y = corner.tolist()
    return image[y : y + size, x : x + size]
