"""A linear SVM on HOG, local binary patterns and histograms as C99 for microcontrollers: fixed point, no malloc."""

import ctypes
import math
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from bakeoff.pipelines.classic.families.family import FeatureFamily, grown
from bakeoff.pipelines.classic.families.histograms import ColorHistogram, GrayHistogram, Hog, LocalBinaryPatterns
from bakeoff.pipelines.classic.system.classic_model import ClassicModel
from bakeoff.pipelines.results.model import TrainedModel

TEMPLATES = Path(__file__).parent  # of model.h and model.c, which holds all that is the same for every model
SCORE_BITS = 16  # of a score behind the point
ROOT_BITS = 12  # of the square root of a count
BORDER_BITS = 15  # of the cosine and the sine of a border between two orientations
WIDTHS = {"int16_t": 2, "int32_t": 4}  # bytes


@dataclass(frozen=True)
class Part:
    """One vector of unit length. call: C, with {table}, {weights} and {bits} to be filled in.

    uses: the pieces of model.c that the call needs.   space: numbers of its workspace.   table: int16_t or int32_t, and
    its numbers.   scale: float (n_features,), what each number that is summed up, of `bits`, is multiplied with.
    n_roots, n_divisions: of a picture, at most.
    """

    call: str
    uses: tuple[str, ...]
    space: int
    scale: np.ndarray
    n_roots: int
    n_divisions: int = 0
    table: tuple[str, np.ndarray] = ("int16_t", np.empty(0, int))
    bits: int = ROOT_BITS


def export_c(model: TrainedModel) -> tuple[str, str]:
    """The content of model.h and model.c. Raises ValueError, naming it, for what has no such form."""
    if not isinstance(model, ClassicModel) or len(model.views) > 1:
        raise ValueError(f"{model.experiment} is no linear SVM on features of one view: only those are written in C")
    weights, bias = _linear_map(model)
    parts = list(_all_parts(model))
    ends = np.cumsum([len(part.scale) for part in parts])
    if ends[-1] != weights.shape[1]:
        raise ValueError(f"{model.experiment} has {weights.shape[1]} features where its families make {ends[-1]}")
    tables, calls = [("bias", "int32_t", np.rint(bias * 2**SCORE_BITS).astype(np.int64))], []
    for number, (part, columns) in enumerate(zip(parts, np.split(weights, ends[:-1], axis=1), strict=True)):
        whole, bits = _quantize(columns * part.scale)
        names = {"table": f"table_{number}", "weights": f"weights_{number}"}
        tables += [(names["table"], *part.table), (names["weights"], "int16_t", whole.T)]
        calls.append("    " + part.call.format(**names, bits=bits + part.bits - SCORE_BITS))
    tables = [table for table in tables if table[2].size]
    height, width, n_channels = model.image_shape
    uses, space = sorted({f"USES_{use}" for part in parts for use in part.uses}), max(part.space for part in parts)
    n_classes = len(model.class_names)
    told: dict[str, Any] = {
        "experiment": _in_comment(model.experiment),
        "height": height,
        "width": width,
        "n_channels": n_channels,
        "n_classes": n_classes,
        "names": "\n".join(f"     {i}: {_in_comment(name)}" for i, name in enumerate(model.class_names)),
        "space": space,
        "uses": "\n".join(f"#define {use}" for use in uses),
        "tables": "\n".join(_table(*table) for table in tables),
        "calls": "\n".join(calls),
        "n_parts": len(parts),
        "flash": f"{sum(WIDTHS[kind] * values.size for _, kind, values in tables):,}",
        "ram": f"{4 * space + 16 * n_classes + ('USES_PATTERN_BIN' in uses) * height * width:,}",
        "n_weights": f"{weights.size:,}",
        "n_roots": f"{sum(part.n_roots for part in parts):,}",
        "n_divisions": f"{sum(part.n_divisions for part in parts):,}",
    }
    header, source = (Template((TEMPLATES / name).read_text()).substitute(told) for name in ("model.h", "model.c"))
    return header, source


def _linear_map(model: ClassicModel) -> tuple[np.ndarray, np.ndarray]:
    """float64 weights (n_classes, d) and bias (n_classes,) on the joined features, fusion and scaling worked in."""
    shares = np.ones(1) if model.fusion is None else model.fusion
    weights, bias = [], np.zeros(len(model.class_names))
    for fitted, share in zip(model.systems, shares, strict=True):
        own = share * fitted.weights.astype(np.float64)
        bias += share * fitted.bias
        if fitted.standardizer is not None:
            own /= fitted.standardizer.scale.numpy()
            bias -= own @ fitted.standardizer.mean.numpy()
        weights.append(own)
    return np.concatenate(weights, axis=1), bias


def _all_parts(model: ClassicModel) -> Iterator[Part]:
    for fitted in model.systems:
        families = fitted.system.families
        for family, factor in zip(families, fitted.system.factors or (1.0,) * len(families), strict=True):
            for part in _parts(family, model.image_shape):
                yield replace(part, scale=part.scale * factor)


