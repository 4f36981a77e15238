"""Commands that read no data set."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from importlib import import_module

from bakeoff.pipelines.machine.artifacts import claim, clean


def list_experiments(options: argparse.Namespace) -> int:
    from bakeoff.pipelines.experiments import GROUPS, all_experiments

    known = all_experiments().values()
    if options.json:
        groups = {name: list(members) for name, members in GROUPS.items()}
        experiments = [{"name": e.name, "side": e.side, "title": e.title} for e in known]
        print(json.dumps({"experiments": experiments, "groups": groups}, indent=1))
        return 0
    for experiment in known:
        print(f"{experiment.name:<32} {experiment.side:<13} {experiment.title}")
    for group, names in GROUPS.items():
        print(f"{group:<32} {'all of':<13} {', '.join(names)}")
    return 0


def lecture(options: argparse.Namespace) -> int:
    from bakeoff.pipelines.lecture.chapter import compute_chapters
    from bakeoff.pipelines.machine.cache import Cache

    claim(options.artifacts)
    cache = Cache(options.artifacts / "cache")
    compute_chapters(
        options.artifacts / "lecture" / "numbers",
        lambda inputs, compute: cache.get_or_compute("lecture", version=1, inputs=inputs, compute=compute).arrays,
        print,
    )
    return 0


def exercise(options: argparse.Namespace) -> int:
    from bakeoff.pipelines.lecture.exercises import check_exercise

    told = check_exercise(options.name, options.file)
    print("\n".join(told) or f"{options.name}: right")
    return int(bool(told))


def remove_artifacts(options: argparse.Namespace) -> int:
    removed = clean(options.artifacts)
    print(f"removed from {options.artifacts}: {', '.join(removed) or 'nothing, there was nothing'}")
    return 0


def in_module(name: str, function: str) -> Callable[..., int]:
    """A command whose module is imported when it is asked for: that takes seconds."""
    return lambda *given: getattr(import_module(f"bakeoff.{name}"), function)(*given)  # type: ignore[no-any-return]


WITHOUT_DATA: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "list": list_experiments,
    "predict": in_module("pipelines.predict.command", "predict"),
    "export": in_module("pipelines.predict.export.command", "export"),
    "lecture": lecture,
    "exercise": exercise,
    "bench": in_module("benchmarks.bench", "bench"),
    "clean": remove_artifacts,
    "completion": in_module("pipelines.command_line.completion", "complete"),
}
