"""The picture as a point: principal components of its pixels (eigenpictures; Turk, Pentland 1991)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from pipelines.chunk_map import MapChunks
from pipelines.classic.encoding.normalization import l2_normalize
from pipelines.classic.families.family import FeatureFamily
from pipelines.classic.pca import PCA, fit_pca, project
from pipelines.cores import stream_on_cores


@dataclass(frozen=True)
class PixelPca(FeatureFamily):
    state_type: ClassVar[type] = PCA
    n_components: int = 128  # dimensions kept; whitened, so that each weighs the same

    def fit(self, images: np.ndarray, seed: int, map_chunks: MapChunks = stream_on_cores) -> PCA:
        n_components = min(self.n_components, len(images) - 1, int(np.prod(images.shape[1:])))
        return fit_pca(_flatten(torch.from_numpy(images)), n_components=n_components, whiten=True)

    def encode(self, images: torch.Tensor, state: PCA) -> torch.Tensor:
        return l2_normalize(project(_flatten(images), state))


def _flatten(images: torch.Tensor) -> torch.Tensor:
    """uint8 (n, h, w, c) -> float32 (n, h*w*c) in 0..1."""
    return images.flatten(1).float() / 255
