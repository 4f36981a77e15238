"""SIFT at detected keypoints, with scale and rotation, through OpenCV: for pictures large enough to have some."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from torch import Tensor

from bakeoff.pipelines.classic.features.planes import luminance, to_planes


class KeypointDescriptors(NamedTuple):
    """descriptors: float32 (n_keypoints, 128), unit L2 norm.   positions: float32 (n_keypoints, 2), x and y."""

    descriptors: np.ndarray
    positions: np.ndarray


def extract_keypoint_sift(
    images: Tensor, *, max_keypoints: int = 0, contrast_threshold: float = 0.04, root: bool = False
) -> list[KeypointDescriptors]:
    """Detect and describe keypoints (Lowe, IJCV 2004), one entry a picture.

    images: uint8 or float32 (n, height, width, 1 or 3), 0..255; taken as luminance, rounded to bytes.
    max_keypoints: the strongest this many; 0 for all.   contrast_threshold: OpenCV's; higher finds fewer.
    root: RootSIFT (Arandjelovic and Zisserman, CVPR 2012).
    A picture without keypoints gives arrays of shape (0, 128) and (0, 2).   Raises ValueError for non-finite values.
    """
    gray = luminance(to_planes(images)).round_().clamp_(0, 255).byte().cpu().numpy()
    sift = cv2.SIFT.create(nfeatures=max_keypoints, contrastThreshold=contrast_threshold)
    return [_describe(sift, picture, root) for picture in gray]


def _describe(sift: cv2.SIFT, picture: np.ndarray, root: bool) -> KeypointDescriptors:
    keypoints, descriptors = sift.detectAndCompute(picture, None)
    if not keypoints:
        return KeypointDescriptors(np.zeros((0, 128), np.float32), np.zeros((0, 2), np.float32))
    if root:
        descriptors = np.sqrt(descriptors / descriptors.sum(1, keepdims=True))
    else:
        descriptors = descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)
    return KeypointDescriptors(descriptors, np.array([keypoint.pt for keypoint in keypoints], np.float32))
