"""3 x 3 convolutions on a CPU with a third of the multiplications: Winograd's F(4 x 4, 3 x 3).

A tile of 4 x 4 outputs needs 6 x 6 inputs. Brought into another basis, tile and filter are multiplied value by value
instead of slid over each other: 36 products a channel pair where sliding takes 144. The 36 products over all channels
are 36 matrix products, which is where a CPU is at its best. The gradients take the same road backwards.

Source: Lavin, Gray, "Fast algorithms for convolutional neural networks", CVPR 2016. Differs: the weight gradient is the
exact adjoint of the forward transform; pieces of pictures that stay in the cache, one core each, and no barriers.
"""

import math
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bakeoff.pipelines.machine.cores import map_on_cores

POINTS = (0, 1, -1, 2, -2)  # of interpolation, with infinity as the sixth: Lavin, Gray 2016, section 4.3
TILE, WINDOW = 4, 6  # outputs and inputs a side
N_PRODUCTS = WINDOW**2
LEAST_CHANNEL_PAIRS = 64 * 128  # with fewer, moving the tiles costs more than the products that are saved
LEAST_POSITIONS = 4096  # of all pictures together; with fewer, transforming the filters costs more than it saves
PIECE_BYTES = 5 * 2**20  # of transformed values in work at a time: they stay in the cache (measured: 3 to 20 MB alike)
GROUPS = 4  # of pictures; each sums its own weight gradient, so that the sum does not depend on the number of cores


