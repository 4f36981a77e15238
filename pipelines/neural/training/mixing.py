"""Two training pictures in one, targets in proportion: mixup blends them, CutMix pastes a box of the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from scipy.special import betaincinv
from torch import Generator, Tensor

from bakeoff.pipelines.neural.config import Augmentation


@dataclass(frozen=True)
class Mixing:
    """What chance decided for n pictures, a row each.

    partners: int64 (n,), positions in the minibatch.   shares: float32 (n,), of the own picture in picture and target.
    boxes: int64 (n, 4), top, left, bottom and right of what the partner covers; None to blend.
    """

    partners: Tensor
    shares: Tensor
    boxes: Tensor | None = None

    def rows(self, chosen: Tensor) -> Mixing:
        boxes = None if self.boxes is None else self.boxes[chosen]
        return replace(self, partners=self.partners[chosen], shares=self.shares[chosen], boxes=boxes)


def draw_mixing(n_images: int, height: int, width: int, settings: Augmentation, generator: Generator) -> Mixing | None:
    """Partners are a permutation, shares follow Beta(alpha, alpha). None for no mixing.

    With both alphas set, a fair coin decides for each minibatch.
    """
    pasting = settings.cutmix > 0
    if pasting and settings.mixup > 0:
        pasting = bool(torch.rand((), generator=generator) < 0.5)
    alpha = settings.cutmix if pasting else settings.mixup
    if not alpha:
        return None
    partners = torch.randperm(n_images, generator=generator)
    shares = draw_beta(n_images, alpha, generator)
    if not pasting:
        return Mixing(partners, shares)
    boxes = _boxes(shares, torch.rand(n_images, 2, generator=generator), height, width)
    covered = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return Mixing(partners, 1 - covered / (height * width), boxes)


def draw_beta(n: int, alpha: float, generator: Generator) -> Tensor:
    """float32 (n,) from Beta(alpha, alpha): the inverse of the distribution function of uniform numbers."""
    uniform = torch.rand(n, generator=generator, dtype=torch.float64)
    return torch.from_numpy(betaincinv(alpha, alpha, uniform.numpy())).float()


def mix(
    images: Tensor, targets: Tensor, others: Tensor, other_targets: Tensor, mixing: Mixing
) -> tuple[Tensor, Tensor]:
    """share * own + (1 - share) * other, for targets always; for pictures by blending or by pasting the box.

    images, others: (n, channels, height, width), row i of `others` being the partner of row i.
    targets, other_targets: float32 (n, n_classes).   Returns both mixed; blended pictures are float32.
    Sources: mixup, Zhang et al. 2018; CutMix, Yun et al. 2019. Differs: a share and a box for each picture, not one
    for the minibatch.
    """
    shares = mixing.shares.to(images.device)
    targets = torch.lerp(other_targets, targets, shares.view(-1, 1))
    if mixing.boxes is None:
        return torch.lerp(others.float(), images.float(), shares.view(-1, 1, 1, 1)), targets
    return torch.where(_inside(mixing.boxes.to(images.device), images), others, images), targets


def _boxes(shares: Tensor, centers: Tensor, height: int, width: int) -> Tensor:
    """int64 (n, 4): boxes of the picture's proportions that cover 1 - share of it, around centers in 0..1, cut off at
    the border."""
    sides = (1 - shares).sqrt().view(-1, 1) * torch.tensor([height, width])
    size = torch.tensor([height, width])
    middle = (centers * size).floor()
    first, last = (middle - sides / 2).floor(), (middle + sides / 2).floor()
    return torch.cat([first.clamp(min=0), torch.minimum(last, size)], dim=1).long()


def _inside(boxes: Tensor, images: Tensor) -> Tensor:
    """bool (n, 1, height, width)."""
    rows = torch.arange(images.shape[2], device=images.device)
    columns = torch.arange(images.shape[3], device=images.device)
    inside_rows = (rows >= boxes[:, :1]) & (rows < boxes[:, 2:3])  # (n, height)
    inside_columns = (columns >= boxes[:, 1:2]) & (columns < boxes[:, 3:])
    return inside_rows[:, None, :, None] & inside_columns[:, None, None, :]
