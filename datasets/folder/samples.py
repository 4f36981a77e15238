"""Pixels of any depth: what a file states about them, and how a range makes 8 bits of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle

import cv2
import numpy as np

from bakeoff.datasets.folder.conversion import PictureError

Range = tuple[float, float]
"""The raw value that becomes black, 0, and the one that becomes white, 255."""
PAGE_RULES = ("max", "mean", "first", "middle", "channels")
CHANNEL_RULES = ("first", "mean")
NUMPY_START = b"\x93NUMPY"


class UnknownRangeError(PictureError):
    """Samples whose white is not stated, and whose range nobody has found or given yet."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"{kind} pixels have no agreed white")
        self.kind = kind


@dataclass(frozen=True)
class Rules:
    """How a file becomes one picture; `Reading` says the same for people.

    ranges: kind of samples (`Raw.kind`) -> one range for all channels or one for each; None takes the stated white,
        where there is one.
    channels: "" or "first": the first three are red, green and blue, the first two red and green; "mean": one gray;
        "2" or "3,1,2": these, counted from 1.
    pages: what is made of z planes and pages: the "max" or "mean" of each pixel, the "first", the "middle" one, one
        counted from 1 ("3"), or "channels".
    """

    ranges: Mapping[str, tuple[Range, ...]] | None = None
    channels: str = ""
    pages: str = "max"


@dataclass(frozen=True)
class Raw:
    """A picture that is opened, not yet read.

    dtype, bits: of a sample; a file may state fewer bits than the type has.   n_channels: without alpha.
    read: its samples, (height, width, n_channels), and one more for alpha.
    file_format: as Pillow calls it.   remarks: as in `Decoded`.   is_color: the channels are RGB.
    """

    dtype: np.dtype
    bits: int
    n_channels: int
    read: Callable[[], np.ndarray]
    file_format: str
    remarks: tuple[str, ...] = ()
    is_color: bool = False

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
    def stated_range(self) -> Range | None:
        """Black and white by the number of bits; none for floats and for 32 bits, which nothing fills."""
        return stated_range(self.kind, signed=True) if self.kind else (0, 2**self.bits - 1)

    def ranges(self, rules: Rules) -> tuple[Range, ...]:
        """One for all channels, or one for each. Raises UnknownRangeError."""
        if self.kind and rules.ranges is not None:
            if self.kind not in rules.ranges:
                raise UnknownRangeError(self.kind)
            return rules.ranges[self.kind]
        if self.stated_range is None:
            raise UnknownRangeError(self.kind)
        return (self.stated_range,)


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
    """Linear, cut off at both ends, rounded; what is no number becomes black.

    values: any numbers (height, width, channels).   Returns uint8 of that shape.
    """
    if values.dtype == np.uint8 and ranges == ((0, 255),):
        return values
    if values.dtype.kind in "iu" and values.dtype.itemsize <= 2:  # as many possible values as a table can hold
        raw = values.view(f"u{values.dtype.itemsize}")
        return np.stack(
            [_table(values.dtype.str, *ends).take(raw[..., c]) for c, ends in _each(values, ranges)], axis=2
        )
    floats = np.nan_to_num(values.astype(np.float64), nan=-np.inf)
    return np.stack([_levels(floats[..., channel], *ends) for channel, ends in _each(values, ranges)], axis=2)


def _each(values: np.ndarray, ranges: tuple[Range, ...]) -> Iterator[tuple[int, Range]]:
    """Every channel with its range."""
    return zip(range(values.shape[2]), cycle(ranges), strict=False)


@lru_cache(maxsize=16)
def _table(dtype: str, low: float, high: float) -> np.ndarray:
    """The level of each value of 8 or 16 bits, by its bits."""
    n_bytes = np.dtype(dtype).itemsize
    return _levels(np.arange(256**n_bytes, dtype=f"u{n_bytes}").view(dtype).astype(np.float64), low, high)


def _levels(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.rint(255 * ((values.clip(low, high) - low) / (high - low))).astype(np.uint8)


def choose_channels(values: np.ndarray, rule: str) -> tuple[np.ndarray, list[str]]:
    """(height, width, any number of channels) -> (height, width, 1 or 3), and remarks. Raises PictureError."""
    n_channels = values.shape[2]
    if rule == "mean":
        mean = np.rint(values.mean(axis=2, keepdims=True)).astype(values.dtype)
        return mean, [f"of {n_channels} channels, their mean taken"] if n_channels > 1 else []
    if rule not in ("", "first"):
        wanted = [int(number) - 1 for number in rule.split(",")]
        if max(wanted) >= n_channels:
            raise PictureError(f"has {n_channels} channel{'s'[: n_channels > 1]}, and channel {rule} was asked for")
        return _fill_up(values[..., wanted]), [f"of {n_channels} channels, {rule} taken"]
    remarks = {1: [], 2: ["of 2 channels, shown as red and green"], 3: []}.get(n_channels)
    if remarks is None:
        remarks = [f"of {n_channels} channels, the first three taken as red, green and blue"]
    return _fill_up(values[..., :3]), remarks


def _fill_up(values: np.ndarray) -> np.ndarray:
    """Two channels become red and green: blue is black."""
    return values if values.shape[2] != 2 else np.concatenate([values, np.zeros_like(values[..., :1])], axis=2)


def to_three(pixels: np.ndarray) -> np.ndarray:
    """uint8 (height, width, 1 or 3) -> (height, width, 3)."""
    return pixels if pixels.shape[2] == 3 else cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_GRAY2RGB)


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
    made = {"max": "each pixel's maximum taken", "mean": "each pixel's mean taken", "channels": "taken as channels"}
    return (
        f"of several pages or z planes, {made.get(rule, f'{rule} taken' if rule.isalpha() else f'page {rule} taken')}"
    )


def open_array(content: bytes, rules: Rules) -> Raw | None:
    """A .npy file: (height, width), (height, width, up to 4 channels) or (pages, height, width); None for others."""
    if content[:6] != NUMPY_START:
        return None
    values = np.load(io.BytesIO(content), allow_pickle=False)
    if values.ndim not in (2, 3) or values.dtype.kind not in "biuf" or not values.size:
        raise PictureError(f"an array of {values.dtype} {values.shape} is no picture")
    values = values.astype(np.uint8) * 255 if values.dtype.kind == "b" else values
    values = values.astype(values.dtype.newbyteorder("="))
    remarks: tuple[str, ...] = ()
    if values.ndim == 2:
        values = values[..., None]
    elif values.shape[2] > 4:
        values, remarks = project(values[..., None], rules.pages), (describe_pages(rules.pages),)
    return Raw(
        values.dtype, 8 * values.dtype.itemsize, values.shape[2], lambda: values, "NPY", remarks, values.shape[2] == 3
    )
