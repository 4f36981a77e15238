"""Encode sets of descriptors by visual words: bags of words, hard or triangle, and VLAD."""

from __future__ import annotations

from typing import Literal

import torch

from bakeoff.pipelines.classic.codebook.kmeans import Codebook
from bakeoff.pipelines.classic.encoding.descriptor_sets import encode_in_chunks
from bakeoff.pipelines.classic.encoding.normalization import l2_normalize


def encode_bag_of_words(
    descriptors: torch.Tensor, codebook: Codebook, *, assignment: Literal["hard", "triangle"] = "hard"
) -> torch.Tensor:
    """Encode each image's descriptors as the mean of their assignments to the words.

    descriptors: float32 (n, m, d): m descriptors of each of n images.   codebook: k words in d dimensions.
    assignment, of descriptor x at distances z_j = |x - c_j|:
        hard      1 for the nearest word, 0 for the others: the normalized histogram, whose rows sum to 1
        triangle  max(0, mean(z) - z_j) (Coates, Ng, Lee, AISTATS 2011)
    Returns float32 (n, k); zeros if m == 0.
    Raises ValueError if d differs from the codebook's, or a descriptor is not finite.
    """
    norms, transposed = codebook.centers.square().sum(dim=1), codebook.centers.T.contiguous()

    def encode_hard(sets: torch.Tensor, encodings: torch.Tensor) -> None:
        words = codebook.nearest(sets.flatten(0, 1)).view(sets.shape[:2])
        encodings.zero_().scatter_add_(1, words, encodings.new_full(words.shape, 1 / sets.shape[1]))

    def encode_triangle(sets: torch.Tensor, encodings: torch.Tensor) -> None:
        rows = sets.flatten(0, 1)
        # z^2 = |x|^2 + |c|^2 - 2 x.c
        distances = torch.addmm(norms, rows, transposed, alpha=-2).add_(rows.square().sum(dim=1, keepdim=True))
        distances = distances.clamp_(min=0).sqrt_()
        activations = torch.sub(distances.mean(dim=1, keepdim=True), distances, out=distances).clamp_(min=0)
        torch.mean(activations.view(*sets.shape[:2], -1), dim=1, out=encodings)

    return encode_in_chunks(
        descriptors,
        {"hard": encode_hard, "triangle": encode_triangle}[assignment],
        dimension=codebook.dimension,
        width=codebook.n_words,
        floats_per_descriptor=codebook.n_words,
    )


def encode_vlad(descriptors: torch.Tensor, codebook: Codebook) -> torch.Tensor:
    """Encode each image as the sums, word by word, of x - c over the descriptors x nearest to the word's center c.

    descriptors: float32 (n, m, d): m descriptors of each of n images.   codebook: k words in d dimensions.
    Returns float32 (n, k*d), each word's part of unit length first, so that none that fires often outweighs the others
        (Arandjelovic, Zisserman, CVPR 2013), then all; zeros if m == 0.
    Raises ValueError if d differs from the codebook's, or a descriptor is not finite.
    """
    n_words, dimension = codebook.centers.shape

    def encode_chunk(chunk: torch.Tensor, encodings: torch.Tensor) -> None:
        rows = chunk.reshape(-1, dimension)
        words = codebook.nearest(rows)
        images = torch.arange(chunk.shape[0], device=chunk.device).repeat_interleave(chunk.shape[1])
        residuals = rows - codebook.centers[words]
        sums = encodings.zero_().view(-1, n_words, dimension)
        sums.view(-1, dimension).index_add_(0, images * n_words + words, residuals)
        l2_normalize(l2_normalize(sums).flatten(1), out=encodings)

    return encode_in_chunks(
        descriptors,
        encode_chunk,
        dimension=dimension,
        width=n_words * dimension,
        floats_per_descriptor=n_words + 2 * dimension,
    )
