"""Small folders of pictures to load."""

from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
from PIL import Image

from bakeoff.datasets.folder import decode as decoding
from bakeoff.datasets.folder.samples import MAX_PIXELS


def picture(seed, side=40, channels=3):
    """Blurred noise: unlike any other, and like itself after a change of quality."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, channels), dtype=np.uint8)
    return Image.fromarray(coarse.squeeze()).resize((side, side), Image.Resampling.BICUBIC)


def write_class(folder, n_pictures, first_seed=0, suffix="png", **options):
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(n_pictures):
        picture(first_seed + number, **options).save(folder / f"{number:03}.{suffix}")


def notes_of(dataset):
    return "\n".join(dataset.notes)


def decode(content, image_size, max_pixels=MAX_PIXELS, rules=decoding.AS_STATED, suffix=""):
    """At a size, by rules for everything else."""
    rules = replace(rules, image_size=image_size, max_pixels=max_pixels)
    pixels, outcome = decoding.decode(content, rules, suffix)
    return SimpleNamespace(pixels=pixels, **asdict(outcome))
