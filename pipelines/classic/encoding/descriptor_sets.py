"""What all encodings share: m descriptors of each of n images in, one row per image out, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable

import torch

from bakeoff.pipelines.machine.cores import check_finite, map_on_cores, rows_per_chunk
from bakeoff.pipelines.machine.tracing import is_exporting

CHUNKS_PER_TASK = 4  # enough to hide the start of a task, few enough to keep all cores busy to the end

# Encodes descriptors (b, m, d), m > 0, into the rows (b, width) of its second argument, which hold nothing yet.
EncodeChunk = Callable[[torch.Tensor, torch.Tensor], None]


def encode_in_chunks(
    descriptors: torch.Tensor, encode_chunk: EncodeChunk, *, dimension: int, width: int, floats_per_descriptor: int
) -> torch.Tensor:
    """Encode the images in chunks whose intermediate values stay in the cache, spread over the cores.

    descriptors: float32 (n, m, dimension).   floats_per_descriptor: intermediate values that encode_chunk makes.
    Returns float32 (n, width); zeros if m == 0.
    Raises ValueError if the shape or dtype is off, or a descriptor is not finite.
    """
    if descriptors.ndim != 3 or descriptors.shape[2] != dimension or descriptors.dtype != torch.float32:
        raise ValueError(
            f"descriptors must be float32 (n, m, {dimension}) to match the codebook or mixture, "
            f"got {descriptors.dtype} {tuple(descriptors.shape)}"
        )
    n_images, n_descriptors, _ = descriptors.shape
    if n_images == 0 or n_descriptors == 0:
        return descriptors.new_zeros(n_images, width)
    encodings = descriptors.new_empty(n_images, width)
    floats_per_image = n_descriptors * floats_per_descriptor + 2 * width  # the encoding, and what becomes it
    if is_exporting():
        encode_chunk(descriptors, encodings)
        return encodings
    chunk_images = rows_per_chunk(4 * floats_per_image, descriptors.device)

    def encode_task(task: tuple[torch.Tensor, torch.Tensor]) -> None:
        for chunk, rows in zip(task[0].split(chunk_images), task[1].split(chunk_images), strict=True):
            check_finite(chunk)
            encode_chunk(chunk, rows)

    task_images = chunk_images * CHUNKS_PER_TASK if descriptors.device.type == "cpu" else n_images
    map_on_cores(encode_task, zip(descriptors.split(task_images), encodings.split(task_images), strict=True))
    return encodings
