"""`cues-color`, `cues-texture`, `cues-shape`, `cues-layout`, `cues-all`: synthetic pictures whose class one cue tells.

A picture shows three parts on a surface. Four factors, drawn independently of each other, say what it looks like:

    color     hue of the parts                      texture   pattern of the surface
    shape     outline of the parts                  layout    how the three parts are arranged

The class is one of the factors, so the other three, and all nuisance (place, size, rotation, light, clutter), tell
nothing about it. Two equalities keep one factor from showing through another: every texture is dark on exactly half of
the pixels, and every shape covers the same area, so a histogram of gray or color sees neither.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
from numpy.random import RandomState

from bakeoff.datasets.dataset import Dataset, Split, named

SIDE = 32
N_CLASSES = 6
PICTURES_PER_CLASS: Mapping[str, int] = {"train": 1000, "validation": 150, "test": 250}
CLASS_NAMES: Mapping[str, tuple[str, ...]] = {
    "color": ("orange", "lime", "mint", "azure", "violet", "rose"),
    "texture": ("stripes", "checks", "dots", "waves", "blotches", "grain"),
    "shape": ("disc", "ring", "triangle", "bar", "cross", "star"),
    "layout": ("row", "column", "falling", "rising", "triangle up", "triangle down"),
}
CUES = (*CLASS_NAMES, "all")

PART_AREA = (50.0, 75.0)  # pixels, drawn uniformly: three parts cover a sixth of the picture
SPACING = 9.8  # pixels between neighboring parts of a row: they just fit into 32
HUE_JITTER = 1 / 24  # of the circle, either way; classes are 1/6 apart
# Of that distance, from red to the first class, drawn once: at 0 the classes' hues would lie on the edges of every
# histogram of 6 bins, which no method of bins could then tell apart.
HUE_OFFSET = RandomState(0).rand()
TEXTURE_PERIOD = (4.0, 6.5)  # pixels
TEXTURE_CONTRAST = 0.18  # of the surface's brightness, either way
NOISE = 8  # gray levels, either way
N_ANGLES = 360
BATCH = 250  # pictures drawn at once, which stay in the processor's cache; another number gives other pictures
MAX_TURN = 15  # degrees, either way
# Where the three parts lie, (row, column) in units of SPACING.
LAYOUTS = np.array(
    [
        [(0, -1), (0, 0), (0, 1)],
        [(-1, 0), (0, 0), (1, 0)],
        [(-0.8, -0.8), (0, 0), (0.8, 0.8)],
        [(0.8, -0.8), (0, 0), (-0.8, 0.8)],
        [(-0.6, 0), (0.6, -0.8), (0.6, 0.8)],
        [(0.6, 0), (-0.6, -0.8), (-0.6, 0.8)],
    ]
)


def load_cues(cue: str) -> Dataset:
    """Make the 6,000 / 900 / 1,500 pictures of one cue; the same ones every time, whatever the seed.

    cue: color, texture, shape, layout, or all (the four factors agree, so each of them tells the class).
    Raises ValueError for another name.
    """
    if cue not in CUES:
        raise ValueError(f"cue must be one of {', '.join(CUES)}, got {cue!r}")
    random = RandomState(0)  # its stream is frozen for good, unlike that of default_rng
    splits = []
    for n_per_class in PICTURES_PER_CLASS.values():
        factors = draw_factors(n_per_class, random, agree=cue == "all")
        splits.append(Split(render(factors, random), factors["shape" if cue == "all" else cue]))
    told_by, more = f"{cue} only", ", and so do the other three of color, texture, shape and layout"
    if cue == "all":
        told_by, more = "color, texture, shape and layout together", ""
    description = (
        f"Made pictures of three parts on a patterned surface, 32x32 pixels in color. The class is told by {told_by}; "
        f"place, size, rotation, light and clutter vary at random{more}. It shows which cue a method can see, not how "
        "well it does on photographs."
    )
    class_names = CLASS_NAMES.get(cue, tuple(map(", ".join, zip(*CLASS_NAMES.values(), strict=True))))
    train, validation, test = splits
    return Dataset(f"cues-{cue}", class_names, train, validation, test, description=description)


def draw_factors(n_per_class: int, random: RandomState, *, agree: bool) -> dict[str, np.ndarray]:
    """Factor -> int64 (6 * n_per_class,), each value equally often; independent shuffles, or all one if they agree."""
    values = np.repeat(np.arange(N_CLASSES), n_per_class)
    if agree:
        return dict.fromkeys(CLASS_NAMES, random.permutation(values))
    return {name: random.permutation(values) for name in CLASS_NAMES}


def render(factors: Mapping[str, np.ndarray], random: RandomState) -> np.ndarray:
    """Draw one picture for each combination of factors: uint8 (n, 32, 32, 3)."""
    starts = range(0, len(factors["color"]), BATCH)
    batches = [{name: values[start : start + BATCH] for name, values in factors.items()} for start in starts]
    return np.concatenate([_render_batch(batch, random) for batch in batches])


def _render_batch(factors: Mapping[str, np.ndarray], random: RandomState) -> np.ndarray:
    n_pictures = len(factors["color"])
    is_part = draw_parts(factors["shape"], factors["layout"], random)
    texture = draw_texture(factors["texture"], random)
    parts_are_bright = random.rand(n_pictures) < 0.5
    hue = (factors["color"] + HUE_OFFSET) / N_CLASSES + random.uniform(-HUE_JITTER, HUE_JITTER, n_pictures)
    bright, dark = random.uniform(0.75, 1, n_pictures), random.uniform(0.25, 0.45, n_pictures)
    part_color = _to_rgb(hue, random.uniform(0.6, 1, n_pictures), np.where(parts_are_bright, bright, dark))
    surface_color = _to_rgb(
        random.rand(n_pictures), random.uniform(0, 0.3, n_pictures), np.where(parts_are_bright, dark, bright)
    )
    surface = surface_color[:, None, None] * (1 + TEXTURE_CONTRAST * texture[..., None])
    images = np.where(is_part[..., None], part_color[:, None, None], surface)  # (n, 32, 32, 3)
    down, right = random.uniform(-0.15, 0.15, (2, n_pictures, 1, 1))  # slopes of the light
    slope, level = np.linspace(-1, 1, SIDE), random.uniform(0.75, 1, (n_pictures, 1, 1))
    images *= (level + down * slope[:, None] + right * slope).astype(np.float32)[..., None]
    images += random.randint(-NOISE, NOISE + 1, images.shape, dtype=np.int8) * np.float32(1 / 255)
    return np.rint(255 * images.clip(0, 1)).astype(np.uint8)


def draw_parts(shapes: np.ndarray, layouts: np.ndarray, random: RandomState) -> np.ndarray:
    """True where a part lies: bool (n, 32, 32). Three parts of one shape and size, each turned a little at random."""
    n_pictures = len(shapes)
    scale = np.sqrt(random.uniform(*PART_AREA, n_pictures))
    centers = LAYOUTS[layouts] * SPACING + random.uniform(-0.7, 0.7, (n_pictures, 3, 2))  # (n, 3, 2)
    room = SIDE / 2 - np.abs(centers).max(axis=1) - 0.75 * scale[:, None]  # to move the whole, (n, 2)
    centers += (room.clip(0) * random.uniform(-1, 1, (n_pictures, 2)))[:, None]
    turns = random.randint(-MAX_TURN, MAX_TURN + 1, size=(n_pictures, 3))
    pixel = (np.arange(SIDE) - (SIDE - 1) / 2).astype(np.float32)
    is_part = np.zeros((n_pictures, SIDE, SIDE), dtype=bool)
    for part in range(3):
        down = pixel[:, None] - centers[:, part, 0, None, None].astype(np.float32)
        right = pixel - centers[:, part, 1, None, None].astype(np.float32)
        radius = np.hypot(down, right) / scale[:, None, None].astype(np.float32)
        angle = np.rint(np.arctan2(down, right) * (N_ANGLES / (2 * np.pi))).astype(np.int64)
        angle = (angle + turns[:, part, None, None]) % N_ANGLES
        which = shapes[:, None, None]
        is_part |= (radius < OUTLINES[which, angle]) & (radius >= HOLES[which])
    return is_part


def draw_texture(textures: np.ndarray, random: RandomState) -> np.ndarray:
    """+1 on one half of the pixels, -1 on the other: float32 (n, 32, 32). Direction, period and phase are random."""
    n_pictures = len(textures)
    turn, first, second = random.uniform(0, 2 * np.pi, (3, n_pictures, 1, 1)).astype(np.float32)
    frequency = (2 * np.pi / random.uniform(*TEXTURE_PERIOD, (n_pictures, 1, 1))).astype(np.float32)
    down, right = np.mgrid[:SIDE, :SIDE].astype(np.float32)

    def wave(angle: np.ndarray | float, phase: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        direction = (turn + angle)[chosen]
        along = np.cos(direction) * right + np.sin(direction) * down
        return np.cos(frequency[chosen] * along + phase[chosen])

    field = random.rand(n_pictures, SIDE, SIDE).astype(np.float32)  # grain, where nothing else is written
    stripes, checks, dots, waves, blotches = (np.flatnonzero(textures == kind) for kind in range(N_CLASSES - 1))
    field[stripes] = wave(0, first, stripes)
    field[checks] = wave(0, first, checks) * wave(np.pi / 2, second, checks)
    field[dots] = sum(wave(angle, first, dots) for angle in (0, np.pi / 3, 2 * np.pi / 3))
    bend = np.arccos(wave(np.pi / 2, second, waves))
    field[waves] = np.cos(np.arccos(wave(0, first, waves)) + 1.5 * bend)
    for angle, phase in random.uniform(0, 2 * np.pi, (12, 2, n_pictures, 1, 1)).astype(np.float32):
        field[blotches] += wave(angle, phase, blotches)
    return np.where(field > np.median(field, axis=(1, 2), keepdims=True), 1, -1).astype(np.float32)


def _to_rgb(hue: np.ndarray, saturation: np.ndarray, value: np.ndarray) -> np.ndarray:
    """HSV to RGB, all in 0..1: float32 (n, 3). Formula: value * (1 - saturation * clip(min(k, 4 - k), 0, 1))."""
    k = (np.array([5, 3, 1]) + 6 * hue[:, None]) % 6
    return (value[:, None] * (1 - saturation[:, None] * np.minimum(k, 4 - k).clip(0, 1))).astype(np.float32)


def _outline(vertices: np.ndarray) -> np.ndarray:
    """Distance from the center to a polygon around it, in N_ANGLES directions, scaled to an area of 1: (N_ANGLES,)."""
    angles = np.arange(N_ANGLES) * (2 * np.pi / N_ANGLES)
    direction = np.exp(1j * angles)
    outline = np.zeros(N_ANGLES)
    for start, end in zip(vertices, np.roll(vertices, -1), strict=True):
        within = ((direction / start).imag >= -1e-9) & ((direction / end).imag <= 1e-9)
        edge = end - start
        distance = (start.conjugate() * edge).imag / (direction[within].conjugate() * edge).imag
        outline[within] = distance
    return outline / np.sqrt(0.5 * (outline**2).sum() * (2 * np.pi / N_ANGLES))


def _polygon(radii: list[float]) -> np.ndarray:
    """Vertices at these radii in equal steps around the center, as complex numbers."""
    return np.array(radii) * np.exp(2j * np.pi * np.arange(len(radii)) / len(radii))


_ARM = np.array([1 + 1j / 3, 1 / 3 + 1j / 3, 1 / 3 + 1j])
_BAR = np.array([1.1 + 0.5j, -1.1 + 0.5j, -1.1 - 0.5j, 1.1 - 0.5j])
_CROSS = np.concatenate([_ARM * 1j**quarter for quarter in range(4)])
HOLES = np.array([0, 0.33, 0, 0, 0, 0], dtype=np.float32)  # only the ring has one
OUTLINES = np.stack(
    [
        _outline(_polygon([1.0] * 72)),
        _outline(_polygon([1.0] * 72)) * np.sqrt(1 + np.pi * HOLES[1] ** 2),  # the hole's area is added outside
        _outline(_polygon([1.0] * 3)),
        _outline(_BAR),
        _outline(_CROSS),
        _outline(_polygon([1.0, 0.4] * 5)),
    ]
).astype(np.float32)

for _cue in CUES:
    named(f"cues-{_cue}")(partial(load_cues, _cue))
