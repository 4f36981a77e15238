"""Fisher vectors: local descriptors -> PCA -> Gaussian mixture -> how the picture pulls at every Gaussian."""

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch

from bakeoff.pipelines.classic.codebook.gaussian_mixture import GaussianMixture, fit_gaussian_mixture
from bakeoff.pipelines.classic.encoding.encodings import encode_fisher_vector, l2_normalize, signed_power
from bakeoff.pipelines.classic.encoding.spatial import append_positions
from bakeoff.pipelines.classic.families.descriptors import DescriptorFamily, Descriptors, Patches
from bakeoff.pipelines.classic.matrix.projections import PCA, ZCA, fit_pca, fit_zca, project, whiten
from bakeoff.pipelines.machine.cores import HERE, Hands
from bakeoff.pipelines.machine.tracing import untraced


@dataclass(frozen=True)
class ProjectionAndMixture:
    """pca: of the descriptors.   mixture: of the projected descriptors with their positions appended."""

    pca: PCA
    mixture: GaussianMixture


@dataclass(frozen=True)
class FisherVectors(DescriptorFamily):
    """The improved Fisher vector (Perronnin, Sanchez, Mensink 2010) with spatial coordinates (Sanchez et al. 2012)."""

    state_type: ClassVar[type] = ProjectionAndMixture
    n_components: int = 64  # dimensions kept by the PCA
    n_gaussians: int = 128
    position_scale: float = 1.5  # deviation of x and y, in deviations of a projected descriptor's value; 0: no position
    symmetric: bool = False  # pool over the picture and its mirror image: the vector cannot tell left from right
    n_samples: int = 300_000  # descriptors that the PCA and the mixture are learned from
    n_iterations: int = 15  # of expectation maximization

    @property
    def label(self) -> str:
        return f"fisher vectors of {self.descriptors.label}"

    def fit(self, images: np.ndarray, seed: int, hands: Hands = HERE) -> Any:
        sample, positions = self.descriptors.sample(images, self.n_samples, seed, hands)
        return self._fit(sample, positions, images, seed, hands)

    def _fit(
        self, sample: torch.Tensor, positions: torch.Tensor, images: np.ndarray, seed: int, hands: Hands
    ) -> ProjectionAndMixture:
        height, width = images.shape[1:3]
        pca = fit_pca(sample, n_components=min(self.n_components, sample.shape[1]))
        placed = self._place(project(sample, pca), positions, height, width, pca)
        with hands.show(f"{self.descriptors.label}: Gaussian mixture", self.n_iterations) as advance:
            mixture = fit_gaussian_mixture(
                placed,
                n_components=min(self.n_gaussians, len(placed)),
                n_iterations=self.n_iterations,
                seed=seed,
                advance=advance,
            )
        return ProjectionAndMixture(pca, mixture)

    def column_names(self, image_shape: tuple[int, int, int], state: Any, length: int) -> list[str]:
        """The last two dimensions are x and y, where positions are appended."""
        k, d = state.mixture.means.shape
        ofs = [f"{part} of gaussian {gaussian + 1}" for part in ("mean", "deviation") for gaussian in range(k)]
        return [f"{of} component {component + 1}" for of in ofs for component in range(d)]

    def encode(self, images: torch.Tensor, state: Any) -> torch.Tensor:
        vectors = self._pool(images, state)
        if self.symmetric:
            vectors = vectors + self._pool(images.flip(2), state)
        return l2_normalize(signed_power(vectors))

    def _prepare(self, descriptors: torch.Tensor, state: Any) -> torch.Tensor:
        """What the PCA sees of descriptors, (n, m, d)."""
        return descriptors

    def _pool(self, images: torch.Tensor, state: Any) -> torch.Tensor:
        height, width = images.shape[1:3]
        parts = self.descriptors.extract_parts(images)
        projected = torch.cat([project(self._prepare(part, state), state.pca) for part in parts], dim=1)
        placed = self._place(projected, self.descriptors.positions(height, width), height, width, state.pca)
        return encode_fisher_vector(placed, state.mixture, normalize=False)

    def _place(
        self, projected: torch.Tensor, positions: torch.Tensor, height: int, width: int, pca: PCA
    ) -> torch.Tensor:
        """Append x and y, each with position_scale times the root mean square deviation of the projected values."""
        if self.position_scale == 0:
            return projected
        with untraced():
            deviation = self.position_scale * float(pca.variances.mean().sqrt())
        side = math.sqrt(12) * deviation  # a uniform coordinate over a side s has deviation s / sqrt(12)
        return append_positions(projected, positions, height, width, scale=side)


@dataclass(frozen=True)
class WhitenedProjectionAndMixture(ProjectionAndMixture):
    """The same of whitened patches at unit length. zca: of the patches."""

    zca: ZCA


@dataclass(frozen=True)
class PatchFisherVectors(FisherVectors):
    """Fisher vectors of raw patches, ZCA-whitened as by Coates, Ng, Lee 2011, then brought to unit length."""

    state_type: ClassVar[type] = WhitenedProjectionAndMixture
    descriptors: Descriptors = field(default_factory=Patches)
    regularizer: float = 0.1  # added to the eigenvalues before whitening, as a share of their mean

    def fit(self, images: np.ndarray, seed: int, hands: Hands = HERE) -> Any:
        sample, positions = self.descriptors.sample(images, self.n_samples, seed, hands)
        mean_eigenvalue = float(sample.var(dim=0).mean())  # the trace over the dimension
        zca = fit_zca(sample, regularizer=self.regularizer * mean_eigenvalue)
        learned = self._fit(l2_normalize(whiten(sample, zca)), positions, images, seed, hands)
        return WhitenedProjectionAndMixture(learned.pca, learned.mixture, zca)

    def _prepare(self, descriptors: torch.Tensor, state: Any) -> torch.Tensor:
        return l2_normalize(whiten(descriptors, state.zca))
