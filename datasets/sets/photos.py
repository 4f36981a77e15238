"""`photos`, the default task: which of eighteen pictures is this 32x32 crop from?

The pictures lie inside the wheels of scikit-image and scikit-learn, so the task needs no download. Each picture is
cut into blocks, each block belongs to one split, and a crop lies inside one block: no pixel is shared between splits.

    picture -> shrink by a whole factor (box filter: every new pixel has source pixels of its own)
            -> grid of blocks of at least 48x48 -> blocks dealt to train / validation / test -> crops inside blocks
"""

from collections.abc import Mapping
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from bakeoff.datasets.dataset import Dataset, Split, named

# class name -> (package, file inside it); only files in the wheels themselves, none that would be fetched.
PICTURES: Mapping[str, tuple[str, str]] = {
    "astronaut": ("skimage", "data/astronaut.png"),
    "brick": ("skimage", "data/brick.png"),
    "camera": ("skimage", "data/camera.png"),
    "chelsea": ("skimage", "data/chelsea.png"),
    "china": ("sklearn", "datasets/images/china.jpg"),
    "coffee": ("skimage", "data/coffee.png"),
    "coins": ("skimage", "data/coins.png"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "grass": ("skimage", "data/grass.png"),
    "gravel": ("skimage", "data/gravel.png"),
    "hubble": ("skimage", "data/hubble_deep_field.jpg"),
    "ihc": ("skimage", "data/ihc.png"),
    "moon": ("skimage", "data/moon.png"),
    "motorcycle": ("skimage", "data/motorcycle_left.png"),
    "page": ("skimage", "data/page.png"),
    "retina": ("skimage", "data/retina.jpg"),
    "rocket": ("skimage", "data/rocket.jpg"),
    "text": ("skimage", "data/text.png"),
}
CROPS_PER_CLASS: Mapping[str, int] = {"train": 200, "validation": 50, "test": 100}
BLOCK_SHARES: Mapping[str, float] = {"validation": 0.15, "test": 0.25}  # the rest is training
CROP_SIZE = 32
MOST_BLOCKS = 10_000  # in one picture, so that each block has a number of its own
BLOCK_SIZE = 48  # smallest block side: room for 17 x 17 crops, and at least 16 blocks in the smallest picture
SHORT_SIDE = 256  # larger pictures are shrunk to about this: a crop then holds parts of things, not a flat patch

DESCRIPTION = (
    "Which of eighteen well-known pictures (photographs, scans and textures that come with scikit-image and "
    "scikit-learn) is this 32x32 crop from? Training, validation and test crops come from disjoint blocks of each "
    "picture and share no pixel. It is a small task for trying everything out without a download: it measures how well "
    "the local color and texture of one picture are recognized in other parts of that picture, not whether things of "
    "one kind are recognized in pictures never seen before."
)


@named("photos")
def load_photos() -> Dataset:
    """Cut the eighteen pictures into 3,600 / 900 / 1,800 RGB crops; the same ones every time, whatever the seed.

    Raises FileNotFoundError if a wheel lacks a picture.
    """
    crops: dict[str, list[np.ndarray]] = {name: [] for name in CROPS_PER_CLASS}
    groups: dict[str, list[np.ndarray]] = {name: [] for name in CROPS_PER_CLASS}
    gray_names = []
    for index, name in enumerate(PICTURES):
        picture = read_picture(name)
        if (picture == picture[:, :, :1]).all():
            gray_names.append(name)
        for split_name, (split_crops, blocks) in cut_crops(picture, seed=index).items():
            crops[split_name].append(split_crops)
            groups[split_name].append(MOST_BLOCKS * index + blocks)
    train, validation, test = (
        Split(np.concatenate(crops[name]), np.repeat(np.arange(len(PICTURES)), n), np.concatenate(groups[name]))
        for name, n in CROPS_PER_CLASS.items()
    )
    notes = (
        f"{len(gray_names)} of the {len(PICTURES)} pictures are gray and stand in all three channels alike: "
        f"{', '.join(gray_names)}. Color alone can tell that a crop is from one of these, but not from which.",
        "Crops of one block overlap, so they are not independent: each block is a group.",
    )
    return Dataset("photos", tuple(PICTURES), train, validation, test, DESCRIPTION, notes)


def read_picture(name: str) -> np.ndarray:
    """One picture of `PICTURES`, uint8 (height, width, 3), shrunk to a short side of about 256."""
    package, inside = PICTURES[name]
    spec = find_spec(package)
    path = Path(spec.origin).parent / inside if spec and spec.origin else Path(inside)
    if not path.is_file():
        raise FileNotFoundError(
            f"picture {name!r} is not in {package} at {path}: install {package} again from its wheel"
        )
    with Image.open(path) as image:
        picture = np.asarray(image.convert("RGB"))
    return shrink(picture, max(1, round(min(picture.shape[:2]) / SHORT_SIDE)))


def shrink(picture: np.ndarray, factor: int) -> np.ndarray:
    """Mean over factor x factor pixels, rounded; rows and columns that do not fill a whole square are left off."""
    height, width = picture.shape[0] // factor, picture.shape[1] // factor
    squares = picture[: height * factor, : width * factor].reshape(height, factor, width, factor, -1)
    return np.rint(squares.mean(axis=(1, 3))).astype(picture.dtype)


def cut_crops(picture: np.ndarray, seed: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Crops of one picture: split -> (n, 32, 32, channels), of different places, from blocks of that split only; and
    the number of the block that each is from, int64 (n,)."""
    # RandomState, as its stream is frozen for good: the task must be the same under every numpy release.
    random = np.random.RandomState(seed)
    blocks = deal_blocks(picture.shape[0], picture.shape[1], random)
    windows = np.lib.stride_tricks.sliding_window_view(picture, (CROP_SIZE, CROP_SIZE), axis=(0, 1))
    crops: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for split_name, n_crops in CROPS_PER_CLASS.items():
        inside = [  # upper left corners of all crops that lie wholly inside a block: int (2, n)
            np.mgrid[top : bottom - CROP_SIZE + 1, left : right - CROP_SIZE + 1].reshape(2, -1)
            for top, bottom, left, right in blocks[split_name]
        ]
        corners = np.concatenate(inside, axis=1)
        block_of = np.repeat(np.arange(len(inside)), [part.shape[1] for part in inside])
        earlier = sum(map(len, (blocks[name] for name in crops)))
        chosen = random.permutation(len(block_of))[:n_crops]
        tops, lefts = corners[:, chosen]
        # (n, channels, 32, 32) -> (n, 32, 32, channels)
        crops[split_name] = np.moveaxis(windows[tops, lefts], 1, 3), earlier + block_of[chosen]
    return crops


def deal_blocks(height: int, width: int, random: np.random.RandomState) -> dict[str, np.ndarray]:
    """Cut a picture into a grid of blocks and deal them to the splits.

    Returns split -> int (n_blocks, 4): top, bottom, left, right, ends excluded.
    """
    rows = np.linspace(0, height, height // BLOCK_SIZE + 1).astype(int)
    columns = np.linspace(0, width, width // BLOCK_SIZE + 1).astype(int)
    blocks = np.array([(*row, *column) for row in pairwise(rows) for column in pairwise(columns)])
    blocks = blocks[random.permutation(len(blocks))]
    n_validation, n_test = (round(share * len(blocks)) for share in BLOCK_SHARES.values())
    validation, test, train = np.split(blocks, [n_validation, n_validation + n_test])
    return {"train": train, "validation": validation, "test": test}
