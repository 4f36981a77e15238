"""Weather corruptions: snow, frost, fog, brightness, spatter. `images`: float32 (n, h, w, c) in 0..1."""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from numpy.random import Generator, default_rng
from scipy.ndimage import gaussian_filter
from skimage.color import hsv2rgb, rgb2hsv

from bakeoff.datasets.corruptions.sampling import blur_along, draw, enlarge_center

LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
WATER = np.array([175, 238, 238], dtype=np.float32) / 255
MUD = np.array([63, 42, 20], dtype=np.float32) / 255
FROST_SIDE = 256  # pixels of the texture that windows are cut from
FROST_COLORS = np.array([[0.16, 0.25, 0.36], [0.92, 0.97, 1.0]], dtype=np.float32)  # glass, ice


def brightness(images: np.ndarray, added: float, generators: Sequence[Generator] = ()) -> np.ndarray:
    """`added` to the value of HSV; to gray pictures as they are."""
    if images.shape[3] == 1:
        return images + added
    hsv = rgb2hsv(images)
    hsv[..., 2] = (hsv[..., 2] + added).clip(0, 1)
    return hsv2rgb(hsv)


def fog(images: np.ndarray, amount_and_decay: tuple[float, float], generators: Sequence[Generator]) -> np.ndarray:
    """A cloud of this amount over the picture, which is then darkened to its former maximum.

    decay: by how much each octave of the cloud is weaker than the one before; the smaller, the finer.
    """
    amount, decay = amount_and_decay
    _, height, width, _ = images.shape
    side = 1 << (max(height, width) - 1).bit_length()
    chance = draw(generators, lambda generator: generator.uniform(-1, 1, (side, side)))
    cloud = diamond_square(chance, decay)[:, :height, :width, None]
    brightest = images.max(axis=(1, 2, 3), keepdims=True)
    return (images + amount * cloud) * brightest / (brightest + amount)


