"""sRGB to HSV and CIE Lab, equal to scikit-image's conversions."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

ColorSpace = Literal["rgb", "hsv", "lab"]
SRGB_TO_XYZ = (  # ITU-R BT.709 primaries, white point D65
    (0.412453, 0.357580, 0.180423),
    (0.212671, 0.715160, 0.072169),
    (0.019334, 0.119193, 0.950227),
)
D65_WHITE = (0.95047, 1.0, 1.08883)  # 2 degree observer
# What each channel can reach for colors of the sRGB cube.
RANGES: dict[ColorSpace, tuple[tuple[float, float], ...]] = {
    "rgb": ((0, 1), (0, 1), (0, 1)),
    "hsv": ((0, 1), (0, 1), (0, 1)),
    "lab": ((0, 100), (-86.2, 98.3), (-107.9, 94.5)),
}


def rgb_to_hsv(rgb: Tensor) -> Tensor:
    """float32 (3, ...) in 0..1 -> hue, saturation, value in 0..1; hue 0 for grays, saturation 0 for black."""
    red, green, blue = rgb
    value = rgb.amax(0)
    spread = value - rgb.amin(0)
    safe = torch.where(spread > 0, spread, 1)
    sixths = torch.where(value == red, (green - blue) / safe, 0)
    sixths = torch.where(value == green, 2 + (blue - red) / safe, sixths)
    sixths = torch.where(value == blue, 4 + (red - green) / safe, sixths)  # of two largest the later counts, as there
    hue = torch.where(spread > 0, (sixths / 6).remainder(1), 0)
    return torch.stack([hue, spread / torch.where(value > 0, value, 1), value])


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """float32 (3, ...) sRGB in 0..1 -> CIE L (0..100), a, b under D65."""
    linear = torch.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    to_xyz = torch.tensor(SRGB_TO_XYZ, device=rgb.device) / torch.tensor(D65_WHITE, device=rgb.device)[:, None]
    xyz = torch.tensordot(to_xyz, linear, dims=1)
    x, y, z = torch.where(xyz > 0.008856, xyz.clamp(min=0) ** (1 / 3), 7.787 * xyz + 16 / 116)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def from_rgb(rgb: Tensor, space: ColorSpace) -> Tensor:
    """float32 (3, ...) in 0..1 -> the same colors in `space`, channels within RANGES[space]."""
    if space == "hsv":
        return rgb_to_hsv(rgb)
    return rgb_to_lab(rgb) if space == "lab" else rgb
