"""SIFT descriptors (Lowe, IJCV 2004) at every point of a regular grid, upright and at one scale, batched.

Every step but the orientation histogram is a matrix product: spatial pooling is separable, so the orientation maps are
multiplied by a (bins x width) matrix of pooling weights from the right and a (bins x height) one from the left.

Geometry as in VLFeat's dsift: the 4 x 4 bins of a descriptor are centered on pixels, bin_size apart, and all lie within
the picture, so a descriptor needs 3 * bin_size + 1 pixels a side. Bins gather with triangular weights (the bilinear
interpolation of Lowe, section 6.1) from up to bin_size pixels around, and nothing from outside the picture.

Beside `cv2.SIFT.compute` on the same grid (no smoothing, a keypoint size of bin_size / 1.5, angle 0, window="gaussian")
the descriptors correlate above 0.999 once OpenCV's orientations are put in our order: its y axis points up, so that its
orientation o is our (8 - o) mod 8. What remains is OpenCV's rounding to whole bytes, its angles good to 0.3 degrees,
and its gradient, which is missing on the border of the picture. This holds for even bin sizes: OpenCV rounds keypoints
to whole pixels, and the center of an odd one (1.5 bins from the first bin) lies between two.
"""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from bakeoff.pipelines.classic.features.grid import N_BINS, Bins, bins_by_window, own_bins, shared_bins, window_centers
from bakeoff.pipelines.classic.features.planes import in_chunks, luminance, picture_size, to_color_planes, to_planes
from bakeoff.pipelines.machine.tracing import computed_once

Window = Literal["triangular", "gaussian"]
N_ORIENTATIONS = 8
DIRECTIONS = torch.tensor([0.0, 1, 2, 3, -4, -3, -2, -1]).view(-1, 1, 1, 1)  # of the orientations, times 45 degrees
LENGTH = N_BINS**2 * N_ORIENTATIONS
ROUNDING = 2e-6  # of a direction in units of 45 degrees
FLAT = 0.01  # gray levels per pixel, Euclidean length over the 128 bin averages: a patch below gives zeros
CLIP = 0.2  # of the unit length, Lowe 2004, section 6.1
SOFTNESS = 0.3  # of the length, added to the second one; a textured patch's L1 length is 8 to 9 times its L2 length
WINDOW_DEVIATION = 2.0  # of the Gaussian window, in bins: half the descriptor's width, Lowe 2004, section 6.1


def dense_sift_positions(height: int, width: int, *, bin_size: int, stride: int) -> Tensor:
    """float32 (n_keypoints, 2): x and y of the descriptors' centers in pixels, in the order of `extract_dense_sift`.

    Raises ValueError if the picture is smaller than one descriptor.
    """
    return window_centers(height, width, window_size=footprint(bin_size), stride=stride)


def extract_dense_sift(
    images: Tensor,
    *,
    bin_size: int,
    stride: int,
    window: Window = "triangular",
    root: bool = False,
    per_channel: bool = False,
    regularizer: float = 0.0,
) -> Tensor:
    """SIFT descriptors on a grid.

    images: uint8 or float32 (n, height, width, channels), 0..255.   bin_size, stride: pixels.
    window: "gaussian" also weights every pixel by its distance from the descriptor's center (exactly, while VLFeat's
    flat window takes one weight a bin); "triangular" does not.
    root: RootSIFT, the square root of the L1-normalized descriptor (Arandjelovic and Zisserman, CVPR 2012).
    per_channel: one descriptor for each channel, side by side (on RGB, or on `opponent_colors`, as in van de
    Sande et al., PAMI 2010), instead of one on the luminance.
    regularizer: gray levels per pixel added to a patch's gradient length before dividing by it: a faint patch gets a
    short descriptor instead of its noise at full length. 0 is Lowe's formula; a few gray levels help Fisher vectors.
    Returns float32 (n, n_keypoints, 128, times channels with per_channel), of unit length each, ordered bin y, bin x,
    orientation; orientation 0 points along x and they turn towards y (down).
    Raises ValueError for pictures smaller than a descriptor, non-finite values, or per_channel on gray pictures.
    """
    if window not in ("triangular", "gaussian"):
        raise ValueError(f"window must be triangular or gaussian, got {window!r}")

    def descriptors(chunk: Tensor, place: Tensor | None) -> Tensor:
        planes = to_color_planes(chunk) if per_channel else luminance(to_planes(chunk)).unsqueeze(0)
        pooled, bins = _pool(_orientation_maps(planes), bin_size, stride, window)
        pooled = pooled.unflatten(0, planes.shape[:2])
        return _normalize(pooled, bins, root, regularizer, place)

    n_channels = images.shape[3] if per_channel else 1
    length = (len(dense_sift_positions(*picture_size(images), bin_size=bin_size, stride=stride)), n_channels * LENGTH)
    return in_chunks(descriptors, images, footprint(bin_size), n_channels, length)


