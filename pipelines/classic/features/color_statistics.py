"""Local color statistics: mean and deviation of R, G, B in the 4 x 4 sub-regions of a patch, 96 numbers.

Source: Clinchant, Csurka, Perronnin, Renders, ImageEval workshop at CVIR 2007; the color half of the system that won
the ImageNet challenge in 2011 (Perronnin, Sanchez, Mensink, ECCV 2010).
"""

import torch
from torch import Tensor

from bakeoff.pipelines.classic.features.grid import N_BINS, Bins, bins_by_window, shared_bins
from bakeoff.pipelines.classic.features.planes import in_chunks, to_color_planes
from bakeoff.pipelines.machine.tracing import computed_once

# Subtracted first: the squares of what is left sum exactly in float32, for bytes and cells up to 32 pixels.
MIDDLE = 128


def extract_color_statistics(images: Tensor, *, cell_size: int, stride: int) -> Tensor:
    """Color statistics of the patches on a grid.

    images: uint8 or float32 (n, height, width, 3 or another number of channels), 0..255.
    cell_size: side of a sub-region in pixels; a patch is 4.   stride: pixels.
    Returns float32 (n, n_patches, 32 * channels), gray levels: for each sub-region, row by row, the means of R, G, B,
    then their standard deviations.
    Raises ValueError for gray pictures, pictures smaller than a patch, and non-finite values.
    """

    def statistics(chunk: Tensor) -> Tensor:
        cells, bins_y, bins_x = _cell_statistics(to_color_planes(chunk), cell_size, stride)
        rows = bins_by_window(cells, 2, bins_x).contiguous()  # (n, places_y, patches_x, 4, 6)
        patches = bins_by_window(rows, 1, bins_y)  # (n, patches_y, 4, patches_x, 4, 6)
        return patches.transpose(2, 3).flatten(3).flatten(1, 2)

    return in_chunks(statistics, images, N_BINS * cell_size, growth=2)


def _cell_statistics(planes: Tensor, cell_size: int, stride: int) -> tuple[Tensor, Bins, Bins]:
    """(3, n, h, w) -> (n, places_y, places_x, 6): means and deviations of every sub-region that a patch may need."""
    (bins_y, sums_y), (bins_x, sums_x) = (
        _cell_sums(length, cell_size, stride, planes.device) for length in planes.shape[2:]
    )
    centered = planes - MIDDLE
    sums = torch.matmul(sums_y, torch.cat([centered, centered.square()]) @ sums_x.T).double()
    means, squares = (sums / cell_size**2).chunk(2)
    deviations = (squares - means.square()).clamp_(min=0).sqrt_()
    return torch.cat([means + MIDDLE, deviations]).float().permute(1, 2, 3, 0).contiguous(), bins_y, bins_x


@computed_once
def _cell_sums(length: int, cell_size: int, stride: int, device: torch.device) -> tuple[Bins, Tensor]:
    """The sub-regions along one side, and float32 (n_places, length): 1 where a pixel lies in one, else 0."""
    bins = shared_bins(length, window_size=N_BINS * cell_size, bin_size=cell_size, stride=stride)
    starts = torch.tensor(bins.places)[:, None]
    pixels = torch.arange(length)
    return bins, ((pixels >= starts) & (pixels < starts + cell_size)).float().to(device)
