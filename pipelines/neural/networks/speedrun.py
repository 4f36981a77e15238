"""A small convolutional net that trains fast: what a few minutes of a modern recipe reach.

After airbench94: K. Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", arXiv 2404.00498, section 3.
Differs: batch norm and bias as torch has them, and any picture of at least 24 pixels a side.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from bakeoff.pipelines.neural.networks.build import Architecture
from bakeoff.pipelines.neural.speed.winograd import Convolution3x3

PATCH = 2  # side in pixels of the patches that the first layer whitens
WHITENING_REGULARIZATION = 5e-4  # added to each patch variance, for pixels of unit spread


class PatchWhitening(nn.Conv2d):
    """2 x 2 patches along their principal axes, each scaled to unit variance, and the negatives of all of them, so
    that nothing is lost in the activation that follows. Fitted once and not trained; only its bias learns."""

    def __init__(self, n_channels: int) -> None:
        super().__init__(n_channels, 2 * n_channels * PATCH**2, PATCH)
        self.weight.requires_grad = False

    @torch.no_grad()
    def fit(self, images: Tensor) -> None:
        """images: float32 (n, channels, height, width), as the layer will see them."""
        patches = nn.functional.unfold(images, PATCH).transpose(1, 2).flatten(0, 1)  # (n * positions, c * 4)
        variances, axes = torch.linalg.eigh(patches.T @ patches / len(patches))
        filters = (axes * (variances + WHITENING_REGULARIZATION).rsqrt()).T.view(-1, *self.weight.shape[1:])
        self.weight.copy_(torch.cat([filters, -filters]))


@dataclass(frozen=True)
class Speedrun(Architecture):
    """A small convolutional net that trains in minutes, after airbench94 (Jordan 2024, arXiv 2404.00498)."""

    least_side: ClassVar[int] = 24  # 23 after whitening, 11, 5 and 2 after the blocks, and some are left to pool
    widths: tuple[int, ...] = (64, 256, 256)  # channels of the three blocks
    output_scale: float = 1 / 9  # logits are multiplied by it; airbench's value

    def build(self, image_shape: tuple[int, int, int], n_classes: int) -> nn.Sequential:
        """Whitening, three blocks of two convolutions, global pooling, logits."""
        whitening = PatchWhitening(image_shape[2])
        blocks, n_inputs = [], whitening.out_channels
        for n_outputs in self.widths:
            blocks.append(_block(n_inputs, n_outputs))
            n_inputs = n_outputs
        head = nn.Linear(n_inputs, n_classes, bias=False)
        return nn.Sequential(
            whitening, nn.GELU(), *blocks, nn.AdaptiveMaxPool2d(1), nn.Flatten(), head, Scale(self.output_scale)
        )


class Scale(nn.Module):
    """Multiply by a constant."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, logits: Tensor) -> Tensor:
        return logits * self.factor


def _block(n_inputs: int, n_outputs: int) -> nn.Sequential:
    """Convolution, pooling, norm, GELU, convolution, norm, GELU: pooled early, so that the second one is cheap."""
    return nn.Sequential(
        _convolution(n_inputs, n_outputs), nn.MaxPool2d(2), _norm(n_outputs), nn.GELU(),
        _convolution(n_outputs, n_outputs), _norm(n_outputs), nn.GELU(),
    )  # fmt: skip


def _convolution(n_inputs: int, n_outputs: int) -> nn.Conv2d:
    """3 x 3, starting as the identity on the first channels: the signal passes the fresh net unharmed."""
    layer = Convolution3x3(n_inputs, n_outputs)
    n_same = min(n_inputs, n_outputs)
    nn.init.dirac_(layer.weight.data[:n_same])
    return layer


def _norm(n_channels: int) -> nn.BatchNorm2d:
    """Fast running statistics, for few epochs; no gain, the next convolution has one."""
    norm = nn.BatchNorm2d(n_channels, momentum=0.4, eps=1e-12)
    norm.weight.requires_grad = False
    return norm
