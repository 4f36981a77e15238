"""What is done to a minibatch of training pictures: one indexing operation for the whole batch, no loop.

Every draw takes an explicit generator and happens on the CPU, so that a seed means the same on every device.
The functions that draw are separate from those that apply, so that each can be checked by hand.
"""

from __future__ import annotations

import torch
from scipy.special import betaincinv
from torch import Generator, Tensor

from pipelines.neural.config import Augmentation


def augment(
    images: Tensor, mirrored: Tensor | None, color: Tensor, settings: Augmentation, generator: Generator
) -> Tensor:
    """Crop, flip and cut out, in this order.

    images: uint8 (n, channels, height, width).   mirrored: bool (n,), the pictures to flip; None for none.
    color: float32 (channels,), fills the cut-out squares.   Returns uint8, or float32 where something was cut out.
    """
    n_images, _, height, width = images.shape
    if settings.crop:
        images = shift(images, draw_shifts(n_images, settings.crop, generator))
    if mirrored is not None:
        images = flip(images, mirrored)
    if settings.cutout:
        images = cut_out(images, draw_corners(n_images, height, width, generator), settings.cutout, color)
    return images


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


def cut_out(images: Tensor, corners: Tensor, side: int, color: Tensor) -> Tensor:
    """Set one square a picture to `color`, so that no single detail decides. Source: DeVries, Taylor 2017.

    corners: int64 (n, 2), row and column of the square's upper left corner plus `side // 2`: squares may hang over the
    border, as in the source.   Returns float32.
    """
    _, _, height, width = images.shape
    top_left = corners.to(images.device) - side // 2
    rows = torch.arange(height, device=images.device) - top_left[:, :1]  # (n, height), 0 at the square's first row
    columns = torch.arange(width, device=images.device) - top_left[:, 1:]
    inside_rows, inside_columns = (rows >= 0) & (rows < side), (columns >= 0) & (columns < side)
    inside = inside_rows[:, None, :, None] & inside_columns[:, None, None, :]  # (n, 1, height, width)
    return torch.where(inside, color.to(images.device).view(1, -1, 1, 1), images.float())


def mix(images: Tensor, targets: Tensor, partners: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
    """Mixup: share * own + (1 - share) * partner, for pictures and targets alike. Source: Zhang et al. 2018.

    targets: float32 (n, n_classes).   partners: int64 (n,).   shares: float32 (n,).   Returns float32 of both.
    """
    partners, shares = partners.to(images.device), shares.to(images.device)
    images = images.float()
    mixed_images = torch.lerp(images[partners], images, shares.view(-1, 1, 1, 1))
    return mixed_images, torch.lerp(targets[partners], targets, shares.view(-1, 1))


def draw_shifts(n_images: int, largest: int, generator: Generator) -> Tensor:
    """int64 (n, 2), uniform over -largest..largest."""
    return torch.randint(-largest, largest + 1, (n_images, 2), generator=generator)


def draw_corners(n_images: int, height: int, width: int, generator: Generator) -> Tensor:
    """int64 (n, 2), uniform over the picture's rows and columns."""
    return (torch.rand(n_images, 2, generator=generator) * torch.tensor([height, width])).long()


def draw_mixing(n_images: int, alpha: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Partners, a permutation int64 (n,), and shares float32 (n,) from Beta(alpha, alpha).

    The inverse of the distribution function turns the generator's uniform numbers into Beta ones.
    """
    partners = torch.randperm(n_images, generator=generator)
    uniform = torch.rand(n_images, generator=generator, dtype=torch.float64)
    return partners, torch.from_numpy(betaincinv(alpha, alpha, uniform.numpy())).float()


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
