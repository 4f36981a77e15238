"""Report: everything it says and shows as one value, from which each format is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.elements import Figure, Section, Table
from bakeoff.reports.canvas.formats import listing
from bakeoff.reports.chapters import frozen, results, tuning
from bakeoff.reports.chapters.changes import Changes
from bakeoff.reports.chapters.confidence import Stakes
from bakeoff.reports.chapters.cost import draw_cost
from bakeoff.reports.chapters.registration import write_chapters
from bakeoff.reports.statistics.comparison import Comparison
from bakeoff.reports.verdict import Verdict, reach_verdict

MAX_NOTES = 2  # of the data set's own among the caveats; the chapter on the data has all
NO_LIMITS = ("File formats", "Every picture is gray")  # how those begin that limit no answer
ILLUSIONS = ("Classes are recorded", "Names look as if")  # how notes begin that may make of the result an illusion
MAX_NAMED = 3  # experiments that a caveat names
MAX_CAVEATS = 4  # on the first screen; the chapter on the method has the rest


@dataclass(frozen=True)
class Report:
    """verdict, table, plot and the weightiest caveats make the first screen; the sections follow.

    lessons: what its authors learned from it, in sentences; the one part that no program wrote.   frozen: what a frozen
    net would give.
    """

    comparison: Comparison
    verdict: Verdict
    summary: Table
    plot: Figure
    caveats: tuple[str, ...]
    sections: tuple[Section, ...]
    changes: Changes | None = None
    lessons: tuple[str, ...] = ()
    frozen: str = ""

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Everything that the Markdown version needs as a file."""
        parts = (part for section in self.sections for part in section.parts)
        return (self.plot, *(part for part in parts if isinstance(part, Figure)))


def build_report(
    comparison: Comparison,
    remarks: tuple[str, ...] = (),
    studies: Mapping[str, StudyResult] = MappingProxyType({}),
    *,
    show_pictures: bool = True,
    changes: Changes | None = None,
    lessons: tuple[str, ...] = (),
    stakes: Stakes | None = None,
) -> Report:
    """All numbers, sentences and figures.

    remarks: what the reader must know about the choice of runs.   studies: by name, each with a chapter of its own.
    show_pictures: False leaves out all pictures of the data set.   stakes: of two classes, what errors mean.
    """
    verdict = reach_verdict(comparison, studies.get("contest"))
    caveats = (*remarks, *find_caveats(comparison))
    material = {
        "comparison": comparison,
        "verdict": verdict,
        "caveats": caveats[MAX_CAVEATS:],
        "changes": changes,
        "stakes": stakes or Stakes(),
        "show_pictures": show_pictures,
    }
    shown = studies if show_pictures else {name: study.without_pictures() for name, study in studies.items()}
    return Report(
        comparison,
        verdict,
        results.summary_table(comparison),
        draw_cost(comparison),
        caveats[:MAX_CAVEATS],
        write_chapters(material, shown),
        changes,
        lessons,
        frozen.describe_frozen(comparison, studies),
    )


def find_caveats(comparison: Comparison) -> tuple[str, ...]:
    """What limits the verdict, from the numbers themselves, the weightiest first."""
    notes = comparison.task.notes
    grave = [note for note in notes if note.startswith(ILLUSIONS)]
    others = [note for note in notes if not note.startswith((*ILLUSIONS, *NO_LIMITS))][:MAX_NOTES]
    return (*grave, *_limits_of_training(comparison), *others, *_limits_of_choice(comparison), *_of_costs(comparison))


def _limits_of_training(comparison: Comparison) -> Iterator[str]:
    """What took part, whether it converged, with how many seeds and settings."""
    hand, net = comparison.finalists
    if all(c.is_perceptron for c in comparison.of_side("end-to-end")):
        yield (
            "No convolutional net was trained, and those are usually stronger on pictures: `bakeoff train alexnet` "
            "adds one to this comparison."
        )
    short = [c.experiment for c in (hand, net) if c.representative.diagnostics.get("svm_converged") is False]
    if short:
        yield (
            f"The SVM of {listing(short)} is not known to have reached its optimum: more steps or other scaling of the "
            "features may change its accuracy."
        )
    single = [c.experiment for c in (hand, net) if len(c.runs) == 1 and not comparison.spreads[c.side].n_repeats]
    if single and not comparison.folds:  # every split has a seed of its own
        yield (
            f"{listing(single)} ran with one seed on one set of {len(comparison.task.test_labels):,} test pictures: "
            "how much another seed would change is assumed, not measured."
        )
    if tuning.n_settings([hand]) != tuning.n_settings([net]) and not (hand.contest and net.contest):
        remedy = (
            " `bakeoff train mlp-tuned` lets the perceptron try as many learning rates as the SVM tries values of C."
        )
        efforts = tuning.describe_efforts(comparison)
        yield f"Tuning was not equal: {efforts}{remedy if net.experiment == 'mlp' else ''}"


def _limits_of_choice(comparison: Comparison) -> Iterator[str]:
    """Where another experiment does better on the test pictures, and which finalist learned from more pictures."""
    for finalist in comparison.finalists:
        best = max(comparison.of_side(finalist.side), key=comparison.score)
        if comparison.score(best) > comparison.score(finalist):
            yield (
                f"{best.experiment} does better on the test pictures than {finalist.experiment}, the finalist of the "
                f"{finalist.side} side, which was chosen on validation. Choosing by test accuracy would flatter the "
                "result."
            )
    refit = [c.experiment for c in comparison.finalists if c.is_refit]
    if len(refit) == 1:
        yield (
            f"{refit[0]} was trained once more, with the chosen setting, on the training and validation pictures "
            "together; the other finalist was trained on the training pictures alone."
        )


def _of_costs(comparison: Comparison) -> Iterator[str]:
    if comparison.clock == "processor time":
        names = [c.experiment for c in comparison.contestants if c.waited]
        waited = listing(names) if len(names) <= MAX_NAMED else f"{len(names)} of the experiments"
        yield (
            f"The machine was busy with other work while {waited} ran, so costs are given as processor time, summed "
            "over cores; an idle machine with several cores takes less wall-clock time."
        )
    hand, net = (c.representative.environment for c in comparison.finalists)
    told = {"hardware": "on different machines", "commit": "at different commits"}
    differing = [words for key, words in told.items() if hand.get(key) != net.get(key)]
    if (here := hand.get("device", "cpu")) != (there := net.get("device", "cpu")):
        differing.append(f"on different devices (hand-crafted on {here}, net on {there})")
    if differing:
        yield f"The finalists were run {listing(differing)}: compare their times with care."
