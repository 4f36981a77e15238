"""Encode sets of descriptors as bags of visual words, with hard, soft or triangle assignment."""

from __future__ import annotations

from functools import partial
from typing import Literal

import torch

from bakeoff.pipelines.classic.codebook.kmeans import Codebook
from bakeoff.pipelines.classic.encoding.descriptor_sets import EncodeChunk, encode_in_chunks


def encode_bag_of_words(
    descriptors: torch.Tensor,
    codebook: Codebook,
    *,
    assignment: Literal["hard", "soft", "triangle"] = "hard",
    bandwidth: float | None = None,
) -> torch.Tensor:
    """Encode each image's descriptors as the mean of their assignments to the words.

    descriptors: float32 (n, m, d): m descriptors of each of n images.   codebook: k words in d dimensions.
    assignment, of descriptor x at distances z_j = |x - c_j|:
        hard      1 for the nearest word, 0 for the others: the normalized histogram
        soft      exp(-z_j^2 / (2 bandwidth^2)) over its sum ("codeword uncertainty", van Gemert et al., PAMI 2010)
        triangle  max(0, mean(z) - z_j) (Coates, Ng, Lee, AISTATS 2011)
    bandwidth: the standard deviation of the kernel of soft assignment, in the unit of the descriptors.
    Returns float32 (n, k); zeros if m == 0. Rows of hard and soft sum to 1.
    Raises ValueError if d differs from the codebook's, a descriptor is not finite, or soft has no bandwidth.
    """
    return encode_in_chunks(
        descriptors,
        _encoder(codebook, assignment, bandwidth),
        dimension=codebook.dimension,
        width=codebook.n_words,
        floats_per_descriptor=codebook.n_words,
    )


def _encoder(codebook: Codebook, assignment: str, bandwidth: float | None) -> EncodeChunk:
    half_norms, transposed = codebook.centers.square().sum(dim=1) / 2, codebook.centers.T.contiguous()
    if assignment == "hard":
        return partial(_encode_hard, codebook)
    if assignment == "triangle":
        return partial(_encode_triangle, 2 * half_norms, transposed)
    if assignment != "soft":
        raise ValueError(f"assignment must be 'hard', 'soft' or 'triangle', got {assignment!r}")
    if bandwidth is None or bandwidth <= 0:
        raise ValueError(f"bandwidth must be positive for soft assignment, got {bandwidth}")
    # -z^2 / 2 = x.c - |c|^2 / 2 - |x|^2 / 2, and the last term cancels in the softmax
    return partial(_encode_soft, -half_norms / bandwidth**2, transposed / bandwidth**2)


def _encode_hard(codebook: Codebook, descriptors: torch.Tensor, encodings: torch.Tensor) -> None:
    n_images, n_descriptors, dimension = descriptors.shape
    words = codebook.nearest(descriptors.reshape(-1, dimension)).view(n_images, n_descriptors)
    encodings.zero_().scatter_add_(1, words, encodings.new_full(words.shape, 1 / n_descriptors))


def _encode_soft(bias: torch.Tensor, weights: torch.Tensor, descriptors: torch.Tensor, encodings: torch.Tensor) -> None:
    shares = torch.addmm(bias, descriptors.flatten(0, 1), weights)
    torch.softmax(shares, dim=1, out=shares)
    torch.mean(shares.view(*descriptors.shape[:2], -1), dim=1, out=encodings)


def _encode_triangle(
    norms: torch.Tensor, transposed: torch.Tensor, descriptors: torch.Tensor, encodings: torch.Tensor
) -> None:
    rows = descriptors.flatten(0, 1)
    # z^2 = |x|^2 + |c|^2 - 2 x.c
    distances = torch.addmm(norms, rows, transposed, alpha=-2).add_(rows.square().sum(dim=1, keepdim=True))
    distances = distances.clamp_(min=0).sqrt_()
    activations = torch.sub(distances.mean(dim=1, keepdim=True), distances, out=distances).clamp_(min=0)
    torch.mean(activations.view(*descriptors.shape[:2], -1), dim=1, out=encodings)