def opponent_colors(images: Tensor) -> Tensor:
    """RGB -> float32 (n, height, width, 3): (R-G)/sqrt 2, (R+G-2B)/sqrt 6, (R+G+B)/sqrt 3.

    Source: van de Sande, Gevers, Snoek, PAMI 2010.
    """
    red, green, blue = to_color_planes(images)
    opponents = (
        (red - green) / math.sqrt(2),
        (red + green - 2 * blue) / math.sqrt(6),
        (red + green + blue) / math.sqrt(3),
    )
    return torch.stack(opponents, dim=-1)


def footprint(bin_size: int) -> int:
    """Pixels a side of one descriptor, from the first bin's center to the last."""
    return (N_BINS - 1) * bin_size + 1


def _orientation_maps(planes: Tensor) -> Tensor:
    """(channels, n, h, w) -> (8, h, channels * n, w): each pixel's gradient magnitude, shared linearly by the two
    nearest orientations. Rows come first: pooling over them is then one matrix product.

    With t the direction in units of 45 degrees, orientation o gets m * max(0, 1 - |t - o|) = max(0, m - |m t - m o|).
    From 1 goes what rounding may leave of a 0 for gradients along an axis or a diagonal: RootSIFT takes its root.
    """
    gray = planes.flatten(0, 1).transpose(0, 1)
    y, x = _slope(gray, 0), _slope(gray, 2)
    magnitudes = (x * x).addcmul_(y, y).sqrt_()
    moments = torch.atan2(y, x).mul_(N_ORIENTATIONS / (2 * math.pi)).mul_(magnitudes)  # t in -4..4
    shares = torch.addcmul(moments, DIRECTIONS.to(gray), magnitudes, value=-1).abs_()
    reach = magnitudes * (1 - ROUNDING)
    shares = shares.neg_().add_(reach).clamp_(min=0)
    shares[4] += (reach - (moments - 4 * magnitudes).abs_()).clamp_(min=0)  # 4 and -4 are one direction
    return shares


def _slope(gray: Tensor, dim: int) -> Tensor:
    """As `torch.gradient`, which torch.export cannot follow for any number of pictures."""
    n = gray.shape[dim]
    inner = (gray.narrow(dim, 2, n - 2) - gray.narrow(dim, 0, n - 2)) / 2
    first = gray.narrow(dim, 1, 1) - gray.narrow(dim, 0, 1)
    return torch.cat([first, inner, gray.narrow(dim, n - 1, 1) - gray.narrow(dim, n - 2, 1)], dim)


