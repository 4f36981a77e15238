"""Encode sets of descriptors as vectors of locally aggregated descriptors (VLAD)."""

from __future__ import annotations

import torch

from bakeoff.pipelines.classic.codebook.kmeans import Codebook
from bakeoff.pipelines.classic.encoding.descriptor_sets import encode_in_chunks
from bakeoff.pipelines.classic.encoding.normalization import intra_normalize, l2_normalize


def encode_vlad(descriptors: torch.Tensor, codebook: Codebook) -> torch.Tensor:
    """Encode each image as the sums, word by word, of x - c over the descriptors x nearest to the word's center c.

    descriptors: float32 (n, m, d): m descriptors of each of n images.   codebook: k words in d dimensions.
    Returns float32 (n, k*d), each word's part of unit length first (Arandjelovic, Zisserman, CVPR 2013), then all;
        zeros if m == 0.
    Raises ValueError if d differs from the codebook's, or a descriptor is not finite.
    """
    n_words, dimension = codebook.centers.shape

    def encode_chunk(chunk: torch.Tensor, encodings: torch.Tensor) -> None:
        rows = chunk.reshape(-1, dimension)
        words = codebook.nearest(rows)
        images = torch.arange(chunk.shape[0], device=chunk.device).repeat_interleave(chunk.shape[1])
        residuals = rows - codebook.centers[words]
        sums = (
            encodings.zero_().view(-1, dimension).index_add_(0, images * n_words + words, residuals).view_as(encodings)
        )
        l2_normalize(intra_normalize(sums, n_words), out=encodings)

    return encode_in_chunks(
        descriptors,
        encode_chunk,
        dimension=dimension,
        width=n_words * dimension,
        floats_per_descriptor=n_words + 2 * dimension,
    )
