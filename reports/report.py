"""The whole report as one value, from which each format is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.elements import Figure, Gallery, Section, Table
from bakeoff.reports.canvas.formats import SPACE, listing, points
from bakeoff.reports.changes import Changes
from bakeoff.reports.chapters import (
    compression,
    cost,
    difference,
    provenance,
    results,
    together,
    tuning,
    understanding,
)
from bakeoff.reports.chapters import studies as studies_chapters
from bakeoff.reports.chapters.changes import changes_section
from bakeoff.reports.figures.cost import describe_front, draw_cost
from bakeoff.reports.statistics.comparison import SIDES, Comparison
from bakeoff.reports.verdict import Verdict, reach_verdict

CONVOLUTIONAL = ("AlexNet", "SmallAlexNet", "Speedrun")  # kinds of architecture, as runs tell them
MAX_NOTES = 3  # of the data set's own, on the first screen; the chapter on the data has all


@dataclass(frozen=True)
class Report:
    """verdict, table, plot and caveats make the first screen; the sections follow.

    lessons: what its authors learnt from it, in sentences; the one part that no program wrote.
    """

    comparison: Comparison
    verdict: Verdict
    summary: Table
    plot: Figure
    plot_text: str
    caveats: tuple[str, ...]
    sections: tuple[Section, ...]
    changes: Changes | None = None
    lessons: tuple[str, ...] = ()

    @property
    def figures(self) -> tuple[Figure | Gallery, ...]:
        """Everything that the Markdown version needs as a file."""
        parts = [part for section in self.sections for part in section.parts if isinstance(part, Figure | Gallery)]
        return (self.plot, *parts)


def build_report(
    comparison: Comparison,
    remarks: tuple[str, ...] = (),
    studies: Mapping[str, StudyResult] = MappingProxyType({}),
    *,
    show_pictures: bool = True,
    changes: Changes | None = None,
    lessons: tuple[str, ...] = (),
) -> Report:
    """All numbers, sentences and figures.

    remarks: what the reader must know about the choice of runs.   studies: by name, each with a chapter of its own.
    show_pictures: False leaves out all pictures of the data set, for data that must not be passed on.
    changes: since an earlier report, if one was named.   lessons: of the report's authors, if they wrote some.
    """
    verdict = reach_verdict(comparison)
    candidates = (
        changes_section(changes, verdict.answer) if changes else None,
        results.results_section(comparison),
        difference.difference_section(comparison),
        cost.cost_section(comparison),
        compression.compression_section(comparison),
        together.together_section(comparison),
        understanding.classes_section(comparison),
        understanding.families_section(comparison),
        understanding.learning_section(comparison),
        *studies_chapters.study_sections(
            studies if show_pictures else {name: study.without_pictures() for name, study in studies.items()}
        ),
        together.pictures_section(comparison) if show_pictures else None,
        understanding.inside_section(comparison),
        understanding.trust_section(comparison),
        tuning.tuning_section(comparison),
        provenance.data_section(comparison),
        provenance.methods_section(comparison),
        provenance.provenance_section(comparison, studies),
    )
    return Report(
        comparison,
        verdict,
        results.summary_table(comparison),
        draw_cost(comparison),
        describe_front(comparison),
        (*remarks, *find_caveats(comparison)),
        tuple(section for section in candidates if section is not None),
        changes,
        lessons,
    )


def find_caveats(comparison: Comparison) -> tuple[str, ...]:
    """What limits the verdict, from the numbers themselves."""
    n_test = len(comparison.task.test_labels)
    low, high = comparison.interval(comparison.favorite)
    article = "a" if comparison.is_unbalanced else "an"
    caveats = [
        f"One data set, {n_test:,} test pictures: {article} {comparison.measure} is known to about "
        f"±{points((high - low) / 2, signed=False)}"
        f"{SPACE}points, and other pictures may favor the other side."
    ]
    nets = [c.representative.settings.get("architecture") for c in comparison.contestants if c.side == "end-to-end"]
    if not any(isinstance(net, Mapping) and net.get("kind") in CONVOLUTIONAL for net in nets):
        caveats.append(
            "No convolutional net was trained, and for pictures they are the stronger kind of net: "
            "`make train EXPERIMENT=alexnet` adds one to this comparison."
        )
    single = [c.experiment for c in comparison.finalists if len(c.runs) == 1]
    if single:
        caveats.append(f"{listing(single)} ran with one seed: how much another seed would change is not known.")
    for side, finalist in zip(SIDES, comparison.finalists, strict=True):
        best = next(c for c in comparison.ranked if c.side == side)
        if comparison.score(best) > comparison.score(finalist):
            caveats.append(
                f"{best.experiment} does better on the test pictures than {finalist.experiment}, the finalist of the "
                f"{side} side. The finalist stays: choosing by test accuracy would flatter the result."
            )
    if len({tuning.measure_effort([c]).settings for c in comparison.finalists}) > 1:
        remedy = ""
        if comparison.finalists[1].experiment == "mlp":
            remedy = (
                " `make train EXPERIMENT=mlp-tuned` lets the perceptron try as many learning rates as the SVM tries "
                "values of C."
            )
        caveats.append(f"Tuning was not equal: {tuning.describe_efforts(comparison)}{remedy}")
    short = [c.experiment for c in comparison.finalists if c.representative.diagnostics.get("svm_converged") is False]
    if short:
        caveats.append(
            f"The SVM of {listing(short)} is not known to have reached its optimum: more steps or other scaling of the "
            "features may change its accuracy."
        )
    if comparison.clock == "processor time":
        waited = listing([c.experiment for c in comparison.contestants if c.waited])
        caveats.append(
            f"The machine was busy with other work while {waited} ran. So costs are processor time, summed over cores: "
            "a free machine of several cores takes less by the clock."
        )
    environments = [c.representative.environment for c in comparison.finalists]
    differing = [key for key in ("hardware", "commit") if environments[0].get(key) != environments[1].get(key)]
    if differing:
        caveats.append(f"The finalists were run with different {listing(differing)}: compare their seconds with care.")
    return (*caveats, *comparison.task.notes[:MAX_NOTES])
