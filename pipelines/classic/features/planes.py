"""Input check of descriptors: pictures as float32 planes, one per channel."""

from __future__ import annotations

import torch
from torch import Tensor

from bakeoff.pipelines.machine.tracing import is_exporting

REC_601_LUMA = (0.299, 0.587, 0.114)  # weights of R, G, B; the gray of OpenCV, Pillow and JPEG


def picture_size(images: Tensor) -> tuple[int, int]:
    """(height, width) of a batch; ValueError unless it is uint8 or float32 (n, height, width, channels)."""
    if images.ndim != 4 or images.shape[3] < 1 or images.dtype not in (torch.uint8, torch.float32):
        raise ValueError(
            "images must be uint8 or float32 (n, height, width, channels), "
            f"got {str(images.dtype).removeprefix('torch.')} {tuple(images.shape)}"
        )
    return images.shape[1], images.shape[2]


def to_planes(images: Tensor) -> Tensor:
    """Check a batch of pictures and lay it out channel by channel.

    images: uint8 or float32 (n, height, width, channels), values 0..255.
    Returns float32 (channels, n, height, width): whole planes are contiguous, which is what makes the kernels fast.
    Raises ValueError for another shape or dtype, and for NaN or infinity.
    """
    picture_size(images)
    if images.dtype == torch.float32 and not is_exporting() and not torch.isfinite(images).all():
        raise ValueError("images must be finite, got NaN or infinity: repair or drop those pictures")
    return images.permute(3, 0, 1, 2).contiguous().float()


def to_color_planes(images: Tensor) -> Tensor:
    """As `to_planes`, but a ValueError for gray pictures: (3 or another number, n, height, width)."""
    if images.ndim == 4 and images.shape[3] == 1:
        raise ValueError("color descriptors need images with 3 channels, got gray ones: leave them out here")
    return to_planes(images)


def luminance(planes: Tensor) -> Tensor:
    """(channels, n, height, width) -> (n, height, width): Rec. 601 luma of three planes, else their mean."""
    if len(planes) != 3:
        return planes[0] if len(planes) == 1 else planes.mean(0)
    red, green, blue = REC_601_LUMA
    return (planes[0] * red).add_(planes[1], alpha=green).add_(planes[2], alpha=blue)
