"""Chapters that come from studies: each is there if its study was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.elements import Section
from bakeoff.reports.chapters import sweeps
from bakeoff.reports.chapters.ablations import ablations_section
from bakeoff.reports.chapters.cues import cues_section
from bakeoff.reports.chapters.learning_curves import label_noise_section, learning_curves_section
from bakeoff.reports.chapters.look_inside import look_inside_section
from bakeoff.reports.chapters.robustness import robustness_section

CHAPTERS: Mapping[str, Callable[..., Section]] = {
    "learning-curves": learning_curves_section,
    "label-noise": label_noise_section,
    "robustness": robustness_section,
    "cues": cues_section,
    "ablations": ablations_section,
    "look-inside": look_inside_section,
    "regularization": sweeps.regularization_section,
    "activation": sweeps.activation_section,
    "depth": sweeps.depth_section,
    "width": sweeps.width_section,
}


def study_sections(
    studies: Mapping[str, StudyResult], chance: float = 0.0, finalists: Sequence[str] = ()
) -> tuple[Section, ...]:
    """A chapter for each known study that was made, in a fixed order.

    chance: accuracy of the best constant answer on the training pictures, below which no net has trained.
    finalists: names of the experiments that stand for their sides.
    """
    facts: Mapping[str, Mapping[str, Any]] = {
        "learning-curves": {"chance": chance},
        "label-noise": {"chance": chance},
        "robustness": {"finalists": finalists},
    }
    return tuple(chapter(studies[name], **facts.get(name, {})) for name, chapter in CHAPTERS.items() if name in studies)
