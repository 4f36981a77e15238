"""Where in the picture: coordinates appended to descriptors, and encodings pooled region by region.

positions: float32 (m, 2), the center (x, y) of each descriptor in pixels, the same for all images (a dense grid);
(0, 0) is the center of the first pixel.
"""

from collections.abc import Callable

import torch

from bakeoff.pipelines.machine.tracing import untraced


def append_positions(
    descriptors: torch.Tensor, positions: torch.Tensor, height: int, width: int, *, scale: float
) -> torch.Tensor:
    """Append scale * ((x + 1/2) / width - 1/2, (y + 1/2) / height - 1/2) to each descriptor (after PCA).

    descriptors: (n, m, d), or (m, d) of one image.   positions: (m, 2).
    scale: how far the picture's two sides lie apart, in the unit of the descriptors; on a full grid each coordinate
        has the standard deviation scale / sqrt(12).
    Returns (n, m, d + 2), or (m, d + 2).
    Raises ValueError if there is not one position a descriptor.
    Source: Sanchez, Perronnin, de Campos, Pattern Recognition Letters 2012 ("spatial coordinate augmentation").
    """
    _check_positions(descriptors, positions)
    size = torch.tensor([width, height], dtype=descriptors.dtype, device=descriptors.device)
    coordinates = scale * ((positions.to(descriptors) + 0.5) / size - 0.5)
    return torch.cat([descriptors, coordinates.expand(*descriptors.shape[:-1], 2)], dim=-1)


def pool_pyramid(
    encode: Callable[[torch.Tensor], torch.Tensor],
    descriptors: torch.Tensor,
    positions: torch.Tensor,
    height: int,
    width: int,
    *,
    levels: tuple[tuple[int, int], ...] = ((1, 1), (2, 2)),
) -> torch.Tensor:
    """Encode the descriptors of each cell of each level on their own, and concatenate the encodings.

    encode: any encoding (n, m, d) -> (n, width); it must accept m == 0, for cells without descriptors.
    levels: (rows, columns) of cells; ((1, 1), (2, 2)) is the whole picture and its quadrants, (3, 1) three bands.
        A descriptor on the border of two cells belongs to the lower or right one.
    Returns (n, cells * width), cells level by level and row by row; not normalized as a whole.
    Raises ValueError if positions is not (m, 2).
    Source: Lazebnik, Schmid, Ponce, CVPR 2006. Differs: levels have equal weight, as each encoding is normalized.
    """
    _check_positions(descriptors, positions)
    encodings = []
    for n_rows, n_columns in levels:
        with untraced():
            rows = ((positions[:, 1] + 0.5) * n_rows / height).long().clamp(0, n_rows - 1)
            columns = ((positions[:, 0] + 0.5) * n_columns / width).long().clamp(0, n_columns - 1)
            cells = [(rows * n_columns + columns == cell).nonzero()[:, 0] for cell in range(n_rows * n_columns)]
        for inside in cells:
            everything = len(inside) == descriptors.shape[1]
            encodings.append(encode(descriptors if everything else descriptors[:, inside.to(descriptors.device)]))
    return torch.cat(encodings, dim=1)


def _check_positions(descriptors: torch.Tensor, positions: torch.Tensor) -> None:
    expected = (descriptors.shape[-2], 2)
    if positions.shape != expected:
        raise ValueError(f"positions must have shape {expected}, one (x, y) a descriptor, got {tuple(positions.shape)}")
