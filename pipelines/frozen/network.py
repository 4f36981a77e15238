"""EfficientNet-Lite0 without its classifier: a picture of 224 px to the 1,280 pooled values of its last layer.

Source: Tan, Le, ICML 2019; the Lite variant of its TensorFlow implementation (no squeeze-and-excitation, ReLU6, padding
as there). Parameters have the names that the PyTorch conversion of those weights gave them.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import fuse_conv_bn_eval, parameters_to_vector, skip_init, vector_to_parameters

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
EPSILON = 1e-3  # of batch norm, as TensorFlow had it
DOWNSCALING = 32  # all strides together: the side of a picture must be a multiple


class EfficientNetLite0(nn.Module):
    """float32 (n, 3, h, w) in about -1..1, h and w multiples of 32 -> float32 (n, 1280), all in 0..6."""

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
        x = F.relu6(self._bn0(_padded(self._conv_stem, x)))
        for block in self._blocks:
            x = block(x)
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


NORM_OF = {  # of each convolution
    "_conv_stem": "_bn0",
    "_expand_conv": "_bn0",
    "_depthwise_conv": "_bn1",
    "_project_conv": "_bn2",
    "_conv_head": "_bn1",
}


def _convolution(n_inputs: int, n_outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return skip_init(nn.Conv2d, n_inputs, n_outputs, kernel, stride=stride, groups=groups, bias=False)


def _norm(n_channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(n_channels, eps=EPSILON)


def _padded(convolution: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """TensorFlow's "same": of an even side that is halved, one pixel more at the end than at the beginning."""
    assert isinstance(convolution, nn.Conv2d)
    (kernel, *_), (stride, *_) = convolution.kernel_size, convolution.stride
    total = kernel - stride
    before, after = total // 2, total - total // 2
    if before == after:
        return F.conv2d(
            x, convolution.weight, convolution.bias, padding=before, stride=stride, groups=convolution.groups
        )
    return convolution(F.pad(x, (before, after, before, after)))


def fold(network: EfficientNetLite0) -> torch.Tensor:
    """float32 (n,): what remains of the weights once every batch norm is a part of its convolution."""
    with torch.no_grad():
        return parameters_to_vector(_fold_norms(network.eval()).parameters())


def unfold(values: torch.Tensor) -> nn.Module:
    """The net of the values that `fold` gave, ready to run. Raises ValueError unless their number is the net's."""
    network = _fold_norms(EfficientNetLite0().eval())
    expected = sum(parameter.numel() for parameter in network.parameters())
    if values.shape != (expected,):
        raise ValueError(f"the net has {expected:,} weights, got {tuple(values.shape)}")
    vector_to_parameters(values, network.parameters())
    network.requires_grad_(False)
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network


def _fold_norms(module: nn.Module) -> nn.Module:
    for inner in module.modules():
        for name, norm in NORM_OF.items():
            if hasattr(inner, name):
                setattr(inner, name, fuse_conv_bn_eval(getattr(inner, name), getattr(inner, norm)))
                setattr(inner, norm, nn.Identity())
    return module
