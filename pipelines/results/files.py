"""Files that another program may have cut short and a stranger may have written: whole or not at all, never a pickle.

What is read back is a value or a ValueError, in one line, that names the file.
"""

import io
import json
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields
from glob import escape
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from bakeoff.pipelines.results.configuration import describe, rebuild

SCHEMA_VERSION = 1  # of run.json, task.json and the studies


def write_atomically(path: Path, content: bytes) -> None:
    """Write beside the place and move there: a reader sees the old file or the new one, never a part.

    Who may read it is left to the process's umask.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def in_place_of(path: Path) -> Iterator[Path]:
    """A new name beside the file, for what takes long to write: it becomes the file at the end, or is gone."""
    remove_left_overs(path.parent, f".{path.name}.")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    lock = FileLock(f"{part}.lock")
    try:
        with lock:
            yield part
            os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
        Path(lock.lock_file).unlink(missing_ok=True)


def remove_left_overs(folder: Path, beginning: str) -> None:
    """What killed processes were writing there: files whose names begin so, beside a lock that nobody holds."""
    for lock in folder.glob(f"{escape(beginning)}*.lock"):
        with suppress(Timeout), FileLock(lock, timeout=0):
            lock.with_suffix("").unlink(missing_ok=True)
            lock.unlink(missing_ok=True)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """An archive of arrays, compressed, without pickle; whole or not at all."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_atomically(path, buffer.getvalue())


def read_arrays(path: Path, command: str = "train") -> dict[str, np.ndarray]:
    """Back from `write_arrays`. Raises ValueError, naming the file and the command that makes it, if it is damaged."""
    try:
        # Opened here: np.load leaves its own file open where it is no archive.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: run `bakeoff {command}` first") from error
    except Exception as error:  # a dozen kinds, on damaged archives and on those that claim to hold more than there is
        raise damaged(path, error, command) from error


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    write_atomically(path, json.dumps(record, indent=1, default=np.generic.item, allow_nan=False).encode())


def read_json(path: Path, command: str = "train") -> dict[str, Any]:
    """Back from `write_json`. Raises ValueError as `read_arrays` does."""
    try:
        record = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing: run `bakeoff {command}` first") from error
    except (ValueError, RecursionError) as error:
        raise damaged(path, error, command) from error
    if not isinstance(record, dict):
        raise damaged(path, "not a JSON object", command)
    return record


def damaged(path: Path, why: object, command: str = "train") -> ValueError:
    return ValueError(f"{path} is damaged ({why}): delete it and run `bakeoff {command}` again")


def write_value(path: Path, value: Any, **more: Any) -> None:
    """The fields of a dataclass as JSON, but for arrays and pictures; more: what is beside them in the file."""
    found = {field.name: getattr(value, field.name) for field in fields(value) if field.name != "pictures"}
    plain = {name: describe(part, tagged=False) for name, part in found.items() if not isinstance(part, np.ndarray)}
    write_json(path, {"schema": SCHEMA_VERSION, **plain, **more})


def read_value(kind: type, path: Path, values: dict[str, Any], command: str = "train") -> Any:
    """Back from `write_value`. values: what `read_json` found, and the arrays.

    Raises ValueError, naming the path, if they make no such value: a stranger may have written the file.
    """
    schema = values.pop("schema", None)
    try:
        if schema != SCHEMA_VERSION:
            raise ValueError(f"it has schema {schema}, expected {SCHEMA_VERSION}")
        return rebuild(values, kind, tagged=False, largest=sys.float_info.max)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise damaged(path, error, command) from error
