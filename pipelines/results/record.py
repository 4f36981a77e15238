"""Records: the plain part of a run or a task as JSON, and back from a file that anyone may have written."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.pipelines.results.configuration import describe, rebuild

SCHEMA_VERSION = 1  # of run.json and task.json


def json_part(value: Any) -> dict[str, Any]:
    """The fields of a dataclass that are not arrays."""
    found = {f.name: getattr(value, f.name) for f in fields(value) if f.name != "pictures"}
    return {"schema": SCHEMA_VERSION} | {
        name: describe(part, tagged=False) for name, part in found.items() if not isinstance(part, np.ndarray)
    }


def build_value(kind: type, values: dict[str, Any], folder: Path) -> Any:
    """The run or task of these fields, arrays among them. Raises ValueError, naming the folder, if they make none."""
    schema = values.pop("schema", None)
    if schema != SCHEMA_VERSION:
        raise ValueError(
            f"{folder} has schema {schema}, expected {SCHEMA_VERSION}: delete it and run `bakeoff train` again"
        )
    try:
        return rebuild(values, kind, tagged=False, largest=sys.float_info.max)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(f"{folder} is damaged ({error}): delete it and run `bakeoff train` again") from error
