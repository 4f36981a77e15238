"""Normalization of pixels: 0..255 to zero mean and unit spread, the first step of every net, stored with it."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Standardize(nn.Module):
    """(pixel - mean) / deviation, for each color over all training pictures."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_channels, 1, 1))
        self.register_buffer("deviation", torch.ones(n_channels, 1, 1))

    def fit(self, images: Tensor) -> None:
        """images: uint8 (n, channels, height, width). Exact: counts each of the 256 values."""
        values = torch.arange(256, dtype=torch.float64)
        for channel in range(images.shape[1]):
            share = torch.bincount(images[:, channel].flatten(), minlength=256).cpu().double()
            share /= share.sum()
            mean = (share * values).sum()
            self.mean[channel] = mean.float()
            # A color that never changes carries nothing: divide by 1 rather than by 0.
            self.deviation[channel] = (share * (values - mean) ** 2).sum().sqrt().float() or 1.0

    def forward(self, images: Tensor) -> Tensor:
        return (images - self.mean) / self.deviation
