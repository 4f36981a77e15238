"""Bags of visual words: local descriptors -> k-means codebook -> histogram of words, over a spatial pyramid."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import torch

from bakeoff.pipelines.classic.codebook.kmeans import Codebook, fit_kmeans
from bakeoff.pipelines.classic.encoding.encodings import encode_bag_of_words, encode_vlad, l2_normalize, signed_power
from bakeoff.pipelines.classic.encoding.spatial import pool_pyramid
from bakeoff.pipelines.classic.families.descriptors import DescriptorFamily, Patches
from bakeoff.pipelines.classic.families.family import cell_names
from bakeoff.pipelines.classic.matrix.projections import ZCA, fit_zca, whiten
from bakeoff.pipelines.machine.cores import HERE, Hands

# Of the random centers that k-means starts from, as in the code of Coates, Ng, Lee: near the mean, so that every one
# wins patches by its direction. Centers chosen among the patches, by k-means++ above all, are often outliers that keep
# a patch each.
INITIAL_DEVIATION = 0.1


@dataclass(frozen=True)
class BagOfWords(DescriptorFamily):
    """Csurka et al. 2004; pyramid after Lazebnik, Schmid, Ponce 2006; square root for the Hellinger kernel."""

    state_type: ClassVar[type] = Codebook
    n_words: int = 500
    assignment: Literal["hard", "triangle"] = "hard"
    pyramid: tuple[tuple[int, int], ...] = ((1, 1), (2, 2))  # rows x columns of regions at each level
    n_samples: int = 100_000  # descriptors that the codebook is learned from
    n_iterations: int = 20

    @property
    def label(self) -> str:
        return f"bag of words of {self.descriptors.label}"

    def fit(self, images: np.ndarray, seed: int, hands: Hands = HERE) -> Any:
        sample, _ = self.descriptors.sample(images, self.n_samples, seed, hands)
        return self._fit_words(sample, seed, hands)

    def _fit_words(self, sample: torch.Tensor, seed: int, hands: Hands, start: torch.Tensor | None = None) -> Codebook:
        n_words, n = min(self.n_words, len(sample)), self.n_iterations
        with hands.show(f"{self.label}: k-means", n) as advance:
            return fit_kmeans(sample, n_words=n_words, n_iterations=n, seed=seed, initialization=start, advance=advance)

    def column_names(self, image_shape: tuple[int, int, int], state: Any, length: int) -> list[str]:
        cells = [cell for level in self.pyramid for cell in cell_names(*level)]
        return [f"{cell} word {word + 1}" for cell in cells for word in range(length // len(cells))]

    def encode(self, images: torch.Tensor, state: Any) -> torch.Tensor:
        return l2_normalize(signed_power(self._pool(self.descriptors.extract(images), images, state)))

    def _pool(self, descriptors: torch.Tensor, images: torch.Tensor, codebook: Codebook) -> torch.Tensor:
        height, width = images.shape[1:3]
        positions = self.descriptors.positions(height, width)
        encode = partial(self.encode_sets, codebook=codebook)
        return pool_pyramid(encode, descriptors, positions, height, width, levels=self.pyramid)

    def encode_sets(self, sets: torch.Tensor, codebook: Codebook) -> torch.Tensor:
        """float32 (n, m, d), the descriptors of a region -> (n, width): where a subclass puts another encoding."""
        return encode_bag_of_words(sets, codebook, assignment=self.assignment)


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


@dataclass(frozen=True)
class WhiteningAndCodebook:
    zca: ZCA
    codebook: Codebook


@dataclass(frozen=True)
class PatchWords(BagOfWords):
    """Triangle activations of whitened patches, summed over the four quadrants. Coates, Ng, Lee 2011: "An analysis of
    single-layer networks in unsupervised feature learning"."""

    state_type: ClassVar[type] = WhiteningAndCodebook
    descriptors: Patches = field(default_factory=Patches)
    n_words: int = 1600
    assignment: Literal["hard", "triangle"] = "triangle"
    regularizer: float = 0.1  # added to the eigenvalues before whitening, as published
    pyramid: tuple[tuple[int, int], ...] = ((2, 2),)  # quadrants
    n_samples: int = 400_000  # patches, as published
    n_iterations: int = 50  # as published

    @property
    def label(self) -> str:
        return self.name

    def fit(self, images: np.ndarray, seed: int, hands: Hands = HERE) -> WhiteningAndCodebook:
        sample, _ = self.descriptors.sample(images, self.n_samples, seed, hands)
        zca, shape = fit_zca(sample, regularizer=self.regularizer), (min(self.n_words, len(sample)), sample.shape[1])
        start = INITIAL_DEVIATION * torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(sample)
        return WhiteningAndCodebook(zca, self._fit_words(whiten(sample, zca), seed, hands, start))

    def encode(self, images: torch.Tensor, state: WhiteningAndCodebook) -> torch.Tensor:
        return self._pool(whiten(self.descriptors.extract(images), state.zca), images, state.codebook)
