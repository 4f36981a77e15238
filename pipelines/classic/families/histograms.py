"""Families of counts over the picture or its regions: colors, grays, gradients, binary patterns, co-occurrence."""

import math
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

import numpy as np
import torch

from bakeoff.datasets.splits import evenly_spread
from bakeoff.pipelines.classic.encoding.encodings import l2_normalize, signed_power
from bakeoff.pipelines.classic.families.family import FeatureFamily, GrayFamily, cell_names, grown
from bakeoff.pipelines.classic.features.grid import fault_of_size
from bakeoff.pipelines.classic.features.hog import extract_hog
from bakeoff.pipelines.classic.features.pixel_counts import (
    ANGLES,
    PROPERTIES,
    Method,
    extract_co_occurrence,
    extract_color_histogram,
    extract_gray_histogram,
    extract_local_binary_patterns,
)
from bakeoff.pipelines.classic.matrix.feature_matrix import as_matrix
from bakeoff.pipelines.classic.matrix.projections import Standardizer, fit_standardizer, standardize
from bakeoff.pipelines.machine.cores import HERE, Hands

PICTURES_FOR_SCALE = 2000  # of co-occurrence: means and deviations of so many are good to 2 %
FARTHEST = 5.0  # deviations: an odd picture must not outweigh all others


@dataclass(frozen=True)
class ColorHistogram(FeatureFamily):
    """How much of each color, here and there; square root for the Hellinger kernel. Swain, Ballard 1991."""

    needs_color: ClassVar[bool] = True
    n_bins: int = 6  # of hue, of saturation and of value; n_bins ** 3 colors
    grids: tuple[int, ...] = (1, 2, 4)  # each cuts the picture into grid x grid regions, with a histogram each

    def encode(self, images: torch.Tensor, state: Any) -> torch.Tensor:
        histograms = [extract_color_histogram(images, n_bins=self.n_bins, n_cells=grid) for grid in self.grids]
        return side_by_side(histograms)

    def column_names(self, image_shape: tuple[int, int, int], state: Any, length: int) -> list[str]:
        numbers = range(1, self.n_bins + 1)
        bins = [f"h{h} s{s} v{v}" for h, s, v in product(numbers, repeat=3)]
        return [f"{cell} bin {one}" for grid in self.grids for cell in cell_names(grid, grid) for one in bins]


@dataclass(frozen=True)
class GrayHistogram(GrayFamily):
    """How much of each gray level, here and there; square root for the Hellinger kernel."""

    n_bins: int = 32
    grids: tuple[int, ...] = (1, 2, 4)  # each cuts the picture into grid x grid regions, with a histogram each

    def refusal(self, image_shape: tuple[int, int, int]) -> str:
        return fault_of_size(*image_shape[:2], max(self.grids))

    def encode_gray(self, images: torch.Tensor) -> torch.Tensor:
        histograms = [extract_gray_histogram(images, n_bins=self.n_bins, n_cells=grid) for grid in self.grids]
        return side_by_side(histograms)

    def gray_names(self) -> list[str]:
        bins = range(1, self.n_bins + 1)
        return [f"{cell} bin {number}" for grid in self.grids for cell in cell_names(grid, grid) for number in bins]


