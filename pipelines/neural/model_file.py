"""A trained net on disk: its weights, what it was built from and the class names; never a pickle.

One `.npz` archive holds the arrays and a JSON header, so that a model from a stranger can be read without running code.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch

from pipelines.neural import config as configurations
from pipelines.neural.checkpoint import decode_arrays, encode_arrays
from pipelines.neural.config import Architecture, NeuralConfig, describe_architecture
from pipelines.neural.networks.build import Network, build_network
from pipelines.run_result import write_atomically

FORMAT = 1


@dataclass(frozen=True)
class Model:
    """What `predict` needs. network: ready to evaluate.   image_shape: (height, width, channels) of its pictures."""

    network: Network
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    flip_averaging: bool


def save_model(
    path: Path, network: Network, config: NeuralConfig, image_shape: tuple[int, int, int], class_names: tuple[str, ...]
) -> int:
    """Write the net, whole or not at all. Returns the size of the file in bytes."""
    header = {
        "format": FORMAT,
        "architecture": describe_architecture(config.architecture),
        "pixels": config.pixels,
        "flip_averaging": config.flip_averaging,
        "image_shape": image_shape,
        "class_names": class_names,
    }
    content = encode_arrays(network.state_dict(), header)
    write_atomically(path, content)
    return len(content)


def load_model(path: Path, device: torch.device | None = None) -> Model:
    """Read back what `save_model` wrote. Raises ValueError, naming the file, if it is missing or damaged."""
    try:
        arrays, header = decode_arrays(path.read_bytes(), device or torch.device("cpu"))
        return _build(arrays, header, device or torch.device("cpu"))
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: train the model first") from error
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ValueError(f"{path} is not a whole model ({error}): train it again") from error


def _build(arrays: dict[str, torch.Tensor], header: dict[str, Any], device: torch.device) -> Model:
    if header["format"] != FORMAT:
        raise ValueError(f"format must be {FORMAT}, got {header['format']}")
    architecture = _architecture(header["architecture"])
    config = NeuralConfig(architecture=architecture, pixels=header["pixels"])
    image_shape, class_names = tuple(header["image_shape"]), tuple(header["class_names"])
    network = build_network(config, image_shape, len(class_names), seed=0).to(device)
    network.load_state_dict(arrays)
    return Model(network.eval(), image_shape, class_names, header["flip_averaging"])


def _architecture(record: dict[str, Any]) -> Architecture:
    kinds = {kind.__name__: kind for kind in configurations.Architecture.__args__}
    kind = kinds[record["kind"]]
    values = {field.name: record[field.name] for field in fields(kind)}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})
