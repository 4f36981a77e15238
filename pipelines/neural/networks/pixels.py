"""The first step of every net: pixels 0..255 to numbers of zero mean and unit spread. It is stored with the net."""

from __future__ import annotations

import torch
from torch import Tensor, nn

ZCA_REGULARIZATION = 0.01  # added to each variance, as a share of the mean variance: keeps noise from being blown up
PICTURES_AT_A_TIME = 4096


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


class Whiten(nn.Module):
    """ZCA: W (x - mean), W = V diag(1 / sqrt(variance + r)) V^T over all d = channels * height * width pixels.

    Neighboring pixels stop repeating each other, while the picture stays a picture.
    Raises ValueError for pictures of more than 8192 numbers, whose d x d matrix would fill the memory.
    """

    mean: Tensor
    matrix: Tensor

    def __init__(self, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        height, width, channels = image_shape
        n_pixels = height * width * channels
        if n_pixels > 8192:
            raise ValueError(f'pixels="zca" needs at most 8192 numbers a picture, got {n_pixels}: use "standardize"')
        self.register_buffer("mean", torch.zeros(n_pixels))
        self.register_buffer("matrix", torch.eye(n_pixels))

    def fit(self, images: Tensor) -> None:
        """images: uint8 (n, channels, height, width)."""
        flat = images.flatten(1)
        self.mean.copy_(_mean_of_rows(flat))
        covariance = torch.zeros_like(self.matrix)
        for part in flat.split(PICTURES_AT_A_TIME):
            centered = part - self.mean
            covariance += centered.T @ centered
        variances, axes = torch.linalg.eigh(covariance / len(flat))
        variances = variances.clamp(min=0) + ZCA_REGULARIZATION * variances.mean()
        self.matrix.copy_((axes * variances.rsqrt()) @ axes.T)

    def forward(self, images: Tensor) -> Tensor:
        whitened = (images.flatten(1) - self.mean) @ self.matrix
        return whitened.view(images.shape)


def _mean_of_rows(flat: Tensor) -> Tensor:
    total = torch.zeros(flat.shape[1], dtype=torch.float64, device=flat.device)
    for part in flat.split(PICTURES_AT_A_TIME):
        total += part.sum(dim=0)
    return (total / len(flat)).float()
