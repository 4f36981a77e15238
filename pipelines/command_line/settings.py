"""Settings from the command line: `costs=0.1,1 epochs=5` changes these fields of an experiment's configuration."""

from __future__ import annotations

import argparse
import ast
import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

from bakeoff.pipelines.results.configuration import rebuild

if TYPE_CHECKING:
    from bakeoff.pipelines.experiments import Experiment

CONSTANTS = {"true": True, "false": False, "none": None}


def parse_assignments(text: str) -> list[tuple[str, str]]:
    """`costs=0.1,1 epochs=5` -> [("costs", "0.1,1"), ("epochs", "5")]."""
    words = text.split()
    wrong = [word for word in words if not re.fullmatch(r"[a-z_]\w*(\.\w+)*=\S*", word)]
    if wrong:
        raise argparse.ArgumentTypeError(f"must be fields with values such as 'costs=0.1,1 epochs=5', got {wrong[0]!r}")
    return [(name, value) for name, _, value in (word.partition("=") for word in words)]


def settings_of(config: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every field that can be set, as `optimizers.learning_rate`, and its value; once for each part of a tuple."""
    for field in fields(config):
        value, path = getattr(config, field.name), prefix + field.name
        parts = [part for part in (value if isinstance(value, tuple) else (value,)) if is_dataclass(part)]
        for part in parts:
            yield from settings_of(part, f"{path}.")
        if not parts:
            yield path, value


def change_settings(experiments: Sequence[Experiment], assignments: Sequence[tuple[str, str]]) -> list[Experiment]:
    """The experiments with every setting applied where there is such a field; what changed is in their names.

    Raises ValueError for a field that none of them has, one that could be several, or a value of another type.
    """
    changed = list(experiments)
    for name, text in assignments:
        paths = [_find(name, experiment) for experiment in experiments]
        if not any(paths):
            known = {path for experiment in experiments for path, _ in settings_of(experiment.config)}
            names = sorted(known | {path.rpartition(".")[2] for path in known})
            near = difflib.get_close_matches(name, names, 3, 0.5) or sorted(known)
            raise ValueError(f"--set: {experiments[0].name} has no setting {name!r}; the nearest: {', '.join(near)}")
        changed = [_change(e, path, text) if path else e for e, path in zip(changed, paths, strict=True)]
    return [_rename(e, original) for e, original in zip(changed, experiments, strict=True)]


def _find(name: str, experiment: Experiment) -> str:
    """The path of the one field that a name means; "" if there is none."""
    paths = dict.fromkeys(path for path, _ in settings_of(experiment.config))
    found = [path for path in paths if path == name] or [path for path in paths if path.endswith(f".{name}")]
    if len(found) > 1:
        raise ValueError(f"--set: {name} of {experiment.name} could be any of {', '.join(found)}")
    return found[0] if found else ""


def _change(experiment: Experiment, path: str, text: str) -> Experiment:
    try:
        return replace(experiment, config=_replaced(experiment.config, path, text))
    except ValueError as error:
        raise ValueError(f"--set {path}={text} does not fit {experiment.name}: {error}") from error


def _replaced(config: Any, path: str, text: str) -> Any:
    """The configuration with the field at `path` read from text, in every part that has it."""
    name, _, rest = path.partition(".")
    if not hasattr(config, name):
        return config  # another part of the tuple has it
    value = getattr(config, name)
    if not rest:
        value = _read(text, get_type_hints(type(config))[name])
    elif isinstance(value, tuple):
        value = tuple(dict.fromkeys(_replaced(part, rest, text) for part in value))  # equal ones need one training
    else:
        value = _replaced(value, rest, text)
    return replace(config, **{name: value})


def _read(text: str, expected: Any) -> Any:
    """A value of the type `expected`: 0.1, true, none, a word; 0.1,1 or 1x1,2x2 for several."""
    record = _plain(text)
    if get_origin(expected) is tuple:
        record = record if isinstance(record, list) else [record]
        if record and get_origin(get_args(expected)[0]) is tuple and not isinstance(record[0], list):
            record = [record]
    if "-" in text and any(isinstance(part, int | float) and part < 0 for part in (record, *_plain(f"{text},"))):
        raise ValueError("it must not be negative")
    return rebuild(record, expected)


def _plain(text: str) -> Any:
    if text in ("", "()") or "," in text:
        return [_plain(part) for part in text.strip("()").split(",") if part]
    if re.fullmatch(r"\d+(x\d+)+", text):
        return [int(part) for part in text.split("x")]
    if text.lower() in CONSTANTS:
        return CONSTANTS[text.lower()]
    return ast.literal_eval(text) if re.fullmatch(r"-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text) else text


def _rename(changed: Experiment, original: Experiment) -> Experiment:
    """What differs, in the name, which is a folder's too, and in the title."""
    before, after = _by_path(original.config), _by_path(changed.config)
    names = [path.rpartition(".")[2] for path in after]
    told = [
        f"{short if names.count(short) == 1 else path}={'|'.join(map(_as_text, values))}"
        for (path, values), short in zip(after.items(), names, strict=True)
        if values != before[path]
    ]
    if not told:
        return original
    name, title = f"{original.name}[{';'.join(told)}]", f"{original.title} with {', '.join(told)}"
    return replace(changed, name=name, title=title)


def _by_path(config: Any) -> dict[str, tuple[Any, ...]]:
    """The different values of each field, over the parts that have it."""
    found: dict[str, dict[Any, None]] = {}
    for path, value in settings_of(config):
        found.setdefault(path, {})[value] = None
    return {path: tuple(values) for path, values in found.items()}


def _as_text(value: Any) -> str:
    """As `_read` understands it."""
    if isinstance(value, tuple):
        nested = bool(value) and isinstance(value[0], tuple)
        return ",".join("x".join(map(str, part)) if nested else _as_text(part) for part in value)
    text = str(value)
    return text.lower() if isinstance(value, bool | None) else text.removesuffix(".0")
