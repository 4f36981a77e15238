"""Pictures as descriptors take them: checked, as float32 planes, one per channel, a chunk at a time; and raw patches.

Chunks stay in the processor's cache, one on every core, which is several times faster than all pictures at once: single
operations are too short to be shared by the cores.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from bakeoff.pipelines.classic.features.grid import check_window_fits
from bakeoff.pipelines.machine.cores import map_on_cores
from bakeoff.pipelines.machine.tracing import is_exporting

CACHE_PIXELS = 1 << 16  # 256 KiB a float32 plane: the dozen planes that a kernel has in flight fit into L2 and L3
ACCELERATOR_PIXELS = 1 << 22  # enough work to fill a GPU, little memory
REC_601_LUMA = (0.299, 0.587, 0.114)  # weights of R, G, B; the gray of OpenCV, Pillow and JPEG


def picture_size(images: Tensor) -> tuple[int, int]:
    """(height, width) of a batch; ValueError unless it is uint8 or float32 (n, height, width, channels)."""
    if images.ndim != 4 or images.shape[3] < 1 or images.dtype not in (torch.uint8, torch.float32):
        raise ValueError(
            "images must be uint8 or float32 (n, height, width, channels), "
            f"got {str(images.dtype).removeprefix('torch.')} {tuple(images.shape)}"
        )
    return images.shape[1], images.shape[2]


def to_planes(images: Tensor) -> Tensor:
    """Check a batch of pictures and lay it out channel by channel.

    images: uint8 or float32 (n, height, width, channels), values 0..255.
    Returns float32 (channels, n, height, width): whole planes are contiguous, which is what makes the kernels fast.
    Raises ValueError for another shape or dtype, and for NaN or infinity.
    """
    picture_size(images)
    if images.dtype == torch.float32 and not is_exporting() and not torch.isfinite(images).all():
        raise ValueError("images must be finite, got NaN or infinity: repair or drop those pictures")
    return images.permute(3, 0, 1, 2).contiguous().float()


def to_color_planes(images: Tensor) -> Tensor:
    """As `to_planes`, but a ValueError for gray pictures: (3 or another number, n, height, width)."""
    if images.ndim == 4 and images.shape[3] == 1:
        raise ValueError("color descriptors need images with 3 channels, got gray ones: leave them out here")
    return to_planes(images)


def luminance(planes: Tensor) -> Tensor:
    """(channels, n, height, width) -> (n, height, width): Rec. 601 luma of three planes, else their mean."""
    if len(planes) != 3:
        return planes[0] if len(planes) == 1 else planes.mean(0)
    red, green, blue = REC_601_LUMA
    return (planes[0] * red).add_(planes[1], alpha=green).add_(planes[2], alpha=blue)


def in_chunks(
    kernel: Callable[..., Tensor],
    images: Tensor,
    window_size: int = 1,
    growth: int = 1,
    length: tuple[int, ...] = (),
) -> Tensor:
    """kernel(images) for a kernel that treats every picture of (n, height, width, channels) alone.

    window_size: the least side, in pixels, that pictures must have; ValueError if they have not.
    growth: of a kernel whose results are so many times larger than others'; its chunks are the smaller.
    length: the shape of a picture's result; then the kernel is also told where to write, float32 (n, *length) or None.
    """
    check_window_fits(*picture_size(images), window_size)
    if is_exporting():
        return kernel(images, None) if length else kernel(images)
    on_processor = images.device.type == "cpu"
    pixels = CACHE_PIXELS // growth if on_processor else ACCELERATOR_PIXELS
    most = max(1, pixels // max(1, images.shape[1] * images.shape[2]))
    results = torch.empty(len(images), *length, device=images.device) if length else None
    if len(images) == 0:  # one blank picture tells the shape of a result
        return kernel(images.new_zeros(1, *images.shape[1:]))[:0] if results is None else results

    def compute(chunk: tuple[int, Tensor]) -> Tensor:
        start, pictures = chunk
        return kernel(pictures) if results is None else kernel(pictures, results[start : start + len(pictures)])

    chunks = split_evenly(images, most, torch.get_num_threads() if on_processor else 1)
    parts = map_on_cores(compute, chunks) if on_processor else list(map(compute, chunks))
    if results is not None:
        return results
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def split_evenly(images: Tensor, most: int, n_cores: int) -> list[tuple[int, Tensor]]:
    """(start, pictures) of chunks of nearly one size, at most `most` pictures, as many on every core if there are as
    many pictures as cores."""
    n_chunks = -(-len(images) // most)
    n_chunks = min(len(images), -(-n_chunks // n_cores) * n_cores)
    ends = [len(images) * (i + 1) // n_chunks for i in range(n_chunks)]
    return [(start, images[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


def extract_patches(images: Tensor, *, patch_size: int, stride: int) -> Tensor:
    """All patch_size x patch_size patches whose corners lie on a grid of `stride` pixels.

    images: uint8 or float32 (n, height, width, channels).
    Returns float32 (n, n_patches, patch_size**2 * channels), the values of images, ordered row, column, channel.
    Raises ValueError for pictures smaller than a patch, and for non-finite values.
    """
    check_window_fits(*picture_size(images), patch_size)
    n_channels = images.shape[3]
    lines = to_planes(images).permute(1, 2, 3, 0).flatten(2)  # (n, height, width * channels)
    patches = lines.unfold(1, patch_size, stride).unfold(2, patch_size * n_channels, stride * n_channels)
    return patches.flatten(3).flatten(1, 2)  # from (n, rows, columns, y, x * channels)


def normalize_contrast(patches: Tensor, regularizer: float = 10.0) -> Tensor:
    """(x - mean) / sqrt(variance + regularizer), for each patch on its own.

    patches: float32 (..., length).   regularizer: in squared gray levels; 10 suits values 0..255 (Coates et al. 2011).
    The variance divides by length - 1, as the authors' code does.   A constant patch gives zeros.
    """
    centered = patches - patches.mean(-1, keepdim=True)
    variances = centered.square().sum(-1, keepdim=True) / (patches.shape[-1] - 1)
    return centered.div_((variances + regularizer).sqrt_())