def _parts(family: FeatureFamily, shape: tuple[int, int, int]) -> Iterator[Part]:
    match family:
        case Hog(signed=False):
            for size in family.cell_sizes:
                yield _hog(family, grown(size, *shape[:2], family.reference_side), shape)
        case ColorHistogram():
            for grid in family.grids:
                yield _histogram(("color_bin", family.n_bins, family.n_bins**3, grid), shape, "COLOR_BIN")
        case GrayHistogram():
            for grid in family.grids:
                yield _histogram(("gray_bin", family.n_bins, family.n_bins, grid), shape, "LUMA", "GRAY_BIN")
        case LocalBinaryPatterns():
            for radius in family.radii:
                yield _patterns(family, radius, shape)
        case _:
            raise ValueError(
                f"{family.label} is not written in C: only unsigned HOG, local binary patterns and histograms are"
            )


def _histogram(arguments: tuple[str, int, int, int], shape: tuple[int, int, int], *uses: str) -> Part:
    """The shares of each cell sum to 1, so the square roots of all have length `grid`.

    arguments: C's function of a pixel, what it takes, how many numbers it gives, cells a side.
    """
    *_, n_numbers, grid = arguments
    heights, widths = (np.bincount(np.arange(side) * grid // side, minlength=grid) for side in shape[:2])
    scale = 1 / (np.sqrt(np.outer(heights, widths)) * grid)
    call = f"histograms({', '.join(map(str, arguments))}, {{weights}}); close_part({{bits}});"
    n_roots = min(grid**2 * n_numbers, shape[0] * shape[1])
    return Part(call, (*uses, "HISTOGRAMS"), n_numbers, scale.repeat(n_numbers), n_roots)


def _patterns(family: LocalBinaryPatterns, radius: int, shape: tuple[int, int, int]) -> Part:
    uniform, points = family.patterns == "uniform", []
    for i in range(family.n_points):
        angle = 2 * math.pi * i / family.n_points
        offsets = (round(-radius * math.sin(angle), 5), round(radius * math.cos(angle), 5))
        points.append([*map(math.floor, offsets), *(round(4096 * (offset % 1)) for offset in offsets)])
    n_numbers = family.n_points + 2 if uniform else 2**family.n_points
    part = _histogram(("pattern_bin", family.n_points, n_numbers, family.n_cells), shape, "LUMA", "PATTERN_BIN")
    call = f"fill_grays(); circle = {{table}}; uniform = {int(uniform)}; {part.call}"
    return replace(part, call=call, table=("int16_t", np.array(points)))


def _hog(family: Hog, cell: int, shape: tuple[int, int, int]) -> Part:
    rows, columns, block, n_bins = shape[0] // cell, shape[1] // cell, family.block_size, family.n_orientations
    n_blocks = (rows - block + 1) * (columns - block + 1)
    n_values = n_blocks * block**2 * n_bins
    angles = math.pi * np.arange(1, n_bins) / n_bins
    borders = np.rint(np.stack([np.cos(angles), np.sin(angles)], axis=1) * 2**BORDER_BITS).astype(int)
    return Part(
        f"hog({cell}, {block}, {n_bins}, {{table}}, {{weights}}, {{bits}});",
        ("HOG",),
        rows * columns * n_bins,
        np.ones(n_values),
        n_roots=rows * columns * cell**2 + 2 * n_blocks + 1,
        n_divisions=3 * n_values,
        table=("int32_t", borders),
        bits=SCORE_BITS,  # of what model.c makes of its sums
    )


def _quantize(weights: np.ndarray) -> tuple[np.ndarray, int]:
    """int16 and the number of bits behind the point that all have: as many as fit."""
    fitting = math.floor(math.log2(32767 / max(np.abs(weights).max(), 1e-9)))
    bits = max(SCORE_BITS - ROOT_BITS, min(40, fitting))
    return np.rint(weights * 2.0**bits).clip(-32768, 32767).astype(np.int16), bits


def _table(name: str, kind: str, values: np.ndarray) -> str:
    numbers = list(map(str, values.flatten().tolist()))
    lines = [", ".join(numbers[i : i + 20]) for i in range(0, len(numbers), 20)]
    return f"static const {kind} {name}[{len(numbers)}] = {{\n" + ",\n".join(lines) + "};\n"


def _in_comment(name: str) -> str:
    return ascii(name)[1:-1].replace("*/", "* /")


def predict_with_c(
    header: str, source: str, images: np.ndarray, n_classes: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Classes int (n,) and scores float64 (n, n_classes), by the machine's C compiler; None where there is none.

    images: uint8 (n, height, width, channels). Raises ValueError if the compiler refuses or warns.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        (place / "model.h").write_text(header)
        (place / "model.c").write_text(source)
        command = [compiler, "-std=c99", "-O2", "-Wall", "-Wextra", "-pedantic", "-Werror", "-shared", "-fPIC"]
        done = subprocess.run([*command, "-o", "model.so", "model.c"], cwd=place, capture_output=True, text=True)
        if done.returncode:
            raise ValueError(f"{compiler} refuses the exported model: {done.stderr.strip().splitlines()[:1]}")
        predict = ctypes.CDLL(str(place / "model.so")).model_predict
        scores = np.zeros((len(images), n_classes), np.int32)
        pictures = np.ascontiguousarray(images)
        classes = [
            predict(p.ctypes.data_as(ctypes.c_void_p), s.ctypes.data_as(ctypes.c_void_p))
            for p, s in zip(pictures, scores, strict=True)
        ]
    return np.array(classes), scores / 2.0**SCORE_BITS