@computed_once
def _pooling(length: int, bin_size: int, stride: int, window: Window, device: torch.device) -> tuple[Bins, Tensor]:
    """The bins along one side, and float32 (n_places or some more, length): the weight of each pixel of a row (or
    column) in each, and rows of zeros, for a product with a multiple of 8 rows is twice as fast.

    Triangles over 2 * bin_size pixels that sum to 1 inside the picture, times the Gaussian window if any.
    """
    arrange = own_bins if window == "gaussian" else shared_bins
    bins = arrange(length, window_size=footprint(bin_size), bin_size=bin_size, stride=stride)
    places = torch.tensor(bins.places, dtype=torch.float64)
    pixels = torch.arange(length, dtype=torch.float64)
    weights = (1 - (pixels - places[:, None]).abs() / bin_size).clamp_(min=0) / bin_size
    if window == "gaussian":
        centers = places.view(-1, N_BINS).mean(1).repeat_interleave(N_BINS)
        weights *= (-0.5 * ((pixels - centers[:, None]) / (WINDOW_DEVIATION * bin_size)) ** 2).exp()
    return bins, F.pad(weights.float(), (0, 0, 0, -len(weights) % 8)).to(device)


def _pool(maps: Tensor, bin_size: int, stride: int, window: Window) -> tuple[Tensor, tuple[Bins, Bins]]:
    """(8, h, n, w) -> what every bin gathers, (n, places_y, places_x, 8), and the bins along y and x."""
    _, height, n, width = maps.shape
    bins_y, weights_y = _pooling(height, bin_size, stride, window, maps.device)
    bins_x, weights_x = _pooling(width, bin_size, stride, window, maps.device)
    rows = torch.matmul(weights_y, maps.flatten(2))  # (8, places_y, n * w)
    pooled = (rows.view(-1, width) @ weights_x.T).view(N_ORIENTATIONS, len(weights_y), n, -1).permute(2, 1, 3, 0)
    return pooled[:, : len(bins_y.places), : len(bins_x.places)].contiguous(), (bins_y, bins_x)


def _windows(values: Tensor, bins: tuple[Bins, Bins]) -> Tensor:
    """(n, places_y, places_x, m) -> (n, keypoints_y, keypoints_x, 4, 4, m), a view of what windows do not share."""
    rows = bins_by_window(values, 2, bins[1]).contiguous()  # (n, places_y, keypoints_x, 4, m)
    return bins_by_window(rows, 1, bins[0]).transpose(2, 3)


def _normalize(pooled: Tensor, bins: tuple[Bins, Bins], root: bool, regularizer: float, place: Tensor | None) -> Tensor:
    """Descriptors of unit length, nothing above 0.2, unit length again; then the Hellinger map if root.

    With a regularizer r, lengths |h| + r take the place of |h|, and the second division is softened alike. Lengths and
    roots are taken of the bins, which windows share.
    pooled: (channels, n, places_y, places_x, 8).   Returns (n, keypoints, channels * 128), in `place` if there is one.
    """
    channels, pooled = pooled.shape[:2], pooled.flatten(0, 1)
    rows = bins_by_window(pooled.square().sum(-1), 2, bins[1]).sum(3)  # in two steps, as neighbors share bins
    lengths = bins_by_window(rows, 1, bins[0]).sum(2).sqrt_()[..., None, None, None]
    flat = lengths <= FLAT
    lengths += regularizer
    limits, softness = lengths * CLIP, lengths * SOFTNESS if regularizer > 0 else torch.zeros_like(lengths)
    windows, limits = (pooled.sqrt_(), limits.sqrt_()) if root else (pooled, limits)
    windows, limits, softness, flat = (
        values.unflatten(0, channels).permute(1, 2, 3, 0, 4, 5, 6)
        for values in (_windows(windows, bins), limits, softness, flat)
    )
    # (n, keypoints_y, keypoints_x, channels, 4, 4, 8)
    clipped = torch.minimum(windows, limits, out=None if place is None else place.view(windows.shape))
    sizes = torch.linalg.vector_norm(clipped, dim=(-3, -2, -1), keepdim=True)
    sizes = sizes.square_().add_(softness).sqrt_() if root else sizes.add_(softness)
    clipped = clipped.mul_(sizes.masked_fill_(flat, torch.inf).reciprocal_())  # 0: flat patches have no direction
    return clipped.flatten(3).flatten(1, 2)
