"""Dense SIFT against `cv2.SIFT.compute`: the same keypoints, window and pictures.

OpenCV rounds descriptors to whole numbers at length 512, so equality is meant to a few times 1/512 an element; for what
else it does, see `extract_dense_sift`: hence even bin sizes, and the plain frame around every picture. Its time grows
with the area of a descriptor and ours hardly does: the smallest bins are our worst case. Both have one core, as each
batch of pictures has in a run: two virtual ones were worth no more than one to OpenCV where this was measured.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import cv2
import numpy as np
import torch

from bakeoff.benchmarks.bench import Measurement, compare
from bakeoff.pipelines.classic.features.dense_sift import Window, dense_sift_positions, extract_dense_sift
from bakeoff.pipelines.neural.probing import threads

STRIDE = 2
# side, bin size in pixels, window, pictures that we describe a call, as many as a run does, and the peer
SETTINGS = (
    (32, 2, "triangular", 100, 16),
    (32, 4, "triangular", 100, 16),
    (32, 4, "gaussian", 100, 16),
    (32, 6, "triangular", 100, 16),
    (256, 4, "triangular", 16, 1),
)


def measure(side: int, bin_size: int, window: Window, n_ours: int, n_peer: int) -> Measurement:
    noise = np.random.default_rng(0).integers(0, 256, (n_ours, side - 4, side - 4), dtype=np.uint8)
    smooth = np.stack([cv2.GaussianBlur(picture, (0, 0), 1.5) for picture in noise])
    gray = np.pad(smooth, ((0, 0), (2, 2), (2, 2)), constant_values=128)  # in a plain frame
    images = torch.from_numpy(gray).unsqueeze(-1)
    positions = dense_sift_positions(side, side, bin_size=bin_size, stride=STRIDE)
    keypoints = [cv2.KeyPoint(float(x), float(y), bin_size / 1.5, 0) for x, y in positions]
    sift = cv2.SIFT.create(sigma=0.5)  # the least smoothing that OpenCV takes

    def peer() -> np.ndarray:
        return np.stack([sift.compute(picture, keypoints)[1] for picture in gray[:n_peer]])

    with one_core():
        return compare(
            f"dense SIFT, one core, {side} px gray, bins of {bin_size} px, stride {STRIDE}, {window}: descriptors",
            partial(extract_dense_sift, images, bin_size=bin_size, stride=STRIDE, window=window),
            "cv2.SIFT.compute (gaussian)",
            peer,
            lambda _, theirs: _largest_difference(images[:n_peer], theirs, bin_size),
            units=(n_ours * len(positions), n_peer * len(positions)),
        )


@contextmanager
def one_core() -> Iterator[None]:
    """Inside the block torch and OpenCV compute with one thread each."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threads(1):
            yield
    finally:
        cv2.setNumThreads(before)


def _largest_difference(images: torch.Tensor, theirs: np.ndarray, bin_size: int) -> float:
    ours = extract_dense_sift(images, bin_size=bin_size, stride=STRIDE, window="gaussian").numpy()
    orientations = (8 - np.arange(8)) % 8  # OpenCV's y axis points up
    theirs = theirs.reshape(*theirs.shape[:2], 16, 8)[..., orientations].reshape(theirs.shape) / 512
    return float(np.abs(ours - theirs).max())
