"""The 15 common corruptions and the 4 held out, at five severities, with CIFAR-10-C's published constants.

Source: Hendrycks, Dietterich, "Benchmarking neural network robustness to common corruptions and perturbations", ICLR
2019; constants from their make_cifar_c.py. Differs: random numbers of our own, one draw for a picture at all
severities; gray levels rounded, not cut off; a synthetic frost, weaker than the photographed one at the same constants.
Hence "CIFAR-10-C-style": not the same pictures, and of frost not the same strength.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from bakeoff.datasets.corruptions import blur, digital, noise, weather
from bakeoff.datasets.corruptions.sampling import generators_for

SEVERITIES = (1, 2, 3, 4, 5)
BATCH = 250  # pictures worked on at once; bounds the memory
Group = Literal["noise", "blur", "weather", "digital"]


@dataclass(frozen=True)
class Corruption:
    """apply: (images float32 (n, h, w, c) in 0..1, constant, generators) -> the same, perhaps beyond 0..1.

    constants: one for each severity.   held_out: one of the four that the mean leaves out.
    """

    name: str
    group: Group
    apply: Callable[[np.ndarray, Any, Sequence[np.random.Generator]], np.ndarray]
    constants: tuple[Any, ...]
    held_out: bool = False
    needs_color: bool = False


CORRUPTIONS: tuple[Corruption, ...] = (
    Corruption("gaussian noise", "noise", noise.gaussian_noise, (0.04, 0.06, 0.08, 0.09, 0.10)),
    Corruption("shot noise", "noise", noise.shot_noise, (500, 250, 100, 75, 50)),
    Corruption("impulse noise", "noise", noise.impulse_noise, (0.01, 0.02, 0.03, 0.05, 0.07)),
    Corruption("defocus blur", "blur", blur.defocus_blur, ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1))),
    Corruption("glass blur", "blur", blur.glass_blur, ((0.05, 1), (0.25, 1), (0.4, 1), (0.25, 2), (0.4, 2))),
    Corruption("motion blur", "blur", blur.motion_blur, ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5))),
    Corruption("zoom blur", "blur", blur.zoom_blur, (1.06, 1.11, 1.16, 1.21, 1.26)),
    Corruption(
        "snow",
        "weather",
        weather.snow,
        (
            (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
            (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
            (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
            (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
            (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
        ),
    ),
    Corruption("frost", "weather", weather.frost, ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45))),
    Corruption("fog", "weather", weather.fog, ((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75))),
    Corruption("brightness", "weather", weather.brightness, (0.05, 0.1, 0.15, 0.2, 0.3)),
    Corruption("contrast", "digital", digital.contrast, (0.75, 0.5, 0.4, 0.3, 0.15)),
    Corruption(
        "elastic transform",
        "digital",
        digital.elastic_transform,
        ((0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03)),
    ),
    Corruption("pixelate", "digital", digital.pixelate, (0.95, 0.9, 0.85, 0.75, 0.65)),
    Corruption("jpeg compression", "digital", digital.jpeg_compression, (80, 65, 58, 50, 40)),
    Corruption("speckle noise", "noise", noise.speckle_noise, (0.06, 0.1, 0.12, 0.16, 0.2), held_out=True),
    Corruption("gaussian blur", "blur", blur.gaussian_blur, (0.4, 0.6, 0.7, 0.8, 1.0), held_out=True),
    Corruption(
        "spatter",
        "weather",
        weather.spatter,
        (
            (0.62, 0.1, 0.7, 0.7, 0.5, False),
            (0.65, 0.1, 0.8, 0.7, 0.5, False),
            (0.65, 0.3, 1, 0.69, 0.5, False),
            (0.65, 0.1, 0.7, 0.69, 0.6, True),
            (0.65, 0.1, 0.5, 0.68, 0.6, True),
        ),
        held_out=True,
    ),
    Corruption(
        "saturate",
        "digital",
        digital.saturate,
        ((0.3, 0), (0.1, 0), (1.5, 0), (2, 0.1), (2.5, 0.2)),
        held_out=True,
        needs_color=True,
    ),
)


def corruptions_for(image_shape: tuple[int, int, int]) -> tuple[Corruption, ...]:
    """Those that say something about pictures of this (height, width, channels): gray ones cannot be saturated, and
    what rain and JPEG do to other channels than colors is not known."""
    if image_shape[2] not in (1, 3):
        return ()
    return tuple(c for c in CORRUPTIONS if image_shape[2] == 3 or not c.needs_color)


def corrupt(
    images: np.ndarray, corruption: Corruption, severity: int, *, seed: int = 0, indices: np.ndarray | None = None
) -> np.ndarray:
    """Every picture, corrupted: uint8 (n, h, w, c), as `images`.

    severity: 1 (mild) to 5.   indices: the pictures' numbers in their data set, on which
    their random numbers depend with the seed; 0, 1, 2 ... if not given. So a picture comes out the same whatever others
    it is asked for with.
    """
    numbers = np.arange(len(images)) if indices is None else indices
    constant = corruption.constants[severity - 1]
    changed = np.empty_like(images)
    for start in range(0, len(images), BATCH):
        rows = slice(start, start + BATCH)
        generators = generators_for(corruption.name, numbers[rows], seed)
        values = corruption.apply(images[rows].astype(np.float32) / 255, constant, generators)
        changed[rows] = np.rint(values.clip(0, 1) * 255)
    return changed
