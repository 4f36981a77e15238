"""Values read from a file, which anyone may have written, against the types that a dataclass states."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints


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
