"""Frozen dataclasses as plain JSON values, and back: what is read is checked against the types stated.

Of a file that anyone may have written, only subclasses of what is expected are built.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

LARGEST_NUMBER = 10**6  # of samples, words, units ...: more is damage, and would fill the memory


def describe(value: Any, *, tagged: bool = True) -> Any:
    """As plain JSON values; tagged, every dataclass tells its kind, without which families would look alike."""
    if is_dataclass(value):
        parts = {field.name: describe(getattr(value, field.name), tagged=tagged) for field in fields(value)}
        return ({"kind": type(value).__name__} if tagged else {}) | parts
    return [describe(part, tagged=tagged) for part in value] if isinstance(value, tuple) else value


def rebuild(record: Any, expected: Any, *, tagged: bool = True, largest: float = LARGEST_NUMBER) -> Any:
    """Back from `describe`: a value of the type `expected`, or, if tagged, one of its subclasses by name.

    A field that the record lacks has its default: it came later, and its default is what was done before.
    Arrays, and what may be anything, are taken as they are.
    Raises ValueError for an unknown kind or field, a value of another type, or a number that is not within `largest`.
    """
    origin, choices = get_origin(expected), get_args(expected)
    inside = partial(rebuild, tagged=tagged, largest=largest)
    if expected is Any or (expected is np.ndarray and isinstance(record, np.ndarray)):
        return record
    if origin is Literal and isinstance(record, str) and record in choices:
        return record
    if origin is tuple and isinstance(record, list):
        types = choices[:1] * len(record) if choices[1:] == (...,) else choices
        if len(types) != len(record):
            raise ValueError(f"expected {len(types)} values, got {len(record)}")
        return tuple(map(inside, record, types))
    if origin is Mapping and isinstance(record, dict):
        return {key: inside(part, choices[1]) for key, part in record.items()}
    if origin in (Union, UnionType):
        return _rebuild_one_of(record, choices, inside)
    if is_dataclass(expected) and isinstance(record, dict):
        return _rebuild_kind(record, (expected,), inside) if tagged else _fill(expected, record, inside)
    kinds = (int, float) if expected is float else (expected,) if expected in (int, bool, str, NoneType) else ()
    if type(record) in kinds and (expected not in (int, float) or abs(record) <= largest):  # NaN and infinity fail
        return float(record) if expected is float else record
    told = ", ".join(map(str, choices)) if origin is Literal else getattr(expected, "__name__", expected)
    raise ValueError(f"expected {told}, got {str(record)[:60]!r}")


def _rebuild_one_of(record: Any, choices: tuple[Any, ...], inside: partial[Any]) -> Any:
    if isinstance(record, dict):  # the kind says which; asking each would hide what is wrong with it
        return _rebuild_kind(record, tuple(c for c in choices if is_dataclass(c)), inside)
    for choice in choices:
        if type(record) is choice or (choice is float and type(record) is int):
            return inside(record, choice)
    raise ValueError(f"expected one of {choices}, got {str(record)[:60]!r}")


def _rebuild_kind(record: dict[str, Any], expected: tuple[Any, ...], inside: partial[Any]) -> Any:
    name = record.get("kind")
    kinds = {kind.__name__: kind for base in expected for kind in _kinds_of(base)}
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        raise ValueError(f"unknown kind {str(name)[:60]!r}: expected one of {', '.join(sorted(kinds))}")
    return _fill(kind, {field: part for field, part in record.items() if field != "kind"}, inside)


def _fill(kind: Any, record: dict[str, Any], inside: partial[Any]) -> Any:
    hints = get_type_hints(kind)
    unknown = sorted(record.keys() - {field.name for field in fields(kind)})
    if unknown:
        raise ValueError(f"{kind.__name__} has no field {unknown[0][:60]!r}")
    values = {}
    for name, part in record.items():
        try:
            values[name] = inside(part, hints[name])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return kind(**values)


def _kinds_of(base: type) -> list[type]:
    """The class and all below it: a kind is known as soon as it is defined. In doubt the first that was."""
    below: list[type] = base.__subclasses__()
    return [*(kind for child in reversed(below) for kind in _kinds_of(child)), base]
