"""A training snapshot as named arrays and back, so that it can lie on disk without pickle."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bakeoff.pipelines.neural.training.loop import Snapshot

HEADER = "header"


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """An `.npz` archive: arrays `weights/<name>`, `average/<name>`, `best/<name>`, `optimizer/<parameter>/<name>`, and
    a header in JSON with the history."""
    arrays = {
        f"{group}/{name}": value
        for group in ("weights", "average", "best")
        for name, value in getattr(snapshot, group).items()
    }
    arrays |= {
        f"optimizer/{i}/{name}": value for i, state in snapshot.optimizer.items() for name, value in state.items()
    }
    return encode_arrays(arrays, {"history": snapshot.history, "bfloat16": snapshot.bfloat16})


def decode_snapshot(content: bytes, device: torch.device) -> Snapshot:
    """Raises ValueError if the bytes are not a whole snapshot."""
    arrays, header = decode_arrays(content, device)
    groups: dict[str, dict[str, Tensor]] = {"weights": {}, "average": {}, "best": {}}
    optimizer: dict[int, dict[str, Tensor]] = {}
    for path, value in arrays.items():
        group, _, name = path.partition("/")
        if group == "optimizer":
            parameter, _, name = name.partition("/")
            optimizer.setdefault(int(parameter), {})[name] = value
        else:
            groups[group][name] = value
    return Snapshot(**groups, optimizer=optimizer, history=tuple(header["history"]), bfloat16=header["bfloat16"])


def encode_arrays(arrays: Mapping[str, Tensor], header: Mapping[str, Any]) -> bytes:
    """An uncompressed `.npz` archive of the tensors, with the header as JSON text in an array of its own."""
    text = np.array(json.dumps(header))
    buffer = io.BytesIO()
    np.savez(
        buffer, allow_pickle=False, **{HEADER: text}, **{name: value.cpu().numpy() for name, value in arrays.items()}
    )
    return buffer.getvalue()


def decode_arrays(content: bytes, device: torch.device) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Back from `encode_arrays`. Raises ValueError if the bytes are damaged. Never runs code from the file."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: torch.from_numpy(archive[name]).to(device) for name in archive.files if name != HEADER}
            return arrays, json.loads(archive[HEADER].item())
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f"the file of weights is damaged ({error})") from error
