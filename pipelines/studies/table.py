"""Registry of studies: name, title, what runs it, and the profiles of `make report` that it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.pipelines.studies import ablations, cues, label_noise, learning_curves, look_inside, robustness
from bakeoff.pipelines.studies.study import Profile, Request

# What a profile asks for, in this order; nothing of the quick one trains.
IN_PROFILE: Mapping[Profile, tuple[ModuleType, ...]] = {
    "quick": (look_inside,),
    "full": (ablations, learning_curves, label_noise, robustness, look_inside, cues),
}


@dataclass(frozen=True)
class Study:
    name: str
    title: str
    run: Callable[[Request], StudyResult]


def all_studies() -> dict[str, Study]:
    return {module.NAME: Study(module.NAME, module.TITLE, module.run) for module in IN_PROFILE["full"]}


def choose_studies(names: Sequence[str], profile: Profile) -> list[Study]:
    """The studies of these names, or all of the profile if none is named. Raises ValueError for an unknown one."""
    table = all_studies()
    unknown = [name for name in names if name not in table]
    if unknown:
        raise ValueError(f"there is no study {unknown[0]!r}; choose from: {', '.join(table)}")
    return [table[name] for name in names or [module.NAME for module in IN_PROFILE[profile]]]
