"""Haralick's texture properties as a family: of unlike units, so each is standardized over the training pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch

from bakeoff.datasets.splits import evenly_spread
from bakeoff.pipelines.classic.families.family import FeatureFamily, by_channel, names_by_channel
from bakeoff.pipelines.classic.families.histograms import fault_of_size
from bakeoff.pipelines.classic.features.co_occurrence import ANGLES, extract_co_occurrence
from bakeoff.pipelines.classic.matrix.feature_matrix import as_matrix
from bakeoff.pipelines.classic.matrix.standardize import Standardizer, fit_standardizer, standardize
from bakeoff.pipelines.machine.cores import HERE, Hands

PROPERTIES = ("contrast", "dissimilarity", "homogeneity", "ASM", "correlation", "entropy")  # in their order
PICTURES_FOR_SCALE = 2000  # means and deviations of so many are good to 2 %
FARTHEST = 5.0  # deviations: an odd picture must not outweigh all others


@dataclass(frozen=True)
class CoOccurrence(FeatureFamily):
    """Which gray levels stand beside which. Haralick, Shanmugam, Dinstein 1973."""

    state_type: ClassVar[type] = Standardizer
    distances: tuple[int, ...] = (1, 2, 4)  # pixels
    n_levels: int = 16  # gray levels that are told apart

    def refusal(self, image_shape: tuple[int, int, int]) -> str:
        return fault_of_size(image_shape, max(self.distances) + 1)

    def fit(self, images: np.ndarray, seed: int, hands: Hands = HERE) -> Standardizer:
        chosen = evenly_spread(len(images), PICTURES_FOR_SCALE)
        parts = [chosen[start : start + self.batch_size] for start in range(0, len(chosen), self.batch_size)]
        rows = []
        with hands.show(f"{self.label}: scale", len(chosen)) as advance:
            for part in parts:
                rows.append(self._extract(torch.from_numpy(images[part]).to(hands.device)))
                advance(len(part))
        return fit_standardizer(as_matrix(torch.cat(rows)).chunks())

    def encode(self, images: torch.Tensor, state: Standardizer) -> torch.Tensor:
        """The squared length is 1 on average."""
        standardized = standardize(self._extract(images), state).clamp_(-FARTHEST, FARTHEST)
        return standardized / math.sqrt(standardized.shape[1])

    def column_names(self, image_shape: tuple[int, int, int], state: Any, length: int) -> list[str]:
        """Values are in deviations from the mean of the training pictures, over the root of their number."""
        offsets = [f"{distance} px {math.degrees(angle):g} degrees" for distance in self.distances for angle in ANGLES]
        names = [f"{name} {offset}" for name in PROPERTIES for offset in offsets]
        return names_by_channel(names, image_shape[2])

    def _extract(self, images: torch.Tensor) -> torch.Tensor:
        describe = partial(extract_co_occurrence, distances=self.distances, n_levels=self.n_levels)
        return by_channel(describe, images)
