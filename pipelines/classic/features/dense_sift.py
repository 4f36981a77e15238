"""SIFT descriptors (Lowe, IJCV 2004) at every point of a regular grid, upright and at one scale, batched.

Every step but the orientation histogram is a matrix product: spatial pooling is separable, so the orientation maps are
multiplied by a (bins x width) matrix of pooling weights from the right and a (bins x height) one from the left.

Geometry as in VLFeat's dsift: the 4 x 4 bins of a descriptor are centered on pixels, bin_size apart, and all lie within
the picture, so a descriptor needs 3 * bin_size + 1 pixels a side. Bins gather with triangular weights (the bilinear
interpolation of Lowe, section 6.1) from up to bin_size pixels around, and nothing from outside the picture.

Beside `cv2.SIFT.compute` on the same grid (no smoothing, a keypoint size of bin_size / 1.5, angle 0, window="gaussian")
the descriptors correlate above 0.999 once OpenCV's orientations are put in our order: its y axis points up, so that its
orientation o is our (8 - o) mod 8. What remains is OpenCV's rounding to whole bytes, its angles good to 0.3 degrees,
and its gradient, which is missing on the border of the picture.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from pipelines.classic.features.chunks import in_chunks
from pipelines.classic.features.grid import check_window_fits, window_centers, window_starts
from pipelines.classic.features.planes import luminance, picture_size, to_color_planes, to_planes

Window = Literal["triangular", "gaussian"]
N_BINS = 4  # a side
N_ORIENTATIONS = 8
LENGTH = N_BINS**2 * N_ORIENTATIONS
CLIP = 0.2  # of the unit length, Lowe 2004, section 6.1
WINDOW_DEVIATION = 2.0  # of the Gaussian window, in bins: half the descriptor's width, Lowe 2004, section 6.1
CHUNK_PIXELS = 1 << 15  # at stride 2 the descriptors are 30 times their picture in size: small chunks stay in cache


def dense_sift_positions(height: int, width: int, *, bin_size: int, stride: int) -> Tensor:
    """float32 (n_keypoints, 2): x and y of the descriptors' centers in pixels, in the order of `extract_dense_sift`.

    Raises ValueError if the picture is smaller than one descriptor.
    """
    return window_centers(height, width, window_size=_footprint(bin_size), stride=stride)


def extract_dense_sift(
    images: Tensor,
    *,
    bin_size: int,
    stride: int,
    window: Window = "triangular",
    root: bool = False,
    per_channel: bool = False,
    contrast_threshold: float = 0.01,
) -> Tensor:
    """SIFT descriptors on a grid.

    images: uint8 or float32 (n, height, width, 1 or 3), 0..255.   bin_size, stride: pixels.
    window: "gaussian" also weights every pixel by its distance from the descriptor's center (exactly, while VLFeat's
    flat window takes one weight a bin); "triangular" does not.
    root: RootSIFT, the square root of the L1-normalized descriptor (Arandjelovic and Zisserman, CVPR 2012).
    per_channel: one descriptor for each of three channels, side by side (on RGB, or on `opponent_colors`, as in van de
    Sande et al., PAMI 2010), instead of one on the luminance.
    contrast_threshold: a patch whose gradients (gray levels per pixel, Euclidean length over the 128 bin averages) stay
    below gives zeros; the default only catches flat patches.
    Returns float32 (n, n_keypoints, 128, or 384 with per_channel), unit L2 norm, ordered bin y, bin x, orientation;
    orientation 0 points along x and they turn towards y (down).
    Raises ValueError for pictures smaller than a descriptor, non-finite values, or per_channel on gray pictures.
    """
    sides = picture_size(images)
    check_window_fits(*sides, _footprint(bin_size))
    if window not in ("triangular", "gaussian"):
        raise ValueError(f"window must be triangular or gaussian, got {window!r}")

    axis_y, axis_x = (_axis(length, bin_size, stride, window, images.device) for length in sides)

    def descriptors(chunk: Tensor) -> Tensor:
        planes = to_color_planes(chunk) if per_channel else luminance(to_planes(chunk)).unsqueeze(0)
        histograms = _pool(_orientation_maps(planes.flatten(0, 1)), axis_y, axis_x)
        normalized = _normalize(histograms, root, contrast_threshold).unflatten(0, planes.shape[:2])
        return normalized.permute(1, 2, 0, 3).flatten(2)  # from (channels, n, keypoints, 128)

    return in_chunks(descriptors, images, CHUNK_PIXELS)


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


def _footprint(bin_size: int) -> int:
    return (N_BINS - 1) * bin_size + 1


def _orientation_maps(gray: Tensor) -> Tensor:
    """(n, h, w) -> (8, n, h, w): each pixel's gradient magnitude, shared linearly by the two nearest orientations.

    With t the direction in units of 45 degrees, orientation o gets m * max(0, 1 - |t - o|) = max(0, m - |m t - m o|).
    """
    y, x = torch.gradient(gray, dim=(1, 2))
    magnitudes = (x * x).addcmul_(y, y).sqrt_()
    moments = torch.atan2(y, x).mul_(N_ORIENTATIONS / (2 * math.pi)).mul_(magnitudes)  # t in -4..4
    maps = torch.empty(N_ORIENTATIONS, *gray.shape, device=gray.device)
    half = N_ORIENTATIONS // 2
    for orientation in range(-half, half):
        _share(moments, magnitudes, orientation, maps[orientation % N_ORIENTATIONS])
    maps[half] += _share(moments, magnitudes, half, torch.empty_like(gray))  # -4 and 4 are one direction
    return maps


def _share(moments: Tensor, magnitudes: Tensor, orientation: int, out: Tensor) -> Tensor:
    torch.sub(moments, magnitudes, alpha=orientation, out=out).abs_()
    return torch.sub(magnitudes, out, out=out).clamp_(min=0)


class _Axis(NamedTuple):
    """Pooling along one side of a picture: bin b of keypoint k is place k * keypoint_step + b * bin_step.

    weights: float32 (n_places, length), the weight of each pixel of a row (or column) at each place.
    """

    weights: Tensor
    n_keypoints: int
    keypoint_step: int
    bin_step: int


@lru_cache(maxsize=64)
def _axis(length: int, bin_size: int, stride: int, window: Window, device: torch.device) -> _Axis:
    """Triangles over 2 * bin_size pixels that sum to 1 inside the picture, times the Gaussian window if any.

    Without one, the bins of all keypoints lie on a lattice as fine as the common divisor of stride and bin size, and
    neighbors share them. With one, each keypoint weights its bins in its own way and shares none.
    """
    starts = torch.tensor(window_starts(length, window_size=_footprint(bin_size), stride=stride))
    spacing = math.gcd(stride, bin_size)
    lattice = torch.arange(0, int(starts[-1]) + _footprint(bin_size), spacing)
    own_bins = (starts[:, None] + torch.arange(N_BINS) * bin_size).flatten()
    places = own_bins if window == "gaussian" else lattice
    pixels = torch.arange(length, dtype=torch.float64)
    weights = (1 - (pixels - places[:, None]).abs() / bin_size).clamp_(min=0) / bin_size
    if window == "triangular":
        return _Axis(weights.float().to(device), len(starts), stride // spacing, bin_size // spacing)
    centers = (starts + (_footprint(bin_size) - 1) / 2).repeat_interleave(N_BINS)
    weights *= (-0.5 * ((pixels - centers[:, None]) / (WINDOW_DEVIATION * bin_size)) ** 2).exp()
    return _Axis(weights.float().to(device), len(starts), N_BINS, 1)


def _pool(maps: Tensor, axis_y: _Axis, axis_x: _Axis) -> Tensor:
    """(8, n, h, w) -> (n, keypoints, 128)."""
    _, n, height, width = maps.shape
    pooled_x = (maps.view(-1, width) @ axis_x.weights.T).view(N_ORIENTATIONS, n, height, -1)
    pooled_x = pooled_x.permute(1, 2, 3, 0).reshape(n, height, -1)  # (n, h, places_x * 8)
    pooled = torch.matmul(axis_y.weights, pooled_x).view(n, len(axis_y.weights), -1, N_ORIENTATIONS)
    rows = _bins_of_keypoints(pooled, 2, axis_x).contiguous()  # (n, places_y, keypoints_x, 4, 8)
    bins = _bins_of_keypoints(rows, 1, axis_y)  # (n, keypoints_y, 4, keypoints_x, 4, 8)
    return bins.transpose(2, 3).reshape(n, -1, LENGTH)


def _bins_of_keypoints(pooled: Tensor, dim: int, axis: _Axis) -> Tensor:
    """View dimension `dim` (places) as two, (keypoints, 4): overlapping windows, nothing copied."""
    shape, strides = pooled.shape, pooled.stride()
    return pooled.as_strided(
        (*shape[:dim], axis.n_keypoints, N_BINS, *shape[dim + 1 :]),
        (*strides[:dim], strides[dim] * axis.keypoint_step, strides[dim] * axis.bin_step, *strides[dim + 1 :]),
    )


def _normalize(histograms: Tensor, root: bool, contrast_threshold: float) -> Tensor:
    """Unit length, nothing above 0.2, unit length again; then the Hellinger map if root. In place."""
    lengths = torch.linalg.vector_norm(histograms, dim=-1, keepdim=True)
    flat = lengths <= contrast_threshold
    clipped = torch.minimum(histograms, lengths * CLIP, out=histograms)
    sizes = clipped.sum(-1, keepdim=True) if root else torch.linalg.vector_norm(clipped, dim=-1, keepdim=True)
    clipped.div_(sizes.masked_fill_(flat, torch.inf))  # x / inf = 0: flat patches have no direction
    return clipped.sqrt_() if root else clipped
