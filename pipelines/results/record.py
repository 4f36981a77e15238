"""Records: the plain part of a dataclass as JSON, and values read from a file, which anyone may have written, against
the types that a dataclass states."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

SCHEMA_VERSION = 1  # of run.json and task.json


def check_fields(value: Any) -> None:
    """Raises TypeError, naming the field, unless every field of a dataclass, and of those inside, fits its type."""
    hints = get_type_hints(type(value))
    for field in fields(value):
        part = getattr(value, field.name)
        if not fits(part, hints[field.name]):
            raise TypeError(f"{field.name} must be {hints[field.name]}, got {str(part)[:60]!r}")


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is what a type says: str, int, float (finite), Literal, tuple[X, ...], Mapping[K, X], or a class.

    An int will do for a float; a bool is no number.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin is Literal:
        return isinstance(value, str) and value in arguments
    if origin is tuple:
        return isinstance(value, tuple) and all(fits(part, arguments[0]) for part in value)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(fits(part, arguments[1]) for part in value.values())
    if origin is UnionType:
        return any(fits(value, argument) for argument in arguments)
    if hint in (int, float):
        return isinstance(value, int if hint is int else (int, float)) and not _is_odd(value)
    if is_dataclass(hint) and isinstance(value, hint):  # type: ignore[arg-type]
        check_fields(value)
    return isinstance(value, hint)


def _is_odd(number: float) -> bool:
    return isinstance(number, bool) or not math.isfinite(number)


def json_part(value: Any) -> dict[str, Any]:
    """The fields of a dataclass that are not arrays."""
    found = {f.name: getattr(value, f.name) for f in fields(value) if f.name != "pictures"}
    return {"schema": SCHEMA_VERSION} | {
        name: _plain(part) for name, part in found.items() if not isinstance(part, np.ndarray)
    }


def _plain(value: Any) -> Any:
    """Records of ours as mappings, alone or several of them; all else as it is."""
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def build_value(kind: type, values: dict[str, Any], folder: Path) -> Any:
    schema = values.pop("schema", None)
    if schema != SCHEMA_VERSION:
        raise ValueError(
            f"{folder} has schema {schema}, expected {SCHEMA_VERSION}: delete it and run `bakeoff train` again"
        )
    with naming_damage(folder):
        value = kind(**values)
        check_fields(value)
        return value


@contextmanager
def naming_damage(path: Path) -> Iterator[None]:
    """Whatever a stranger's file makes go wrong is said of that file, in one line."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(f"{path} is damaged ({error}): delete it and run `bakeoff train` again") from error