def diamond_square(chance: np.ndarray, decay: float) -> np.ndarray:
    """Random height maps that join at opposite borders, scaled to 0..1: float32 (n, side, side).

    chance: float32 (n, side, side) in -1..1, side a power of two.
    Each pixel is the mean of its four neighbors of the coarser grid plus chance times the square of an amplitude that
    is 100 at first and falls by `decay` with each halving. Source: Fournier, Fussell, Carpenter, CACM 1982.
    """
    heights = np.zeros_like(chance)
    step, amplitude = chance.shape[1], 100.0
    while step >= 2:
        on, off = slice(None, None, step), slice(step // 2, None, step)
        scale = np.float32(amplitude**2)
        corners = heights[:, on, on]
        across, along = np.roll(corners, -1, axis=2), np.roll(corners, -1, axis=1)
        middles = (corners + across + along + np.roll(across, -1, axis=1)) / 4 + scale * chance[:, off, off]
        heights[:, off, off] = middles
        beside = corners + across + middles + np.roll(middles, 1, axis=1)
        heights[:, on, off] = beside / 4 + scale * chance[:, on, off]
        below = corners + along + middles + np.roll(middles, 1, axis=2)
        heights[:, off, on] = below / 4 + scale * chance[:, off, on]
        step, amplitude = step // 2, amplitude / decay
    heights -= heights.min(axis=(1, 2), keepdims=True)
    return heights / heights.max(axis=(1, 2), keepdims=True)


def frost(images: np.ndarray, weights: tuple[float, float], generators: Sequence[Generator]) -> np.ndarray:
    """The picture and a window of frost, added with these weights. Differs: the frost is made, not photographed."""
    _, height, width, channels = images.shape
    texture = frost_texture(max(FROST_SIDE, 2 * height, 2 * width))
    room = len(texture) - height + 1, len(texture) - width + 1
    corners = draw(generators, lambda generator: generator.integers((0, 0), room)).astype(np.int64)
    windows = np.stack([texture[row : row + height, column : column + width] for row, column in corners])
    if channels == 1:
        windows = windows @ LUMINANCE[:, None]
    return weights[0] * images + weights[1] * windows


@cache
def frost_texture(side: int) -> np.ndarray:
    """Bright, thin, branching ridges on dark glass: float32 (side, side, 3) in 0..1, the same one every time.

    Ridges are where smooth noise of four scales crosses zero; a coarse cloud decides where the ice is dense.
    """
    random = default_rng(0)

    def smooth_noise(sigma: float) -> np.ndarray:
        field = gaussian_filter(random.standard_normal((side, side)), sigma, mode="wrap")
        return field / field.std()

    ridges = sum(
        np.exp(-np.abs(smooth_noise(sigma)) * 4) * weight for sigma, weight in ((8, 1), (4, 0.8), (2, 0.6), (1, 0.4))
    )
    dense = 1 / (1 + np.exp(-1.5 * smooth_noise(16)))
    ice = (0.25 + 0.75 * dense) * ridges
    ice = ((ice - ice.min()) / (np.quantile(ice, 0.99) - ice.min())).clip(0, 1)[..., None].astype(np.float32)
    return FROST_COLORS[0] * (1 - ice) + FROST_COLORS[1] * ice


def snow(
    images: np.ndarray, constants: tuple[float, float, float, float, int, float, float], generators: Sequence[Generator]
) -> np.ndarray:
    """Flakes blown downwards over a whitened picture, and the same flakes turned by half a circle.

    constants: mean and deviation of the noise whose peaks are flakes, its enlargement, the least peak, radius and
    sigma of the motion blur, and the weight of the picture against its whitened self.
    """
    mean, deviation, enlarged, least, radius, sigma, weight = constants
    noise = draw(generators, lambda generator: generator.normal(mean, deviation, images.shape[1:3]))
    angles = draw(generators, lambda generator: generator.uniform(-135, -45))
    flakes = enlarge_center(noise[..., None], enlarged)
    flakes = np.where(flakes < least, 0, flakes).clip(0, 1)
    flakes = blur_along(flakes.astype(np.float32), angles, radius=radius, sigma=sigma)
    gray = images if images.shape[3] == 1 else images @ LUMINANCE[:, None]
    whitened = weight * images + (1 - weight) * np.maximum(images, gray * 1.5 + 0.5)
    return whitened + flakes + flakes[:, ::-1, ::-1]


def spatter(
    images: np.ndarray, constants: tuple[float, float, float, float, float, bool], generators: Sequence[Generator]
) -> np.ndarray:
    """Drops on the lens, of water or mud.

    constants: mean, deviation and smoothing of the noise whose peaks are drops, the least peak, the strength (water)
    or smoothing (mud) of the drops, and whether they are mud.
    """
    mean, deviation, smoothing, least, strength, is_mud = constants
    noise = draw(generators, lambda generator: generator.normal(mean, deviation, images.shape[1:3]))
    liquid = gaussian_filter(noise, (0, smoothing, smoothing), mode="nearest", truncate=4)
    liquid[liquid < least] = 0
    color = MUD if is_mud else WATER
    if images.shape[3] == 1:
        color = (color @ LUMINANCE)[None]
    if is_mud:
        drops = gaussian_filter(
            (liquid > least).astype(np.float32), (0, strength, strength), mode="nearest", truncate=4
        )
        drops = np.where(drops < 0.8, 0, drops)[..., None]
        return images * (1 - drops) + color * drops
    return images + strength * np.stack([shade_water(layer) for layer in liquid])[..., None] * color


def shade_water(liquid: np.ndarray) -> np.ndarray:
    """Light on drops: float32 (h, w) in 0..1. liquid: float32 (h, w), 0 where it is dry.

    The distance from the drops' rims (at most 20 pixels), equalized and embossed, times the liquid's height.
    """
    levels = (liquid * 255).astype(np.uint8)
    distance = cv2.distanceTransform(255 - cv2.Canny(levels, 50, 150), cv2.DIST_L2, 5)
    distance = cv2.equalizeHist(cv2.blur(distance.clip(max=20), (3, 3)).astype(np.uint8))
    emboss = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
    shaded = levels * cv2.blur(cv2.filter2D(distance, cv2.CV_8U, emboss), (3, 3)).astype(np.float32)
    return shaded / max(float(shaded.max()), 1e-6)
