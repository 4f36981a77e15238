"""Whitened patches -> k-means words -> triangle activations, summed over the four quadrants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch

from bakeoff.pipelines.classic.codebook.kmeans import Codebook, fit_kmeans
from bakeoff.pipelines.classic.encoding.bag_of_words import encode_bag_of_words
from bakeoff.pipelines.classic.encoding.spatial import pool_pyramid
from bakeoff.pipelines.classic.families.bag_of_words import word_names
from bakeoff.pipelines.classic.families.descriptors import Patches, sample_descriptors
from bakeoff.pipelines.classic.families.family import FeatureFamily
from bakeoff.pipelines.classic.matrix.whitening import ZCA, fit_zca, whiten
from bakeoff.pipelines.machine.cores import HERE, Hands

# Of the random centers that k-means starts from, as in the authors' code: near the mean, so that every one wins patches
# by its direction. Centers chosen among the patches, by k-means++ above all, are often outliers that keep a patch each.
INITIAL_DEVIATION = 0.1


@dataclass(frozen=True)
class WhiteningAndCodebook:
    zca: ZCA
    codebook: Codebook


@dataclass(frozen=True)
class PatchWords(FeatureFamily):
    """Coates, Ng, Lee 2011: "An analysis of single-layer networks in unsupervised feature learning"."""

    state_type: ClassVar[type] = WhiteningAndCodebook
    is_random: ClassVar[bool] = True
    version: ClassVar[int] = 2
    descriptors: Patches = field(default_factory=Patches)
    n_words: int = 1600
    regularizer: float = 0.1  # added to the eigenvalues before whitening, as published
    pyramid: tuple[tuple[int, int], ...] = ((2, 2),)  # quadrants
    n_samples: int = 400_000  # patches, as published
    n_iterations: int = 50  # as published

    def refusal(self, image_shape: tuple[int, int, int]) -> str:
        return self.descriptors.refusal(image_shape)

    def fit(self, images: np.ndarray, seed: int, hands: Hands = HERE) -> WhiteningAndCodebook:
        sample, _ = sample_descriptors(self.descriptors, images, n_samples=self.n_samples, seed=seed, hands=hands)
        zca = fit_zca(sample, regularizer=self.regularizer)
        n_words = min(self.n_words, len(sample))
        generator = torch.Generator().manual_seed(seed)
        start = INITIAL_DEVIATION * torch.randn(n_words, sample.shape[1], generator=generator).to(sample)
        white, n = whiten(sample, zca), self.n_iterations
        with hands.show(f"{self.label}: k-means", n) as advance:
            codebook = fit_kmeans(
                white, n_words=n_words, n_iterations=n, seed=seed, initialization=start, advance=advance
            )
        return WhiteningAndCodebook(zca, codebook)

    def column_names(self, image_shape: tuple[int, int, int], state: Any, length: int) -> list[str]:
        return word_names(self.pyramid, length)

    def encode(self, images: torch.Tensor, state: WhiteningAndCodebook) -> torch.Tensor:
        height, width = images.shape[1:3]
        return pool_pyramid(
            lambda rows: encode_bag_of_words(rows, state.codebook, assignment="triangle"),
            whiten(self.descriptors.extract(images), state.zca),
            self.descriptors.positions(height, width),
            height,
            width,
            levels=self.pyramid,
        )
