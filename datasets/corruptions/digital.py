"""Digital corruptions: contrast, elastic transform, pixelation, JPEG. `images`: float32 (n, h, w, c) in 0..1."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage.color import hsv2rgb, rgb2hsv

from bakeoff.datasets.corruptions.sampling import draw, sample


def contrast(images: np.ndarray, factor: float, generators: Sequence[Generator] = ()) -> np.ndarray:
    """Each channel's distance from its mean over the picture, times `factor`."""
    means = images.mean(axis=(1, 2), keepdims=True)
    return (images - means) * factor + means


def saturate(
    images: np.ndarray, factor_and_added: tuple[float, float], generators: Sequence[Generator] = ()
) -> np.ndarray:
    """The saturation of HSV, times the one, plus the other. Color pictures only."""
    factor, added = factor_and_added
    hsv = rgb2hsv(images)
    hsv[..., 1] = (hsv[..., 1] * factor + added).clip(0, 1)
    return hsv2rgb(hsv)


def elastic_transform(
    images: np.ndarray, lengths: tuple[float, float, float], generators: Sequence[Generator]
) -> np.ndarray:
    """A random affine map, then a smooth field of displacements.

    lengths: in sides of the picture - the field's strength, the sigma of its smoothing, and the largest distance by
    which each of the three points that fix the affine map moves.
    """
    _, height, width, _ = images.shape
    strength, sigma, reach = np.array(lengths) * min(height, width)
    moved = draw(generators, lambda generator: generator.uniform(-reach, reach, (3, 2)))
    field = draw(generators, lambda generator: generator.uniform(-1, 1, (2, height, width)))
    warped = sample(images, *affine_positions(moved, height, width), "mirror")
    if strength == 0:
        return warped
    field = gaussian_filter(field, (0, 0, sigma, sigma), mode="reflect", truncate=3) * strength
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return sample(warped, rows + field[:, 0], columns + field[:, 1], "reflect")


def affine_positions(moved: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of the warped picture comes from: (rows, columns), each float64 (n, height, width).

    moved: (n, 3, 2), by how much (right, down) three corners of a square about the center move.
    """
    center, half = np.array([width // 2, height // 2]), min(height, width) // 3
    before = center + half * np.array([[1, 1], [1, -1], [-1, -1]])  # (x, y)
    after = np.concatenate([before + moved, np.ones((len(moved), 3, 1))], axis=2)
    backwards = np.linalg.solve(after, np.broadcast_to(before.astype(np.float64), moved.shape))  # (n, 3, 2)
    y, x = np.mgrid[:height, :width]
    columns, rows = np.moveaxis(np.stack([x, y, np.ones_like(x)], axis=-1) @ backwards[:, None], -1, 0)
    return rows, columns


def pixelate(images: np.ndarray, factor: float, generators: Sequence[Generator] = ()) -> np.ndarray:
    """Made smaller by `factor` and larger again, both by means over boxes."""

    def both_ways(picture: Image.Image) -> Image.Image:
        small = (int(picture.width * factor), int(picture.height * factor))
        return picture.resize(small, Image.Resampling.BOX).resize(picture.size, Image.Resampling.BOX)

    return _by_picture(images, both_ways)


def jpeg_compression(images: np.ndarray, quality: int, generators: Sequence[Generator] = ()) -> np.ndarray:
    """Saved as JPEG of this quality, and read again."""

    def there_and_back(picture: Image.Image) -> Image.Image:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality)
        return Image.open(file)

    return _by_picture(images, there_and_back)


def _by_picture(images: np.ndarray, change: object) -> np.ndarray:
    """`change` applied to each as a Pillow picture of whole gray levels."""
    levels = np.rint(images * 255).astype(np.uint8)
    gray = images.shape[3] == 1
    changed = [change(Image.fromarray(level[..., 0] if gray else level)) for level in levels]  # type: ignore[operator]
    return np.stack([np.asarray(picture, np.float32) for picture in changed]).reshape(images.shape) / 255
