"""Small raw patches on a grid, and their contrast normalization (Coates, Lee, Ng, AISTATS 2011)."""

from __future__ import annotations

from torch import Tensor

from bakeoff.pipelines.classic.features.grid import check_window_fits
from bakeoff.pipelines.classic.features.planes import picture_size, to_planes


def extract_patches(images: Tensor, *, patch_size: int, stride: int) -> Tensor:
    """All patch_size x patch_size patches whose corners lie on a grid of `stride` pixels.

    images: uint8 or float32 (n, height, width, channels).
    Returns float32 (n, n_patches, patch_size**2 * channels), the values of images, ordered row, column, channel.
    Raises ValueError for pictures smaller than a patch, and for non-finite values.
    """
    check_window_fits(*picture_size(images), patch_size)
    n_channels = images.shape[3]
    lines = to_planes(images).permute(1, 2, 3, 0).flatten(2)  # (n, height, width * channels)
    patches = lines.unfold(1, patch_size, stride).unfold(2, patch_size * n_channels, stride * n_channels)
    return patches.flatten(3).flatten(1, 2)  # from (n, rows, columns, y, x * channels)


def normalize_contrast(patches: Tensor, regularizer: float = 10.0) -> Tensor:
    """(x - mean) / sqrt(variance + regularizer), for each patch on its own.

    patches: float32 (..., length).   regularizer: in squared gray levels; 10 suits values 0..255 (Coates et al. 2011).
    The variance divides by length - 1, as the authors' code does.   A constant patch gives zeros.
    """
    centered = patches - patches.mean(-1, keepdim=True)
    variances = centered.square().sum(-1, keepdim=True) / (patches.shape[-1] - 1)
    return centered.div_((variances + regularizer).sqrt_())
