"""Encode sets of descriptors as bags of visual words, with hard or triangle assignment."""

from __future__ import annotations

from typing import Literal

import torch

from bakeoff.pipelines.classic.codebook.kmeans import Codebook
from bakeoff.pipelines.classic.encoding.descriptor_sets import encode_in_chunks


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
