"""Frozen configurations as plain JSON values, and back: reading one builds only subclasses of what is expected."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

LARGEST_NUMBER = 10**6  # of samples, words, units ...: more is damage, and would fill the memory


def describe(value: Any) -> Any:
    """A configuration as plain JSON values; every dataclass in it tells its kind, or families would look alike."""
    if is_dataclass(value):
        parts = {field.name: describe(getattr(value, field.name)) for field in fields(value)}
        return {"kind": type(value).__name__, **parts}
    return [describe(part) for part in value] if isinstance(value, tuple) else value


def rebuild(record: Any, expected: Any) -> Any:
    """Back from `describe`: a value of the type `expected`, or one of its subclasses by name.

    A field that the record lacks has its default: it came later, and its default is what was done before.
    Raises ValueError for an unknown kind or field, a value of another type, or a number beyond LARGEST_NUMBER.
    """
    origin, choices = get_origin(expected), get_args(expected)
    if origin is Literal and isinstance(record, str) and record in choices:
        return record
    if origin is tuple and isinstance(record, list):
        return _rebuild_tuple(record, choices)
    if origin in (Union, UnionType):
        return _rebuild_one_of(record, choices)
    if isinstance(expected, type) and is_dataclass(expected) and isinstance(record, dict):
        return _rebuild_dataclass(record, (expected,))
    if expected in (int, float, bool, str, NoneType) and _is_plain(record, expected):
        return float(record) if expected is float else record
    told = ", ".join(map(str, choices)) if origin is Literal else getattr(expected, "__name__", expected)
    raise ValueError(f"expected {told}, got {str(record)[:60]!r}")


def _rebuild_tuple(record: list[Any], choices: tuple[Any, ...]) -> tuple[Any, ...]:
    types = choices[:1] * len(record) if choices[1:] == (...,) else choices
    if len(types) != len(record):
        raise ValueError(f"expected {len(types)} values, got {len(record)}")
    return tuple(rebuild(part, kind) for part, kind in zip(record, types, strict=True))


def _rebuild_one_of(record: Any, choices: tuple[Any, ...]) -> Any:
    if isinstance(record, dict):  # the kind says which; asking each would hide what is wrong with it
        return _rebuild_dataclass(record, tuple(c for c in choices if is_dataclass(c)))
    for choice in choices:
        if _is_plain(record, choice):
            return float(record) if choice is float else record
    raise ValueError(f"expected one of {choices}, got {str(record)[:60]!r}")


def _rebuild_dataclass(record: dict[str, Any], expected: tuple[Any, ...]) -> Any:
    name = record.get("kind")
    kinds = {kind.__name__: kind for base in expected for kind in _kinds_of(base)}
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"unknown kind {str(name)[:60]!r}: expected one of {', '.join(sorted(kinds))}")
    hints, known = get_type_hints(kind), {field.name for field in fields(kind)}
    unknown = sorted(record.keys() - known - {"kind"})
    if unknown:
        raise ValueError(f"{name} has no field {unknown[0][:60]!r}")
    return kind(**{field: rebuild(record[field], hints[field]) for field in record.keys() - {"kind"}})


def _kinds_of(base: type) -> list[type]:
    """The class and all below it: a kind is known as soon as it is defined. In doubt the first that was."""
    below: list[type] = base.__subclasses__()
    return [*(kind for child in reversed(below) for kind in _kinds_of(child)), base]


def _is_plain(record: Any, expected: Any) -> bool:
    if expected is float:
        return type(record) in (int, float) and abs(record) <= LARGEST_NUMBER  # NaN and infinity fail
    return type(record) is expected and (expected is not int or abs(record) <= LARGEST_NUMBER)
