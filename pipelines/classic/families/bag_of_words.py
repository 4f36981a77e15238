"""Bag of visual words: local descriptors -> k-means codebook -> histogram of words, over a spatial pyramid."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np
import torch

from bakeoff.pipelines.classic.codebook.kmeans import Codebook, fit_kmeans
from bakeoff.pipelines.classic.encoding.bag_of_words import encode_bag_of_words
from bakeoff.pipelines.classic.encoding.normalization import l2_normalize, signed_power
from bakeoff.pipelines.classic.encoding.spatial import pool_pyramid
from bakeoff.pipelines.classic.encoding.vlad import encode_vlad
from bakeoff.pipelines.classic.families.descriptors import DenseSift, Descriptors, sample_descriptors
from bakeoff.pipelines.classic.families.family import FeatureFamily, cell_names
from bakeoff.pipelines.machine.cores import HERE, Hands


@dataclass(frozen=True)
class BagOfWords(FeatureFamily):
    """Csurka et al. 2004; pyramid after Lazebnik, Schmid, Ponce 2006; square root for the Hellinger kernel."""

    state_type: ClassVar[type] = Codebook
    is_random: ClassVar[bool] = True
    descriptors: Descriptors = field(default_factory=DenseSift)
    n_words: int = 500
    assignment: Literal["hard", "triangle"] = "hard"
    pyramid: tuple[tuple[int, int], ...] = ((1, 1), (2, 2))  # rows x columns of regions at each level
    n_samples: int = 100_000  # descriptors that the codebook is learned from
    n_iterations: int = 20

    def refusal(self, image_shape: tuple[int, int, int]) -> str:
        return self.descriptors.refusal(image_shape)

    @property
    def label(self) -> str:
        return f"bag of words of {self.descriptors.label}"

    def fit(self, images: np.ndarray, seed: int, hands: Hands = HERE) -> Codebook:
        sample, _ = sample_descriptors(self.descriptors, images, n_samples=self.n_samples, seed=seed, hands=hands)
        n_words = min(self.n_words, len(sample))
        with hands.show(f"{self.label}: k-means", self.n_iterations) as advance:
            return fit_kmeans(sample, n_words=n_words, n_iterations=self.n_iterations, seed=seed, advance=advance)

    def column_names(self, image_shape: tuple[int, int, int], state: Any, length: int) -> list[str]:
        return word_names(self.pyramid, length)

    def encode(self, images: torch.Tensor, state: Codebook) -> torch.Tensor:
        height, width = images.shape[1:3]
        pooled = pool_pyramid(
            lambda sets: self.encode_sets(sets, state),
            self.descriptors.extract(images),
            self.descriptors.positions(height, width),
            height,
            width,
            levels=self.pyramid,
        )
        return l2_normalize(signed_power(pooled))

    def encode_sets(self, sets: torch.Tensor, codebook: Codebook) -> torch.Tensor:
        """float32 (n, m, d), the descriptors of a region -> (n, width): where a subclass puts another encoding."""
        return encode_bag_of_words(sets, codebook, assignment=self.assignment)


def word_names(pyramid: tuple[tuple[int, int], ...], length: int) -> list[str]:
    """Of `pool_pyramid`'s values, region by region."""
    cells = [cell for level in pyramid for cell in cell_names(*level)]
    return [f"{cell} word {word + 1}" for cell in cells for word in range(length // len(cells))]


@dataclass(frozen=True)
class Vlad(BagOfWords):
    """How descriptors differ from their word, added up. Jegou, Douze, Schmid, Perez 2010."""

    n_words: int = 64

    @property
    def label(self) -> str:
        return f"VLAD of {self.descriptors.label}"

    def column_names(self, image_shape: tuple[int, int, int], state: Any, length: int) -> list[str]:
        """Of each word all dimensions of its descriptors, one after the other."""
        return [name.replace(" word ", " value ") for name in super().column_names(image_shape, state, length)]

    def encode_sets(self, sets: torch.Tensor, codebook: Codebook) -> torch.Tensor:
        return encode_vlad(sets, codebook)
