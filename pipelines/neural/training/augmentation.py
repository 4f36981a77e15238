"""What is done to a minibatch of training pictures: one indexing operation for the whole batch, no loop.

Every draw takes an explicit generator and happens on the CPU, so that a seed means the same on every device.
The functions that draw are separate from those that apply, so that each can be checked by hand.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from bakeoff.pipelines.neural.config import Augmentation


def augment(images: Tensor, mirrored: Tensor | None, shifts: Tensor | None) -> Tensor:
    """Crop, then flip. images, and what is returned: uint8 (n, channels, height, width).

    mirrored: bool (n,).   shifts: int64 (n, 2).   None for what is not to be done.
    """
    if shifts is not None:
        images = shift(images, shifts)
    return images if mirrored is None else flip(images, mirrored)


def flip(images: Tensor, mirrored: Tensor) -> Tensor:
    """Mirror left-right the pictures where `mirrored`, bool (n,), is true."""
    return torch.where(mirrored.to(images.device).view(-1, 1, 1, 1), images.flip(3), images)


def shift(images: Tensor, shifts: Tensor) -> Tensor:
    """Move each picture's window by shifts[:, 0] rows and shifts[:, 1] columns; borders are mirrored.

    shifts: int64 (n, 2), each smaller in size than the picture's side. The same as padding by reflection and cropping.
    """
    n_images, channels, height, width = images.shape
    shifts = shifts.to(images.device)
    rows = _reflect(torch.arange(height, device=images.device) + shifts[:, :1], height)  # (n, height)
    columns = _reflect(torch.arange(width, device=images.device) + shifts[:, 1:], width)  # (n, width)
    source = (rows[:, :, None] * width + columns[:, None, :]).view(n_images, 1, -1)  # (n, 1, height * width)
    return images.flatten(2).gather(2, source.expand(-1, channels, -1)).view(images.shape)


def draw_shifts(n_images: int, largest: int, generator: Generator) -> Tensor | None:
    """int64 (n, 2), uniform over -largest..largest; None for 0."""
    return None if largest == 0 else torch.randint(-largest, largest + 1, (n_images, 2), generator=generator)


def draw_flips(
    settings: Augmentation, n_images: int, epoch: int, first: Generator, generator: Generator
) -> Tensor | None:
    """bool (n_images,), one for each training picture of an epoch; None for no flips.

    "random": each is a fair coin from `generator`. "alternating": fair coins from `first`, which starts at the same
    seed in every epoch, turned over in every odd epoch: two epochs show each picture both ways (Jordan 2024).
    """
    match settings.flip:
        case "none":
            return None
        case "random":
            return torch.rand(n_images, generator=generator) < 0.5
        case "alternating":
            return (torch.rand(n_images, generator=first) < 0.5) ^ (epoch % 2 == 1)


def _reflect(positions: Tensor, size: int) -> Tensor:
    """Mirror positions beyond 0..size-1 back inside, without repeating the border."""
    last = size - 1
    return last - (last - positions.abs()).abs()
