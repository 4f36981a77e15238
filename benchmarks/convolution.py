"""3 x 3 convolutions: Winograd's algorithm against torch's own, forward and backward.

The share of the matrix-product rate counts the operations of sliding filters: above 1 is possible, since Winograd's
algorithm needs fewer.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from bakeoff.benchmarks.bench import Measurement, compare
from bakeoff.pipelines.neural.speed.winograd import Winograd

# pictures, input channels, output channels, side in pixels: layers of the small AlexNet and of the fast small net
SETTINGS = ((128, 128, 256, 8), (128, 256, 256, 8), (128, 64, 256, 15))


def measure(n_images: int, n_inputs: int, n_outputs: int, side: int) -> Measurement:
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(memory_format=torch.channels_last)

    images, filters = draw(n_images, n_inputs, side, side), draw(n_outputs, n_inputs, 3, 3) / n_inputs**0.5
    weights = draw(n_images, n_outputs, side, side)
    images.requires_grad_(), filters.requires_grad_()

    def with_gradients(output: Tensor) -> tuple[Tensor, ...]:
        return output.detach(), *torch.autograd.grad(output, (images, filters), weights)

    return compare(
        f"3 x 3 convolution with gradients, {n_inputs} -> {n_outputs} channels, {side} x {side}: pictures",
        lambda: with_gradients(Winograd.apply(images, filters)),
        "torch conv2d (oneDNN)",
        lambda: with_gradients(F.conv2d(images, filters, padding=1)),
        lambda *both: max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(*both, strict=True)),
        units=(n_images, n_images),
        operations=3 * 2 * 9 * n_inputs * n_outputs * side**2 * n_images,  # outputs and both gradients
    )
