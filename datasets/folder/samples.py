"""Pixels of any depth: what a file states about them, and how a range makes 8 bits of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from bakeoff.datasets.folder.conversion import PictureError
from bakeoff.datasets.resizing import MIDDLE

Range = tuple[float, float]
"""The raw value that becomes black, 0, and the one that becomes white, 255."""
PAGE_RULES = ("max", "mean", "first", "middle", "channels")
CHANNEL_RULES = ("first", "mean")
MAX_PIXELS = 100_000_000  # 300 MB decoded; the largest phone cameras take 50 to 108 million


class UnknownRangeError(PictureError):
    """Samples whose white is not stated, and whose range nobody has found or given yet."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind} pixels have no agreed white")
        self.kind = kind


@dataclass(frozen=True)
class Rules:
    """How a file becomes one picture: what `Reading` says, once the files are known.

    ranges: kind of samples (`Raw.kind`) -> one range for all channels or one for each; None takes the stated white,
        where there is one.
    channels, pages, frame, max_pixels: as in `Reading`, without "auto".   image_size: side in pixels.
    compared: whether pictures are compared with each other, so that their traits are found along with them.
    """

    ranges: Mapping[str, tuple[Range, ...]] | None = None
    channels: str = ""
    pages: str = "max"
    frame: str = MIDDLE
    image_size: int = 32
    max_pixels: int = MAX_PIXELS
    compared: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.image_size, self.image_size, self.n_channels

    @property
    def n_channels(self) -> int:
        """Of every picture: 3, of which one or two are shown as gray or red and green, or more that were named."""
        return max(3, self.channels.count(",") + 1)


@dataclass(frozen=True)
class Raw:
    """A picture that is opened, not yet read.

    dtype, bits: of a sample; a file may state fewer bits than the type has.   n_channels: without alpha.
    sides: width and height, in pixels.
    read: its samples, (height, width, n_channels), and one more for alpha.
    file_format: as Pillow calls it.   remarks: as in `Outcome`.   is_color: the channels are RGB.
    n_pages: and z planes, of which the samples are made.   profile: of its colors or grays, as ICC has it.
    """

    dtype: np.dtype
    bits: int
    n_channels: int
    sides: tuple[int, int]
    read: Callable[[], np.ndarray]
    file_format: str
    remarks: tuple[str, ...] = ()
    is_color: bool = False
    n_pages: int = 1
    profile: bytes | None = None

    @property
    def kind(self) -> str:
        """Samples of one kind share a range; "" for those of 8 bits or fewer, whose white needs no looking for."""
        if self.dtype.kind == "f":
            kind = "floating-point"
        elif self.dtype.kind == "i" or self.bits > 8:
            kind = f"{'signed ' if self.dtype.kind == 'i' else ''}{self.bits}-bit"
        else:
            return ""
        return kind + (" RGB" if self.is_color else f" {self.n_channels}-channel" if self.n_channels > 1 else "")

    @property
    def stated(self) -> Range | None:
        """Black and white by the number of bits, which floats and 32 bits do not fill."""
        return stated_range(self.kind, signed=True) if self.kind else (0, 2**self.bits - 1)

    def ranges(self, rules: Rules) -> tuple[Range, ...]:
        """One for all channels, or one for each: as found or given, or else as stated. Raises UnknownRangeError."""
        if self.kind and rules.ranges is not None and self.kind in rules.ranges:
            return rules.ranges[self.kind]
        if self.stated is None or (self.kind and rules.ranges is not None):
            raise UnknownRangeError(self.kind)
        return (self.stated,)


def stated_range(kind: str, *, signed: bool) -> Range | None:
    """Black and white of a kind of samples by its bits; `signed`: whether any value is below zero."""
    words = kind.removeprefix("signed ").split("-bit")
    if len(words) == 1 or int(words[0]) >= 32:
        return None
    bits = int(words[0])
    if not kind.startswith("signed"):
        return 0, 2**bits - 1
    return (-(2.0 ** (bits - 1)) if signed else 0), 2 ** (bits - 1) - 1