@dataclass(frozen=True)
class Hog(FeatureFamily):
    """Histograms of oriented gradients at several cell sizes. Dalal, Triggs 2005.

    reference_side: of the pictures that the cells suit; they grow with larger ones, so that the vector does not.
    0: they are as they are.
    """

    cell_sizes: tuple[int, ...] = (4, 8)  # pixels
    block_size: int = 2  # cells
    n_orientations: int = 9
    signed: bool = False  # signed: light-to-dark and dark-to-light edges are different
    reference_side: int = 0

    def refusal(self, image_shape: tuple[int, int, int]) -> str:
        height, width, _ = image_shape
        side = self.block_size * grown(max(self.cell_sizes), height, width, self.reference_side)
        if min(height, width) < side:
            return f"a HOG block needs {side} x {side} pixels, and these pictures have {height} x {width}"
        return ""

    def encode(self, images: torch.Tensor, state: Any) -> torch.Tensor:
        height, width = images.shape[1:3]
        scales = [
            extract_hog(
                images,
                n_orientations=self.n_orientations,
                cell_size=grown(cell_size, height, width, self.reference_side),
                block_size=self.block_size,
                signed=self.signed,
            )
            for cell_size in self.cell_sizes
        ]
        return torch.cat([l2_normalize(scale) for scale in scales], dim=1)

    def column_names(self, image_shape: tuple[int, int, int], state: Any, length: int) -> list[str]:
        """Cells by their place in the picture, in each block they stand in; an orientation by where its bin opens."""
        height, width, _ = image_shape
        step = (360 if self.signed else 180) / self.n_orientations
        names = []
        for size in (grown(cell_size, height, width, self.reference_side) for cell_size in self.cell_sizes):
            n_blocks = (side // size - self.block_size + 1 for side in (height, width))
            inside = range(self.block_size)
            for y, x, row, column in product(*map(range, n_blocks), inside, inside):
                place = f"cells of {size} px: block {y + 1},{x + 1} cell {y + row + 1},{x + column + 1}"
                names += [f"{place} orientation {number * step:g}" for number in range(self.n_orientations)]
        return names


@dataclass(frozen=True)
class LocalBinaryPatterns(GrayFamily):
    """Which of a pixel's neighbors are at least as bright, counted. Ojala, Pietikainen, Maenpaa 2002."""

    n_points: int = 8
    radii: tuple[int, ...] = (1, 2, 3)  # pixels
    patterns: Method = "default"  # all 2 ** n_points; "uniform": n_points + 2, the same however the picture is turned
    n_cells: int = 2  # the picture is cut into n_cells x n_cells

    def refusal(self, image_shape: tuple[int, int, int]) -> str:
        return fault_of_size(*image_shape[:2], max(self.n_cells, 2 * max(self.radii) + 1))

    def encode_gray(self, images: torch.Tensor) -> torch.Tensor:
        histograms = [
            extract_local_binary_patterns(
                images, n_points=self.n_points, radius=radius, n_cells=self.n_cells, method=self.patterns
            )
            for radius in self.radii
        ]
        return side_by_side(histograms)

    def gray_names(self) -> list[str]:
        cells = cell_names(self.n_cells, self.n_cells)
        patterns = range(self.n_points + 2 if self.patterns == "uniform" else 2**self.n_points)
        return [f"radius {r} {cell} pattern {pattern}" for r in self.radii for cell in cells for pattern in patterns]


@dataclass(frozen=True)
class CoOccurrence(GrayFamily):
    """Which gray levels stand beside which. Haralick, Shanmugam, Dinstein 1973. The properties have unlike units, so
    each is standardized over the training pictures."""

    state_type: ClassVar[type] = Standardizer
    distances: tuple[int, ...] = (1, 2, 4)  # pixels
    n_levels: int = 16  # gray levels that are told apart

    def refusal(self, image_shape: tuple[int, int, int]) -> str:
        return fault_of_size(*image_shape[:2], max(self.distances) + 1)

    def fit(self, images: np.ndarray, seed: int, hands: Hands = HERE) -> Standardizer:
        chosen, rows = evenly_spread(len(images), PICTURES_FOR_SCALE), []
        with hands.show(f"{self.label}: scale", len(chosen)) as advance:
            for start in range(0, len(chosen), self.batch_size):
                part = images[chosen[start : start + self.batch_size]]
                rows.append(super().encode(torch.from_numpy(part).to(hands.device), None))
                advance(len(part))
        return fit_standardizer(as_matrix(torch.cat(rows)).chunks())

    def encode(self, images: torch.Tensor, state: Standardizer) -> torch.Tensor:
        """The squared length is 1 on average."""
        standardized = standardize(super().encode(images, None), state).clamp_(-FARTHEST, FARTHEST)
        return standardized / math.sqrt(standardized.shape[1])

    def encode_gray(self, images: torch.Tensor) -> torch.Tensor:
        return extract_co_occurrence(images, distances=self.distances, n_levels=self.n_levels)

    def gray_names(self) -> list[str]:
        """Values are in deviations from the mean of the training pictures, over the root of their number."""
        offsets = [f"{distance} px {math.degrees(angle):g} degrees" for distance in self.distances for angle in ANGLES]
        return [f"{name} {offset}" for name in PROPERTIES for offset in offsets]


def side_by_side(histograms: list[torch.Tensor]) -> torch.Tensor:
    """Each under its square root, for the Hellinger kernel, and of unit length."""
    return torch.cat([l2_normalize(signed_power(histogram)) for histogram in histograms], dim=1)
