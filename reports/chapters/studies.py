"""Chapters that come from studies: each is there if its study was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.elements import Section
from bakeoff.reports.chapters import sweeps
from bakeoff.reports.chapters.ablations import ablations_section
from bakeoff.reports.chapters.contest import contest_section
from bakeoff.reports.chapters.cues import cues_section
from bakeoff.reports.chapters.learning_curves import label_noise_section, learning_curves_section
from bakeoff.reports.chapters.look_inside import look_inside_section
from bakeoff.reports.chapters.robustness import robustness_section

CHAPTERS: Mapping[str, Callable[[StudyResult], Section]] = {
    "contest": contest_section,
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


def study_sections(studies: Mapping[str, StudyResult], finalists: Sequence[str] = ()) -> tuple[Section, ...]:
    """A chapter for each known study that was made, in a fixed order.

    finalists: names of the experiments that stand for their sides, in the chapter on robustness.
    """
    chapters: Mapping[str, Callable[[StudyResult], Section]] = {
        **CHAPTERS,
        "robustness": partial(robustness_section, finalists=finalists),
    }
    return tuple(chapter(studies[name]) for name, chapter in chapters.items() if name in studies)
