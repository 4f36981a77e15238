"""Layers that look at several pictures or draw numbers, made to treat all processes' shares as one minibatch.

Torch's own shared batch norm (SyncBatchNorm) needs a GPU; this one takes whatever the group's backend does.
"""

from __future__ import annotations

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm


class MeanOverProcesses(torch.autograd.Function):
    """y = sum over the r processes of x / r, in every process.

    Each process's loss depends on every x through y, so the gradient of an x is the sum of all processes' gradients
    of y, over r: the same operation.
    """

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, values: Tensor) -> Tensor:
        return _mean(values)

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:  # type: ignore[override]
        return _mean(gradient)


class SharedBatchNorm(_BatchNorm):
    """Batch norm with the mean and variance over all processes' shares, which must be equally large.

    variance = mean of the shares' variances + variance of the shares' means: one exchange for both.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor
    momentum: float

    def forward(self, inputs: Tensor) -> Tensor:
        if not self.training:
            return super().forward(inputs)
        axes = [0, *range(2, inputs.ndim)]  # all but the channels
        values = inputs.float()
        variance, mean = torch.var_mean(values, axes, correction=0)
        mean, variance, square = MeanOverProcesses.apply(torch.stack([mean, variance, mean**2]))
        variance = variance + square - mean**2
        self._remember(mean.detach(), variance.detach(), values.numel() // values.shape[1])
        gain = (variance + self.eps).rsqrt() if self.weight is None else (variance + self.eps).rsqrt() * self.weight
        shape = (1, -1, *(1,) * (inputs.ndim - 2))
        outputs = (values - mean.view(shape)) * gain.view(shape)
        if self.bias is not None:
            outputs = outputs + self.bias.view(shape)
        return outputs.to(inputs.dtype)

    def _remember(self, mean: Tensor, variance: Tensor, n_values: int) -> None:
        """Move the running statistics; the variance without bias, as torch does."""
        n = n_values * distributed.get_world_size()
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (n / (n - 1)), self.momentum)

    def _check_input_dim(self, inputs: Tensor) -> None:
        """Any number of positions will do."""


class SharedDropout(nn.Dropout):
    """Draws for the whole minibatch, as one process would, and applies its share: row for row the same units drop."""

    rank: int
    size: int

    def forward(self, inputs: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return inputs
        n = len(inputs)
        ones = inputs.new_ones(self.size * n, *inputs.shape[1:])
        return inputs * nn.functional.dropout(ones, self.p)[self.rank * n : (self.rank + 1) * n]


def share_layers(network: nn.Module, rank: int, size: int) -> None:
    """Make batch norm and dropout shared ones, in place; weights, statistics and names stay."""
    for layer in network.modules():
        if isinstance(layer, _BatchNorm):
            layer.__class__ = SharedBatchNorm
        elif isinstance(layer, nn.Dropout):
            layer.__class__ = SharedDropout
            layer.rank, layer.size = rank, size  # type: ignore[assignment]


def _mean(values: Tensor) -> Tensor:
    total = values.clone()
    distributed.all_reduce(total)
    return total / distributed.get_world_size()