def to_gray_levels(values: np.ndarray, ranges: tuple[Range, ...]) -> np.ndarray:
    """Linear, cut off at both ends, rounded; what is no number becomes black. OpenCV rounds the same float32 products.

    values: any numbers (height, width, channels).   Returns uint8 of that shape.
    """
    if values.dtype == np.uint8 and ranges == ((0, 255),):
        return values
    low, high = ranges[0]
    if values.dtype == np.uint16 and len(ranges) == 1 and low in range(1 << 16):
        above = np.maximum(values, np.uint16(low)) - np.uint16(low) if low else values
        return cv2.convertScaleAbs(above, alpha=float(np.float32(255) / np.float32(high - low))).reshape(values.shape)
    exact = values.astype(np.result_type(values.dtype, np.float32))  # of 32 bits and more float64
    lows, highs = np.array(ranges, dtype=exact.dtype).T
    if values.dtype.kind == "f":
        exact = np.where(np.isnan(exact), lows, exact)
    return np.rint((exact.clip(lows, highs) - lows) * (255 / (highs - lows))).astype(np.uint8)


def share_beyond(values: np.ndarray, ranges: tuple[Range, ...]) -> float:
    """Of values (height, width, channels) that are cut off at either end, by some 4,000 of the pixels."""
    pixels = values.reshape(-1, values.shape[2])
    some = pixels[:: max(1, len(pixels) // 4_000) | 1]  # odd: no column by column
    lows, highs = np.array(ranges).T
    return np.count_nonzero((some < lows) | (some > highs)) / some.size


def choose_channels(values: np.ndarray, rule: str) -> tuple[np.ndarray, list[str]]:
    """uint8 (height, width, any number of channels) -> (height, width, 1, 3 or more if named), and remarks.

    Raises PictureError for a channel that there is not.
    """
    n_channels = values.shape[2]
    remarks = [f"of {n_channels} channels, {rule} taken"]
    if rule == "mean":
        values = np.rint(values.mean(axis=2, keepdims=True)).astype(np.uint8)
    elif rule not in ("", "first"):
        wanted = [int(number) - 1 for number in rule.split(",")]
        if max(wanted) >= n_channels:
            raise PictureError(f"has {n_channels} channel{'s'[: n_channels > 1]}, and channel {rule} was asked for")
        values = values[..., wanted]
        if len(wanted) > 3:
            return np.ascontiguousarray(values), remarks if wanted != list(range(n_channels)) else []
    else:
        more = f"of {n_channels} channels, the first three taken as red, green and blue, which --channels sets"
        remarks = {1: [], 2: ["of 2 channels, shown as red and green"], 3: []}.get(n_channels, [more])
    if values.shape[2] == 2:
        values = np.dstack([values, np.zeros_like(values[..., 0])])
    return np.ascontiguousarray(values[..., :3]), remarks


def project(stack: np.ndarray, rule: str) -> np.ndarray:
    """(pages, height, width, channels) -> one of them or a projection. Raises PictureError for an absent page."""
    if rule == "max":
        return stack.max(axis=0)
    if rule == "mean":
        mean = stack.mean(axis=0)
        return mean.astype(stack.dtype) if stack.dtype.kind == "f" else np.rint(mean).astype(stack.dtype)
    if rule == "channels":
        return np.moveaxis(stack, 0, 2).reshape(*stack.shape[1:3], -1)
    page = {"first": 0, "middle": len(stack) // 2}.get(rule)
    page = int(rule) - 1 if page is None else page
    if page >= len(stack):
        raise PictureError(f"has {len(stack)} pages, and page {rule} was asked for")
    return stack[page]


def describe_pages(rule: str) -> str:
    """In words that follow a number."""
    made = {"max": "each pixel's maximum", "mean": "each pixel's mean", "channels": "as channels"}
    taken = made.get(rule, f"the {rule} one" if rule.isalpha() else f"page {rule}")
    return f"of several pages or z planes, {taken} taken, which --pages sets"
