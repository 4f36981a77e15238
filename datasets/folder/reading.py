"""How a folder of pictures is to be read: everything about it that a person can choose."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from bakeoff.datasets.folder.samples import CHANNEL_RULES, MAX_PIXELS, PAGE_RULES, Range

Duplicates = Literal["drop", "move", "keep"]
Frame = Literal["auto", "middle", "whole"]
Regions = Literal["mask", "crop", "ignore"]
MIN_IMAGE_SIZE = 8  # pixels; smaller pictures hold no gradient grid


@dataclass(frozen=True)
class Reading:
    """The options of `load_folder`. Raises ValueError, naming the option, for a value that means nothing."""

    image_size: int | None = None
    """Side in pixels that pictures are brought to. None: the largest of 32, 64, 128 and, of up to 3,000 pictures, 224
    that is not above the median short side."""
    max_skipped_share: float = 0.05
    """Share of picture files that may be unusable before this stops."""
    max_pixels: int = MAX_PIXELS
    """Larger pictures are refused, undecoded."""
    range: Range | str | None = None
    """Raw values that become black and white where pictures have more than 8 bits, (0, 4095) or "0,4095"; None: the
    0.1th and 99.9th percentile of the training pictures, or all that the samples hold where they fill half of it."""
    channels: str = ""
    """"3,1,2" takes these as red, green and blue, "2" that one, "1,2,3,4" as many, "mean" the mean, "first" three. "":
    all, where every picture has the same number of more than three; else the first three."""
    pages: str = "max"
    """What is made of z planes and pages: the max or mean of each pixel, the first, the middle, a page's number, or
    channels. Of times, and by max of pages in color, the first is taken."""
    duplicates: Duplicates = "drop"
    """Copies of given test or validation pictures in an earlier split: drop them, move all there, or keep them."""
    frame: Frame = "auto"
    """What is taken of a picture that is no square: its "middle" square, or the "whole", squeezed into one; "auto": the
    middle, unless half of the median picture lies outside of it."""
    regions: Regions = "mask"
    """Where masks or boxes mark a part of each picture, that part, the mean of which is all around it; or "crop": that
    part and what is around it; or "ignore": whole pictures."""
    label: str = ""
    """A regular expression: what its first group that matches, or all of it, is in a path is the class, not folders."""
    group: str = ""
    """A regular expression, as of `label`, for what must stay in one split, such as a patient."""

    def __post_init__(self) -> None:
        if self.image_size is not None and self.image_size < MIN_IMAGE_SIZE:
            raise ValueError(f"image_size must be at least {MIN_IMAGE_SIZE} pixels, got {self.image_size}")
        if not (self.channels in ("", *CHANNEL_RULES) or re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", self.channels)):
            raise ValueError(
                f"channels must be {', '.join(CHANNEL_RULES)} or numbers from 1 on such as 3,1,2, got {self.channels!r}"
            )
        if not (self.pages in PAGE_RULES or re.fullmatch(r"[1-9]\d*", self.pages)):
            raise ValueError(f"pages must be {', '.join(PAGE_RULES)} or a page's number, got {self.pages!r}")
        fixed = {"duplicates": Duplicates, "frame": Frame, "regions": Regions}
        for name, words in ((name, get_args(kind)) for name, kind in fixed.items()):
            if getattr(self, name) not in words:
                raise ValueError(f"{name} must be {', '.join(words[:-1])} or {words[-1]}, got {getattr(self, name)!r}")
        for name in ("label", "group"):
            try:
                re.compile(getattr(self, name))
            except re.error as error:
                raise ValueError(f"{name} is no regular expression: {error} in {getattr(self, name)!r}") from error
        _parse_range(self.range)

    @property
    def given_range(self) -> Range | None:
        return _parse_range(self.range)


def _parse_range(text: Range | str | None) -> Range | None:
    if not text:
        return None
    try:
        low, high = map(float, text.split(",") if isinstance(text, str) else text)
        if low < high < float("inf") and low > -float("inf"):
            return low, high
    except (TypeError, ValueError):
        pass
    raise ValueError(f"range must be two numbers, the smaller first, such as 0,4095, got {text!r}")
