"""The numbers behind every figure of the lecture, one .npz file each."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.pipelines.lecture.activations import differentiate_activations
from bakeoff.pipelines.lecture.bumps import approximate
from bakeoff.pipelines.lecture.capacity import compare_width_and_l2
from bakeoff.pipelines.lecture.computational_graph import GRAPHS
from bakeoff.pipelines.lecture.convexity import check_convexity
from bakeoff.pipelines.lecture.feature_pictures import color_histogram, hog_glyphs, sift_grid, visual_words
from bakeoff.pipelines.lecture.initialization import measure_gradient_flow
from bakeoff.pipelines.lecture.loss_surface import scan_loss_surfaces
from bakeoff.pipelines.lecture.templates import learn_digit_templates, learn_photo_templates
from bakeoff.pipelines.lecture.warping import warp_spirals
from bakeoff.pipelines.results.files import write_atomically

COMPUTATIONS: dict[str, Callable[[], Any]] = {
    "activations": differentiate_activations,
    "templates-digits": learn_digit_templates,
    "templates-photos": learn_photo_templates,
    "warping": warp_spirals,
    "capacity": compare_width_and_l2,
    "bumps": approximate,
    "convexity": check_convexity,
    "loss-surface": scan_loss_surfaces,
    **GRAPHS,
    "initialization": measure_gradient_flow,
    "color-histogram": color_histogram,
    "hog-glyphs": hog_glyphs,
    "sift-grid": sift_grid,
    "visual-words": visual_words,
}


def save_result(folder: Path, name: str, compute: Callable[[], Any]) -> None:
    """Write the fields of what a function returns, and the function's own name as `made_by`, to folder/name.npz."""
    result = compute()
    arrays: dict[str, Any] = {field.name: np.asarray(getattr(result, field.name)) for field in fields(result)}
    arrays["made_by"] = np.array(f"{compute.__module__}.{compute.__qualname__}")
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_atomically(folder / f"{name}.npz", buffer.getvalue())


def compute_all(folder: Path) -> None:
    for name, compute in COMPUTATIONS.items():
        start = time.perf_counter()
        save_result(folder, name, compute)
        print(f"{name:<24}{time.perf_counter() - start:6.1f} s", flush=True)
