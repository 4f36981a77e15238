"""Corruptions one picture and one pixel at a time. Pictures: float (h, w, c) in 0..1."""

import math

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, zoom


def enlarge(image: np.ndarray, factor: float) -> np.ndarray:
    side = image.shape[0]
    crop = math.ceil(side / factor)
    first = (side - crop) // 2
    large = zoom(image[first : first + crop, first : first + crop], (factor, factor, 1), order=1)
    first = (large.shape[0] - side) // 2
    return large[first : first + side, first : first + side]


def blur_along(image: np.ndarray, angle: float, radius: int, sigma: float) -> np.ndarray:
    height, width, _ = image.shape
    weights = [math.exp(-(step**2) / (2 * sigma**2)) for step in range(2 * radius + 1)]
    blurred = np.zeros_like(image)
    for row in range(height):
        for column in range(width):
            for step, weight in enumerate(weights):
                down = math.ceil(step * math.sin(math.radians(angle)) - 0.5)
                right = math.ceil(step * math.cos(math.radians(angle)) - 0.5)
                source = image[min(max(row + down, 0), height - 1), min(max(column + right, 0), width - 1)]
                blurred[row, column] += source * weight / sum(weights)
    return blurred


def shuffle_pixels(image: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """The published loop, with its views: the second assignment finds what the first one wrote.

    shifts: int (times, 2, h, w), down and right, -1 or 0.
    """
    image = image.copy()
    height, width, _ = image.shape
    for turn in shifts:
        for row in range(height - 1, 1, -1):
            for column in range(width - 1, 1, -1):
                down, right = turn[:, row, column]
                here, there = image[row, column], image[row + down, column + right]
                here[:], there[:] = there, here
    return image


def elastic(image: np.ndarray, moved: np.ndarray, field: np.ndarray, sigma: float, strength: float) -> np.ndarray:
    """moved: float32 (3, 2).   field: (2, h, w), before smoothing, down and right."""
    height, width, channels = image.shape
    center, half = np.float32([width // 2, height // 2]), min(height, width) // 3
    before = np.float32([center + half, [center[0] + half, center[1] - half], center - half])
    matrix = cv2.getAffineTransform(before, before + moved)
    # OpenCV's own warp rounds positions to 1/32 of a pixel, so only its matrix is used.
    inverse = cv2.invertAffineTransform(matrix)
    warped = np.empty_like(image)
    rows, columns = np.mgrid[:height, :width]
    source_columns, source_rows = (inverse[i, 0] * columns + inverse[i, 1] * rows + inverse[i, 2] for i in (0, 1))
    down, right = (gaussian_filter(part, sigma, mode="reflect", truncate=3) * strength for part in field)
    for channel in range(channels):
        warped[..., channel] = map_coordinates(
            image[..., channel], [source_rows, source_columns], order=1, mode="mirror"
        )
        warped[..., channel] = map_coordinates(
            warped[..., channel], [rows + down, columns + right], order=1, mode="reflect"
        )
    return warped


def diamond_square(chance: np.ndarray, decay: float) -> np.ndarray:
    """chance: (side, side)."""
    side = len(chance)
    heights = np.zeros((side, side))
    step, amplitude = side, 100.0
    while step >= 2:
        half = step // 2
        for row in range(half, side, step):
            for column in range(half, side, step):
                corners = [heights[(row + i) % side, (column + j) % side] for i in (-half, half) for j in (-half, half)]
                heights[row, column] = np.mean(corners) + amplitude**2 * chance[row, column]
        for row in range(0, side, half):
            for column in range(0, side, half):
                if (row % step == 0) == (column % step == 0):
                    continue  # a corner or a middle
                beside = [
                    heights[(row + i) % side, (column + j) % side]
                    for i, j in ((-half, 0), (half, 0), (0, -half), (0, half))
                ]
                heights[row, column] = np.mean(beside) + amplitude**2 * chance[row, column]
        step, amplitude = half, amplitude / decay
    heights -= heights.min()
    return heights / heights.max()
