"""EfficientNet-Lite0 without its classifier: a picture of 224 px to the 1,280 pooled values of its last layer.

Source: Tan, Le, ICML 2019; the Lite variant of its TensorFlow implementation (no squeeze-and-excitation, ReLU6, padding
as there). Parameters have the names that the PyTorch conversion of those weights gave them.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import fuse_conv_bn_eval, skip_init

N_FEATURES = 1280
STEM = 32  # channels of the first layer
# Blocks of a stage, kernel, stride of the first block, expansion, channels out.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
N_BLOCKS = sum(n_blocks for n_blocks, *_ in STAGES)
EPSILON = 1e-3  # of batch norm, as TensorFlow had it
DOWNSCALING = 32  # all strides together: the side of a picture must be a multiple


class Backbone(nn.Module):
    """Any net behind the resizing and the scaling of pixels that it was trained with.

    body: with `pretrained_cfg`, as timm has it.   image_size: pixels; None for the size that it was trained at.
    """

    def __init__(self, body: Any, image_size: int | None = None) -> None:
        super().__init__()
        known = body.pretrained_cfg
        self.body: Any = body
        self.image_size = image_size or known["input_size"][-1]
        self.mean, self.deviation = ([255 * value for value in known[name]] for name in ("mean", "std"))
        self.mode = "bicubic" if known["interpolation"] == "bicubic" else "bilinear"

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """float32 (n, 1 or 3, h, w), 0..255, to features (n, d)."""
        return self.body(self.scaled(pixels))  # type: ignore[no-any-return]

    def maps(self, pixels: torch.Tensor, block: int) -> torch.Tensor:
        """What that block of EfficientNet-Lite0 reads, (n, channels, h, w)."""
        return self.body.before(self.scaled(pixels), block)

    def scaled(self, pixels: torch.Tensor) -> torch.Tensor:
        """float32 (n, 3, image_size, image_size): what the net itself reads."""
        pixels, size = pixels.expand(-1, 3, -1, -1), (self.image_size, self.image_size)
        if pixels.shape[2:] != size:
            pixels = F.interpolate(pixels, size, mode=self.mode, antialias=True)
        mean, deviation = (pixels.new_tensor(numbers).view(3, 1, 1) for numbers in (self.mean, self.deviation))
        return pixels.sub(mean).div_(deviation).contiguous(memory_format=torch.channels_last)


class EfficientNetLite0(nn.Module):
    """float32 (n, 3, h, w) in about -1..1, h and w multiples of 32 -> float32 (n, 1280), all in 0..6."""

    pretrained_cfg: ClassVar[Mapping[str, Any]] = {
        "classifier": "_fc",
        "input_size": (3, 224, 224),
        "mean": (127 / 255,) * 3,  # of a pixel value in 0..1, as TensorFlow's Lite nets were trained
        "std": (128 / 255,) * 3,
        "interpolation": "bilinear",
    }

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = _convolution(3, STEM, 3, stride=2), _norm(STEM)
        blocks, n_inputs = [], STEM
        for n_blocks, kernel, stride, expansion, n_outputs in STAGES:
            for number in range(n_blocks):
                blocks.append(Block(n_inputs, n_outputs, kernel, stride if number == 0 else 1, expansion))
                n_inputs = n_outputs
        self._blocks = nn.ModuleList(blocks)
        self._conv_head, self._bn1 = _convolution(n_inputs, N_FEATURES, 1), _norm(N_FEATURES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.after(self.before(x, N_BLOCKS), N_BLOCKS)

    def before(self, x: torch.Tensor, block: int) -> torch.Tensor:
        """What that block reads."""
        x = F.relu6(self._bn0(_padded(self._conv_stem, x)))
        for each in self._blocks[:block]:
            x = each(x)
        return x

    def after(self, x: torch.Tensor, block: int) -> torch.Tensor:
        """The features, from what that block reads."""
        for each in self._blocks[block:]:
            x = each(x)
        return F.relu6(self._bn1(self._conv_head(x))).mean(dim=(2, 3))


class Block(nn.Module):
    """Inverted residual: expansion, a filter for each channel, projection; added to its input where shapes allow."""

    def __init__(self, n_inputs: int, n_outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        n_inner = n_inputs * expansion
        self.is_residual, self.expands = stride == 1 and n_inputs == n_outputs, expansion > 1
        if self.expands:
            self._expand_conv, self._bn0 = _convolution(n_inputs, n_inner, 1), _norm(n_inner)
        self._depthwise_conv = _convolution(n_inner, n_inner, kernel, stride=stride, groups=n_inner)
        self._bn1 = _norm(n_inner)
        self._project_conv, self._bn2 = _convolution(n_inner, n_outputs, 1), _norm(n_outputs)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        x = F.relu6(self._bn0(self._expand_conv(inputs))) if self.expands else inputs
        x = F.relu6(self._bn1(_padded(self._depthwise_conv, x)))
        x = self._bn2(self._project_conv(x))
        return x + inputs if self.is_residual else x


def _convolution(n_inputs: int, n_outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    shape = {"stride": stride, "padding": (kernel - stride) // 2, "groups": groups}
    device = torch.get_default_device()
    return skip_init(nn.Conv2d, n_inputs, n_outputs, kernel, **shape, bias=False, device=device)


def _norm(n_channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(n_channels, eps=EPSILON)


def _padded(convolution: Any, x: torch.Tensor) -> torch.Tensor:
    """TensorFlow's "same": of an even side that is halved, one pixel more at the end than at the beginning."""
    return convolution(F.pad(x, (0, 1, 0, 1)) if convolution.stride[0] == 2 else x)


def fold(network: EfficientNetLite0) -> EfficientNetLite0:
    """The same function, every batch norm now a part of the convolution before it; in place."""
    network.eval()
    for module in network.modules():
        for (name, convolution), (norm_name, norm) in pairwise(list(module.named_children())):
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(convolution, norm))
                setattr(module, norm_name, nn.Identity())
    return network
