"""A folder of JPEGs, or of a camera's 16-bit TIFFs, read, decoded and resized, against the loops that people write.

Ours uses all cores and less than half of the processor time a picture. What bounds it is libjpeg-turbo: pixels can be
left out of a JPEG's transform, but its codes must all be read; of TIFFs that are not compressed, the resizing.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from bakeoff.benchmarks.measurement import Measurement, compare
from bakeoff.datasets.folder.decoded_pictures import decode_pictures
from bakeoff.datasets.folder.picture_file import PictureFile
from bakeoff.datasets.folder.samples import Rules
from bakeoff.datasets.sets.photos import PICTURES, read_picture

N_PICTURES, SIDE = 360, 224
IMAGE_SIZES = (32, 64)
N_TIFFS, TIFF_SIDES = 100, (256, 1024)


def measure() -> list[Measurement]:
    """One line per size that the pictures are brought to, or that they have."""
    with tempfile.TemporaryDirectory() as name:
        paths = write_pictures(Path(name))
        jpegs = [_measure(paths, image_size) for image_size in IMAGE_SIZES]
        return [*jpegs, *(_measure_tiffs(write_tiffs(Path(name), side), side) for side in TIFF_SIDES)]


def write_tiffs(folder: Path, side: int) -> list[Path]:
    """12 bits of blurred spots and noise, uncompressed."""
    paths = [folder / f"{side}-{number}.tif" for number in range(N_TIFFS)]
    for number, path in enumerate(paths):
        random = np.random.default_rng(number)
        spots = Image.fromarray(random.integers(0, 240, (16, 16), dtype=np.uint8)).resize((side, side))
        tifffile.imwrite(
            path, np.asarray(spots).astype(np.uint16) * 16 + random.integers(0, 200, (side, side)).astype("u2")
        )
    return paths


def _measure_tiffs(paths: list[Path], side: int) -> Measurement:
    rules = Rules({"16-bit": ((0, 4095),)}, image_size=128)
    files = [PictureFile((path.name,), path.read_bytes) for path in paths]

    def peer() -> np.ndarray:
        pictures = []
        for path in paths:
            levels = tifffile.imread(path).astype(np.float32) * (255 / 4095)
            resized = Image.fromarray(levels.clip(0, 255).astype(np.uint8)).resize(
                (128, 128), Image.Resampling.BILINEAR
            )
            pictures.append(np.asarray(resized))
        return np.stack(pictures)

    return compare(
        f"read, decode, resize {side} px TIFFs of 16 bits to 128 px: pictures (difference: mean of the worst one)",
        lambda: decode_pictures(files, rules)[0],
        "a loop over tifffile and Pillow",
        peer,
        lambda found, theirs: np.abs(found[..., 0].astype(int) - theirs).mean(axis=(1, 2)).max(),
        units=(len(paths), len(paths)),
    )


def write_pictures(folder: Path) -> list[Path]:
    """Crops of photographs at quality 90, about 16 kB each."""
    random = np.random.default_rng(0)
    photos = [Image.fromarray(read_picture(name)).convert("RGB") for name in PICTURES]
    paths = [folder / f"{number:04}.jpg" for number in range(N_PICTURES)]
    for number, path in enumerate(paths):
        photo = photos[number % len(photos)]
        side = min(*photo.size, SIDE)
        left, top = (int(random.integers(length - side + 1)) for length in photo.size)
        photo.crop((left, top, left + side, top + side)).resize((SIDE, SIDE)).save(path, quality=90)
    return paths


def _measure(paths: list[Path], image_size: int) -> Measurement:
    def ours() -> np.ndarray:
        files = [PictureFile((path.name,), path.read_bytes) for path in paths]
        return decode_pictures(files, Rules(image_size=image_size))[0]

    def peer() -> np.ndarray:
        pictures = []
        for path in paths:
            with Image.open(path) as image:
                resized = image.convert("RGB").resize((image_size, image_size), Image.Resampling.BILINEAR)
                pictures.append(np.asarray(resized))
        return np.stack(pictures)

    return compare(
        f"read, decode, resize {SIDE} px JPEGs to {image_size} px: pictures (difference: mean of the worst one)",
        ours,
        "a loop over Pillow",
        peer,
        # JPEG's own halving is no bilinear resize: the largest of all differences is at single sharp edges
        lambda found, theirs: np.abs(found.astype(int) - theirs).mean(axis=(1, 2, 3)).max(),
        units=(len(paths), len(paths)),
    )
