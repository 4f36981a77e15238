"""Visual words as pictures: what the patches that vote for a word look like."""

from __future__ import annotations

import torch

from bakeoff.pipelines.classic.codebook.kmeans import Codebook, assign_words


def draw_visual_words(
    images: torch.Tensor,
    descriptors: torch.Tensor,
    positions: torch.Tensor,
    codebook: Codebook,
    *,
    window_size: int,
    n_words: int = 48,
    n_patches: int = 12,
) -> torch.Tensor:
    """The mean of the n_patches patches nearest to each of the n_words words that are used most.

    images: uint8 (n, h, w, c).   descriptors: float32 (n, m, d).   positions: float32 (m, 2), their centers (x, y).
    window_size: side in pixels of the patch that a descriptor sees; cut off at the border by moving it inside.
    Returns uint8 (at most n_words, window_size, window_size, c): most used word first; unused words are left out.
    """
    m = descriptors.shape[1]
    rows = descriptors.flatten(0, 1)
    words = assign_words(rows, codebook)
    distances = (rows - codebook.centers[words]).square().sum(dim=1)
    usage = torch.bincount(words, minlength=codebook.n_words)
    drawn = [int(word) for word in usage.argsort(descending=True, stable=True)[:n_words] if usage[word] > 0]
    height, width = images.shape[1:3]
    corners = (positions - (window_size - 1) / 2).round().long()
    corners = corners.clamp(min=torch.tensor(0), max=torch.tensor([width - window_size, height - window_size]))
    pictures = []
    for word in drawn:
        members = (words == word).nonzero()[:, 0]
        nearest = members[distances[members].argsort(stable=True)[:n_patches]]
        patches = [_cut(images[i // m], corners[i % m], window_size) for i in nearest.tolist()]
        pictures.append(torch.stack(patches).float().mean(dim=0).round().to(torch.uint8))
    return torch.stack(pictures)


def _cut(image: torch.Tensor, corner: torch.Tensor, size: int) -> torch.Tensor:
    x, y = corner.tolist()
    return image[y : y + size, x : x + size]
