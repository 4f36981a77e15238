"""A folder of JPEGs, or of a camera's 16-bit TIFFs, read, decoded and resized, against the loops that people write.

Ours uses all cores and less than half of the processor time a picture. What bounds it is libjpeg-turbo: pixels can be
left out of a JPEG's transform, but its codes must all be read; of TIFFs that are not compressed, the resizing.
"""

import tempfile
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from bakeoff.benchmarks.bench import Measurement, compare
from bakeoff.datasets.folder.decoded_pictures import decode_pictures
from bakeoff.datasets.folder.picture_file import PictureFile
from bakeoff.datasets.folder.samples import Rules
from bakeoff.datasets.sets.photos import PICTURES, read_picture

WHITE = 4095  # of 12 bits
# format, pictures, their side, the side that they are brought to
SETTINGS = (("JPEG", 360, 224, 32), ("JPEG", 360, 224, 64), ("TIFF", 400, 256, 128), ("TIFF", 100, 1024, 128))


def measure(kind: str, n_pictures: int, side: int, image_size: int) -> Measurement:
    write, read, libraries = {
        "JPEG": (write_pictures, read_jpeg, "Pillow"),
        "TIFF": (write_tiffs, read_tiff, "tifffile and Pillow"),
    }[kind]
    size, rules = (image_size, image_size), Rules({"16-bit": ((0, WHITE),)}, image_size=image_size)
    with tempfile.TemporaryDirectory() as name:
        paths = write(Path(name), n_pictures, side)
        return compare(
            f"read, decode, resize {side} px {kind}s{' of 16 bits' * (kind == 'TIFF')} to {image_size} px: pictures "
            "(difference: mean of the worst one)",
            lambda: decode_pictures([PictureFile((path.name,), path.read_bytes) for path in paths], rules)[0],
            f"a loop over {libraries}",
            lambda: np.stack([np.asarray(read(path).resize(size, Image.Resampling.BILINEAR)) for path in paths]),
            # JPEG's own halving is no bilinear resize: the largest of all differences is at single sharp edges
            lambda found, theirs: (
                np.abs(found.astype(int) - theirs.reshape(*theirs.shape[:3], -1)).mean(axis=(1, 2, 3)).max()
            ),
            units=(n_pictures, n_pictures),
        )


def read_jpeg(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def read_tiff(path: Path) -> Image.Image:
    levels = tifffile.imread(path).astype(np.float32) * (255 / WHITE)
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


def write_tiffs(folder: Path, n_pictures: int, side: int) -> list[Path]:
    """12 bits of blurred spots and noise, uncompressed."""
    paths = [folder / f"{number}.tif" for number in range(n_pictures)]
    for number, path in enumerate(paths):
        random = np.random.default_rng(number)
        spots = Image.fromarray(random.integers(0, 240, (16, 16), dtype=np.uint8)).resize((side, side))
        tifffile.imwrite(path, np.asarray(spots).astype("u2") * 16 + random.integers(0, 200, (side, side)).astype("u2"))
    return paths


def write_pictures(folder: Path, n_pictures: int, size: int) -> list[Path]:
    """Crops of photographs at quality 90, about 16 kB each at 224 px."""
    random = np.random.default_rng(0)
    photos = [Image.fromarray(read_picture(name)).convert("RGB") for name in PICTURES]
    paths = [folder / f"{number:04}.jpg" for number in range(n_pictures)]
    for number, path in enumerate(paths):
        photo = photos[number % len(photos)]
        side = min(*photo.size, size)
        left, top = (int(random.integers(length - side + 1)) for length in photo.size)
        photo.crop((left, top, left + side, top + side)).resize((size, size)).save(path, quality=90)
    return paths
