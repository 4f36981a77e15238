"""A training snapshot as bytes and back: a checksum, and torch's own format, of which only plain values are read."""

from __future__ import annotations

import io
import pickle
import zlib

import torch

from bakeoff.pipelines.neural.training.loop import Snapshot


def encode_snapshot(snapshot: Snapshot) -> bytes:
    buffer = io.BytesIO()
    torch.save(vars(snapshot), buffer)
    return zlib.crc32(buffer.getvalue()).to_bytes(4) + buffer.getvalue()


def decode_snapshot(content: bytes, device: torch.device) -> Snapshot:
    """Raises ValueError if the bytes are not a whole snapshot. Never runs code from the file."""
    try:
        if zlib.crc32(content[4:]).to_bytes(4) != content[:4]:
            raise ValueError("its checksum differs")
        return Snapshot(**torch.load(io.BytesIO(content[4:]), map_location=device, weights_only=True))
    except (RuntimeError, ValueError, TypeError, EOFError, pickle.UnpicklingError) as error:
        raise ValueError(f"the checkpoint of a training is damaged ({error}): delete it") from error
