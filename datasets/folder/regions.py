"""Regions of pictures: what a mask or a box marks is all that features and nets see.

Masks lie in a folder called masks, labels or the like, under the same names as the pictures (masks/cat/7.png is that
of cat/7.jpg or images/cat/7.jpg), or beside the picture (7_mask.png, gt_7.png); or a table names them, or a box.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from bakeoff.datasets.folder.conversion import PictureError
from bakeoff.datasets.folder.picture_file import MASKS, PictureFile, Region
from bakeoff.datasets.resizing import central_square

WORDS = ("mask", "segmentation", "seg", "segm", "gt", "groundtruth", "ground_truth", "label", "annotation", "trimap")
FOLDERS = {word + end for word in WORDS for end in ("", "s")} | {"segmentationclass", "segmentationobject"}
PICTURES = {"images", "image", "imgs", "img", "pictures", "photos", "jpegimages"}  # folders that stand beside those
NAMED = re.compile(
    r"(?P<name>.+?)[-_ ](?:{0})s?(?:[-_ ]?\d+)?|(?:{0})s?[-_ ](?P<last>.+)".format("|".join(WORDS)), re.IGNORECASE
)
CUT = "cut to the square around its region, which --regions sets"
FILLED = "cut to the square around its region, whose mean is all around it, which --regions sets"
WITHOUT = "without a mask, taken whole"
EMPTY = "with an empty mask, taken whole"
MOST = 1e9  # pixels of a side
UNLIKE = 0.02  # share by which the shape of a mask may differ from its picture's


def pair_masks(files: Sequence[PictureFile]) -> list[PictureFile]:
    """Each picture with its masks, by their names; the masks themselves are left out.

    Folders called masks are left alone where fewer than half of what they hold has a picture: they are classes.
    """
    pictures = {_key(file): file for file in files if file.is_picture and not _is_mask(file)}
    masks = [(file, _key(file)) for file in files if file.is_picture and _is_mask(file)]
    paired = [(mask, key) for mask, key in masks if key in pictures]
    if 2 * len(paired) < len(masks) or not paired:
        return list(files)
    of_key: dict[tuple[str, ...], list[PictureFile]] = {}
    for mask, key in paired:
        of_key.setdefault(key, []).append(mask)
    regions = {pictures[key].parts: Region(tuple(found)) for key, found in of_key.items()}
    out = {mask.parts for mask, _ in masks}
    return [
        replace(file, left_out=MASKS)
        if file.parts in out
        else replace(file, region=regions[file.parts])
        if file.parts in regions
        else file.remarked(WITHOUT)
        for file in files
    ]


def _is_mask(file: PictureFile) -> bool:
    return bool(NAMED.fullmatch(file.stem)) or any(part.lower() in FOLDERS for part in file.parts[:-1])


def _key(file: PictureFile) -> tuple[str, ...]:
    """The same for a picture and its masks."""
    folders = (part.lower() for part in file.parts[:-1])
    match = NAMED.fullmatch(file.stem) if _is_mask(file) else None
    return *(name for name in folders if name not in FOLDERS | PICTURES), (
        (match["name"] or match["last"]) if match else file.stem
    ).lower()


def box_of(where: str, numbers: Sequence[str], has_sides: bool) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in pixels.   where: the table and its line.   has_sides: two are width and height."""
    try:
        left, top, right, bottom = map(float, numbers)
    except ValueError as error:
        raise ValueError(f"{where} must have four numbers for a box, got {numbers}") from error
    if has_sides:
        right, bottom = left + right, top + bottom
    if not (-MOST < left < right < MOST and -MOST < top < bottom < MOST):
        raise ValueError(f"{where}: its box {numbers} has no pixel in it")
    if right <= 1 and bottom <= 1:
        raise ValueError(f"{where}: its box {numbers} must be in pixels, not shares of a side")
    return left, top, right, bottom


def cut_to_region(pixels: np.ndarray, region: Region, masks: Sequence[np.ndarray]) -> tuple[np.ndarray, list[str]]:
    """The square around a region, as large as its longer side, and a remark.

    pixels: any numbers (height, width, channels).   masks: bool, of its shape or one like it; any of them counts.
    What lies around the region becomes its mean, or stays, by `region.fill`; what lies around the picture its mean.
    Raises PictureError for a mask of another shape, and a box outside of the picture.
    """
    inside = find_region(pixels.shape[:2], region, masks)
    if not inside.any():
        return central_square(pixels), [EMPTY]
    (top, bottom), (left, right) = ((places.min(), places.max() + 1) for places in np.nonzero(inside))
    side = max(bottom - top, right - left)
    mean = pixels[inside].mean(axis=0)
    square = np.empty((side, side, pixels.shape[2]), pixels.dtype)
    square[:] = mean if pixels.dtype.kind == "f" else np.rint(mean)
    rows, to_rows = _place(top, bottom, side, pixels.shape[0])
    columns, to_columns = _place(left, right, side, pixels.shape[1])
    shown = inside[rows, columns] if region.fill else np.ones_like(inside[rows, columns])
    square[to_rows, to_columns][shown] = pixels[rows, columns][shown]
    return square, [FILLED if region.fill else CUT]


def side_of_region(side: float, region: Region, masks: Sequence[np.ndarray]) -> float:
    """Of its square, in pixels, about.   side: the picture's shorter one."""
    left, top, right, bottom = region.box or (0, 0, side, side)
    marked = [(max(map(np.ptp, np.nonzero(mask))) + 1) / min(mask.shape) for mask in masks if mask.any()]
    return min(max(right - left, bottom - top), side * max(marked, default=1))


def find_region(shape: tuple[int, ...], region: Region, masks: Sequence[np.ndarray]) -> np.ndarray:
    """bool (height, width). Raises what `cut_to_region` does."""
    height, width = shape
    inside = np.ones((height, width), dtype=bool)
    if region.box:
        left, top, right, bottom = (max(0, round(end)) for end in region.box)
        inside[:] = False
        inside[top:bottom, left:right] = True
        if not inside.any():
            raise PictureError(f"its box {region.box} lies outside of its {width} x {height} pixels")
    fitted = [_fit(mask, height, width) for mask in masks]
    return inside & np.logical_or.reduce(fitted) if fitted else inside


def _fit(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    if abs(mask.shape[0] * width / (mask.shape[1] * height) - 1) > UNLIKE:
        raise PictureError(f"its mask has {mask.shape[1]} x {mask.shape[0]} pixels, not its {width} x {height}")
    return cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)


def _place(first: int, last: int, side: int, length: int) -> tuple[slice, slice]:
    """Along one axis: what of the picture is taken, `side` long about first to last, and its place in the square."""
    start = (length - side) // 2 if side > length else min(max((first + last - side) // 2, 0), length - side)
    taken = slice(max(start, 0), min(start + side, length))
    return taken, slice(taken.start - start, taken.stop - start)
