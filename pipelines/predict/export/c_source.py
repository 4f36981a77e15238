"""A linear SVM on HOG, local binary patterns and histograms as C99 for microcontrollers: fixed point, no malloc."""

from __future__ import annotations

import ctypes
import math
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bakeoff.pipelines.classic.families.family import FeatureFamily, grown
from bakeoff.pipelines.classic.families.histograms import ColorHistogram, GrayHistogram, Hog, LocalBinaryPatterns
from bakeoff.pipelines.classic.system.model_file import ClassicModel, FittedSystem
from bakeoff.pipelines.predict.export import c_runtime
from bakeoff.pipelines.results.trained_model import TrainedModel

SCORE_BITS = 16  # of a score behind the point
BORDER_BITS = 15  # of the cosine and the sine of a border between two orientations


@dataclass(frozen=True)
class Part:
    """One vector of unit length. call: C, with {weights} and {bits} to be filled in.

    n_features: values; scale: float (n_features,), what each square root of a count is multiplied with.
    tables: C.   runtime: the pieces of it that the call needs.   space: numbers of its workspace.
    n_roots, n_divisions: of a picture, at most.
    """

    call: str
    scale: np.ndarray
    runtime: tuple[str, ...]
    space: int
    n_roots: int
    n_divisions: int = 0
    tables: str = ""
    is_hog: bool = False


def export_c(model: TrainedModel) -> tuple[str, str]:
    """The content of model.h and model.c. Raises ValueError, naming it, for what has no such form."""
    if not isinstance(model, ClassicModel) or len(model.views) > 1:
        raise ValueError(f"{model.experiment} is no linear SVM on features of one view: only those are written in C")
    weights, bias = _linear_map(model)
    families = [family for fitted in model.systems for family in fitted.system.families]
    parts = [part for family in families for part in _parts(family, model.image_shape)]
    ends = np.cumsum([len(part.scale) for part in parts])
    if ends[-1] != weights.shape[1]:
        raise ValueError(f"{model.experiment} has {weights.shape[1]} features where its families make {ends[-1]}")
    tables, calls = [], []
    for number, (part, columns) in enumerate(zip(parts, np.split(weights, ends[:-1], axis=1), strict=True)):
        whole, bits = _quantize(columns * part.scale)
        tables += [part.tables.format(n=number), _table(f"weights_{number}", "int16_t", whole.T)]
        shift = bits if part.is_hog else bits + c_runtime.ROOT_BITS - SCORE_BITS
        calls.append("    " + part.call.format(n=number, weights=f"weights_{number}", bits=shift))
    tables.append(_table("bias", "int32_t", np.rint(bias * 2**SCORE_BITS).astype(np.int64)))
    pieces = dict.fromkeys(piece for part in parts for piece in part.runtime)
    space = max(part.space for part in parts)
    head = _definitions(model, space)
    source = "\n".join([head, c_runtime.RUNTIME, *pieces, *tables, PREDICT % "\n".join(calls)])
    return _header(model, parts, weights.size, space, c_runtime.PATTERN_BIN in pieces), source


def _linear_map(model: ClassicModel) -> tuple[np.ndarray, np.ndarray]:
    """float64 weights (n_classes, d) and bias (n_classes,) on the families' own vectors, all scalings worked in."""
    shares = np.ones(1) if model.fusion is None else model.fusion
    maps = [_unscaled(fitted) for fitted in model.systems]
    bias = sum((share * b for share, (_, b) in zip(shares, maps, strict=True)), np.zeros(len(model.class_names)))
    return np.concatenate([share * w for share, (w, _) in zip(shares, maps, strict=True)], axis=1), bias


def _unscaled(fitted: FittedSystem) -> tuple[np.ndarray, np.ndarray]:
    weights, bias = fitted.weights.astype(np.float64), fitted.bias.astype(np.float64)
    if fitted.standardizer is not None:
        weights = weights / fitted.standardizer.scale.numpy()
        bias = bias - weights @ fitted.standardizer.mean.numpy()
    if len(set(fitted.system.factors)) > 1:
        raise ValueError(f"{fitted.system.name} weights its families unlike each other: that is not written in C")
    return weights * (fitted.system.factors[0] if fitted.system.factors else 1.0), bias


def _parts(family: FeatureFamily, image_shape: tuple[int, int, int]) -> Iterator[Part]:
    match family:
        case Hog(signed=False):
            for size in family.cell_sizes:
                yield _hog(family, grown(size, *image_shape[:2], family.reference_side), image_shape)
        case ColorHistogram():
            for grid in family.grids:
                yield _histogram("color_bin", family.n_bins, family.n_bins**3, grid, image_shape, c_runtime.COLOR_BIN)
        case GrayHistogram():
            for grid in family.grids:
                yield _histogram(
                    "gray_bin", family.n_bins, family.n_bins, grid, image_shape, c_runtime.LUMA, c_runtime.GRAY_BIN
                )
        case LocalBinaryPatterns():
            for radius in family.radii:
                yield _patterns(family, radius, image_shape)
        case _:
            raise ValueError(
                f"{family.label} is not written in C: only unsigned HOG, local binary patterns and histograms are"
            )