class Convolution3x3(nn.Conv2d):
    """nn.Conv2d of 3 x 3 filters at stride 1, border of one zero, no bias; by Winograd's algorithm on a CPU.

    Equal to nn.Conv2d to about 1e-5 of the largest output. Accelerators, bfloat16, small layers, few pictures and
    exported nets take the library's own convolution.
    """

    def __init__(self, n_inputs: int, n_outputs: int) -> None:
        super().__init__(n_inputs, n_outputs, 3, padding=1, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        if not self._pays(images):
            return super().forward(images)
        # Without gradients the transformed inputs are not kept.
        return Winograd.apply(images, self.weight) if torch.is_grad_enabled() else convolve(images, self.weight)  # type: ignore[no-any-return]

    def _pays(self, images: Tensor) -> bool:
        if images.device.type != "cpu" or torch.is_autocast_enabled("cpu") or torch.compiler.is_exporting():
            return False
        large = self.in_channels * self.out_channels >= LEAST_CHANNEL_PAIRS
        return large and images.numel() // self.in_channels >= LEAST_POSITIONS


def convolve(images: Tensor, filters: Tensor, inputs: dict[int, Tensor] | None = None) -> Tensor:
    """images (n, c, h, w) and filters (k, c, 3, 3), one float type, to (n, k, h, w), laid out channels last.

    inputs: to be filled with the transformed inputs of each piece, under the number of its first picture.
    """
    pixels = images.permute(0, 2, 3, 1).contiguous()  # (n, h, w, c)
    transformed = _transform_filters(filters)  # (36, c, k)
    with torch.inference_mode(False):  # a setting of each thread: the cores' could not write into the caller's
        output = pixels.new_empty(*pixels.shape[:3], len(filters))

    def convolve_group(group: list[slice]) -> None:
        for piece in group:
            piece_inputs, output[piece] = _convolve(pixels[piece], transformed)
            if inputs is not None:
                inputs[piece.start] = piece_inputs

    map_on_cores(convolve_group, _pieces(pixels.shape, len(filters), pixels.element_size()))
    return output.permute(0, 3, 1, 2)


class Winograd(torch.autograd.Function):
    """`convolve` with gradients."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, filters: Tensor) -> Tensor:
        ctx.inputs = {}
        ctx.save_for_backward(filters)
        return convolve(images, filters, ctx.inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor]:  # type: ignore[override]
        (filters,) = ctx.saved_tensors
        transformed = _transform_filters(filters)
        gradient = gradient.permute(0, 2, 3, 1).contiguous()  # (n, h, w, k)
        needs_images = ctx.needs_input_grad[0]
        image_gradient = gradient.new_empty(*gradient.shape[:3], filters.shape[1]) if needs_images else None
        pieces = _pieces((*gradient.shape[:3], filters.shape[1]), len(filters), gradient.element_size())

        def differentiate(group: list[slice]) -> Tensor:
            total = torch.zeros_like(transformed)
            for piece in group:
                products = _transform_output_gradient(gradient[piece])  # (36, tiles, k)
                total.baddbmm_(ctx.inputs[piece.start].transpose(1, 2), products)
                if image_gradient is not None:
                    image_gradient[piece] = _input_gradient(products, transformed, gradient[piece].shape)
            return total

        total, *others = map_on_cores(differentiate, pieces)
        for other in others:
            total += other
        by_filter = _matrix("filter", total.dtype).T @ total.flatten(1)  # (9, c * k)
        filter_gradient = by_filter.view(3, 3, *total.shape[1:]).permute(3, 2, 0, 1)
        return None if image_gradient is None else image_gradient.permute(0, 3, 1, 2), filter_gradient


def _convolve(pixels: Tensor, filters: Tensor) -> tuple[Tensor, Tensor]:
    """The transformed inputs (36, tiles, c), kept for the backward pass, and the outputs (n, h, w, k)."""
    n, height, width, n_inputs = pixels.shape
    rows, columns = _n_tiles(height), _n_tiles(width)
    inputs = (_matrix("input", pixels.dtype) @ _windows(pixels, rows, columns)).view(N_PRODUCTS, -1, n_inputs)
    products = torch.bmm(inputs, filters)  # (36, tiles, k)
    tiles = (_matrix("output", pixels.dtype) @ products.flatten(1)).view(TILE, TILE, n, rows, columns, -1)
    output = tiles.permute(2, 3, 0, 4, 1, 5).reshape(n, TILE * rows, TILE * columns, -1)
    return inputs, output[:, :height, :width]


def _windows(pixels: Tensor, rows: int, columns: int) -> Tensor:
    """The 6 x 6 inputs of each tile: (36, n * rows * columns * c)."""
    n, height, width, n_channels = pixels.shape
    padded = pixels.new_zeros(n, TILE * rows + 2, TILE * columns + 2, n_channels)
    padded[:, 1 : height + 1, 1 : width + 1] = pixels
    picture, row, column, _ = padded.stride()
    return padded.as_strided(
        (WINDOW, WINDOW, n, rows, columns, n_channels), (row, column, picture, TILE * row, TILE * column, 1)
    ).reshape(N_PRODUCTS, -1)


def _transform_filters(filters: Tensor) -> Tensor:
    """(k, c, 3, 3) -> (36, c, k)."""
    n_outputs, n_inputs = filters.shape[:2]
    flat = filters.detach().permute(2, 3, 1, 0).reshape(9, -1)
    return (_matrix("filter", filters.dtype) @ flat).view(N_PRODUCTS, n_inputs, n_outputs)


def _transform_output_gradient(gradient: Tensor) -> Tensor:
    """(n, h, w, k) -> the gradient of the products, (36, tiles, k)."""
    n, height, width, n_outputs = gradient.shape
    rows, columns = _n_tiles(height), _n_tiles(width)
    if (height, width) != (TILE * rows, TILE * columns):
        gradient = nn.functional.pad(gradient, (0, 0, 0, TILE * columns - width, 0, TILE * rows - height))
    tiles = gradient.reshape(n, rows, TILE, columns, TILE, n_outputs).permute(2, 4, 0, 1, 3, 5)
    return (_matrix("output", gradient.dtype).T @ tiles.reshape(TILE**2, -1)).view(N_PRODUCTS, -1, n_outputs)


def _input_gradient(products: Tensor, filters: Tensor, shape: torch.Size) -> Tensor:
    """From the gradient of the products, (36, tiles, k), to that of the pixels, (n, h, w, c).

    Windows overlap by two pixels: each is cut after its fourth row and column, and the parts are added where they lie.
    """
    n, height, width, _ = shape
    rows, columns, n_inputs = _n_tiles(height), _n_tiles(width), filters.shape[1]
    inputs = torch.bmm(products, filters.transpose(1, 2))  # (36, tiles, c)
    windows = (_matrix("input", inputs.dtype).T @ inputs.flatten(1)).view(WINDOW, WINDOW, n, rows, columns, n_inputs)
    windows = windows.permute(2, 3, 0, 4, 1, 5)  # (n, rows, 6, columns, 6, c)
    total = inputs.new_zeros(n, rows + 1, TILE, columns + 1, TILE, n_inputs)
    total[:, :-1, :, :-1] += windows[:, :, :TILE, :, :TILE]
    total[:, 1:, :2, :-1] += windows[:, :, TILE:, :, :TILE]
    total[:, :-1, :, 1:, :2] += windows[:, :, :TILE, :, TILE:]
    total[:, 1:, :2, 1:, :2] += windows[:, :, TILE:, :, TILE:]
    total = total.view(n, TILE * (rows + 1), TILE * (columns + 1), n_inputs)
    return total[:, 1 : height + 1, 1 : width + 1]  # without the border of zeros


def _pieces(shape: tuple[int, ...], n_outputs: int, value_bytes: int) -> list[list[slice]]:
    """The pictures in GROUPS, each a list of pieces of at most PIECE_BYTES."""
    n, height, width, n_inputs = shape
    bytes_a_picture = N_PRODUCTS * _n_tiles(height) * _n_tiles(width) * max(n_inputs, n_outputs) * value_bytes
    size = max(1, PIECE_BYTES // bytes_a_picture)
    bounds = [n * i // GROUPS for i in range(GROUPS + 1)]
    return [
        [slice(start, min(start + size, end)) for start in range(first, end, size)] for first, end in pairwise(bounds)
    ]


def _n_tiles(side: int) -> int:
    return -(-side // TILE)


@cache
def _matrix(kind: str, dtype: torch.dtype) -> Tensor:
    """The transform of both axes at once: the Kronecker product of that of a row with itself.

    A row of inputs, of a filter and of products are polynomials (Cook and Toom); infinity's value is the leading one.
    """
    others = [[other for other in POINTS if other != point] for point in POINTS]
    match kind:
        case "input":
            rows = [*([*np.poly(roots)[::-1], 0] for roots in others), np.poly(POINTS)[::-1]]
        case "filter":
            scales = [math.prod(p - other for other in roots) for p, roots in zip(POINTS, others, strict=True)]
            rows = [*([p**i / scale for i in range(3)] for p, scale in zip(POINTS, scales, strict=True)), [0, 0, 1]]
        case _:  # the output
            rows = [[*(p**i for p in POINTS), int(i == TILE - 1)] for i in range(TILE)]
    transform = torch.tensor(np.array(rows, float), dtype=dtype)
    return torch.kron(transform, transform)