def _histogram(name: str, argument: int, n_numbers: int, grid: int, shape: tuple[int, int, int], *pieces: str) -> Part:
    """The shares of each cell sum to 1, so the square roots of all have length `grid`."""
    heights, widths = (np.bincount(np.arange(side) * grid // side, minlength=grid) for side in shape[:2])
    scale = 1 / (np.sqrt(np.outer(heights, widths)) * grid)
    call = f"histograms({name}, {argument}, {n_numbers}, {grid}, {{weights}}); close_part({{bits}});"
    n_roots = min(grid**2 * n_numbers, shape[0] * shape[1])
    return Part(call, scale.repeat(n_numbers), (*pieces, c_runtime.HISTOGRAMS), n_numbers, n_roots)


def _patterns(family: LocalBinaryPatterns, radius: int, shape: tuple[int, int, int]) -> Part:
    uniform, points = family.patterns == "uniform", []
    for i in range(family.n_points):
        angle = 2 * math.pi * i / family.n_points
        offsets = (round(-radius * math.sin(angle), 5), round(radius * math.cos(angle), 5))
        points.append([*map(math.floor, offsets), *(round(4096 * (offset % 1)) for offset in offsets)])
    n_numbers = family.n_points + 2 if uniform else 2**family.n_points
    part = _histogram(
        "pattern_bin", family.n_points, n_numbers, family.n_cells, shape, c_runtime.LUMA, c_runtime.PATTERN_BIN
    )
    call = f"fill_grays(); circle = circle_{{n}}; uniform = {int(uniform)}; {part.call}"
    table = _table("circle_{n}", "int16_t", np.array(points)).replace("{\n", "{{\n").replace("};", "}};")
    return Part(call, part.scale, part.runtime, part.space, part.n_roots, tables=table)


def _hog(family: Hog, cell: int, shape: tuple[int, int, int]) -> Part:
    rows, columns = shape[0] // cell, shape[1] // cell
    per_block = family.block_size**2 * family.n_orientations
    n_blocks = (rows - family.block_size + 1) * (columns - family.block_size + 1)
    angles = math.pi * np.arange(1, family.n_orientations) / family.n_orientations
    borders = np.rint(np.stack([np.cos(angles), np.sin(angles)], axis=1) * 2**BORDER_BITS).astype(int)
    table = _table("borders_{n}", "int32_t", borders).replace("{\n", "{{\n").replace("};", "}};")
    call = f"hog({cell}, {family.block_size}, {family.n_orientations}, borders_{{n}}, {{weights}}, {{bits}});"
    space = rows * columns * family.n_orientations
    n_roots = rows * columns * cell**2 + 2 * n_blocks + 1
    scale = np.ones(n_blocks * per_block)
    return Part(call, scale, (c_runtime.HOG,), space, n_roots, 3 * n_blocks * per_block, table, is_hog=True)


def _quantize(weights: np.ndarray) -> tuple[np.ndarray, int]:
    """int16 and the number of bits behind the point that all have: as many as fit."""
    bits = max(
        SCORE_BITS - c_runtime.ROOT_BITS, min(40, math.floor(math.log2(32767 / max(np.abs(weights).max(), 1e-9))))
    )
    return np.rint(weights * 2.0**bits).clip(-32768, 32767).astype(np.int16), bits


def _table(name: str, kind: str, values: np.ndarray) -> str:
    numbers = list(map(str, values.flatten().tolist()))
    lines = [", ".join(numbers[i : i + 20]) for i in range(0, len(numbers), 20)]
    return f"static const {kind} {name}[{len(numbers)}] = {{\n" + ",\n".join(lines) + "};\n"


def _definitions(model: TrainedModel, space: int) -> str:
    height, width, n_channels = model.image_shape
    return f"""#include "model.h"

enum {{ HEIGHT = {height}, WIDTH = {width}, CHANNELS = {n_channels}, CLASSES = {len(model.class_names)} }};

static const uint8_t *image;
static uint32_t space[{space}];
static int64_t sums[CLASSES], totals[CLASSES];
"""


PREDICT = r"""
int model_predict(const uint8_t *pixels, int32_t *scores) {
    int best = 0;
    image = pixels;
    for (int k = 0; k < CLASSES; k++) { sums[k] = 0; totals[k] = bias[k]; }
%s
    for (int k = 0; k < CLASSES; k++) {
        scores[k] = (int32_t)totals[k];
        if (totals[k] > totals[best]) best = k;
    }
    return best;
}
"""


def _header(model: TrainedModel, parts: list[Part], n_weights: int, space: int, with_grays: bool) -> str:
    """Its comment states what the model takes: bytes are those of its tables and static variables."""
    height, width, n_channels = model.image_shape
    n_classes = len(model.class_names)
    flash = 2 * n_weights + 4 * n_classes + sum(4 * part.tables.count(",") for part in parts)
    ram = 4 * space + 16 * n_classes + (height * width if with_grays else 0)
    n_roots, n_divisions = (sum(numbers) for numbers in zip(*((p.n_roots, p.n_divisions) for p in parts), strict=True))
    names = "\n".join(f"     {i}: {_in_comment(name)}" for i, name in enumerate(model.class_names))
    return f"""/* {_in_comment(model.experiment)}: a picture to one of {n_classes} classes, in fixed point.

   Flash: about {flash:,} bytes of tables, beside the code.
   RAM: about {ram:,} bytes of static variables, beside the picture.
   A picture: at most {n_weights:,} multiplications with a weight, {n_roots:,} square roots and
   {n_divisions:,} divisions of blocks; each of {len(parts)} parts of the features reads every pixel once.

   Classes:
{names}
*/
#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

/* pixels: {height} rows of {width} pixels of {n_channels} bytes (red, green, blue, or gray).
   scores: {n_classes} numbers, filled with margins times 65536.   Returns the class of the largest. Not reentrant. */
int model_predict(const uint8_t *pixels, int32_t *scores);

#endif
"""


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
