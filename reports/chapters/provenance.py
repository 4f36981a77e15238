"""Chapters on provenance: the data, the statistical methods, and what made every run."""

from collections.abc import Mapping, Sequence
from typing import Any

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.canvas.elements import Section, Table, table_row
from bakeoff.reports.canvas.formats import in_points, plural, seconds
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.comparison import Comparison
from bakeoff.reports.statistics.growth import MOST_POWER

METHODS = (
    "Accuracy has Wilson's score interval. Balanced accuracy has, at each end, the wider of two: Wilson's interval "
    "for the number of pictures that its variance corresponds to, and the combined Clopper-Pearson intervals of the "
    "classes (MOVER). Pictures of one group count as drawn together: their number is divided by the design effect.",
    "Two experiments are compared on the same pictures, with Bonett and Price's interval for paired proportions and "
    "Student's t; a difference is shown where the interval excludes zero.",
    "Both include the variation between seeds. Its variance is pooled over all repeated experiments of a side, less "
    "what chance over pictures explains, and shrunk toward a prior: a standard deviation of 0.01 sqrt(m (1 - m)) "
    "for an accuracy m, which is 0.4 points at 80 %, weighted like three seeds. Without repeated experiments the "
    "prior is used alone.",
    "The finalists are the experiments with the highest mean accuracy on validation of each side, or balanced accuracy "
    "where that is the measure. The test between them is the only planned one. The tests against the better of them "
    "have Holm's correction.",
    "Where one model must represent an experiment with several seeds, it is the median one by validation accuracy.",
    "Macro F1 is the mean of F1 over classes, balanced accuracy the mean accuracy over classes. Peak memory is the "
    "largest resident size of the process in any stage. The calibration error uses 15 bins of equal width. A net “did "
    "not train” if on its own training pictures it does not clearly beat the best constant answer.",
)


@chapter(220)
def data_section(comparison: Comparison) -> Section:
    task = comparison.task
    height, width, channels = task.test_images.shape[1:]
    kind = {1: "gray", 3: "color"}.get(channels, f"{channels}-channel")
    purposes = {"train": "training", "test": "testing"}
    sizes = ", ".join(f"{size:,} for {purposes.get(split, split)}" for split, size in task.split_sizes.items())
    text = f"{plural(len(task.class_names), 'class')}, {kind} pictures of {width} x {height} pixels: {sizes}."
    return Section("data", "The data", tuple(filter(None, (task.description, text, *task.notes))))


@chapter(230)
def methods_section(comparison: Comparison, caveats: Sequence[str]) -> Section:
    """caveats: those that the first screen has no room for."""
    margin = in_points(comparison.margin)
    rule = (
        "The answer at the top is a non-inferiority test at the one-sided 2.5 % level: “enough” if the 95 % "
        f"interval of the difference lies above a loss of {margin} (the margin, `--margin`), “not enough” if it lies "
        "below that, and “cannot tell” otherwise. In a contest at equal cost, the interval is first widened by what "
        "ten times the budget could bring one side beyond the other. For that, the error on validation is assumed "
        "to keep falling by the same power of the time as it did from a tenth of the time spent, or the side's "
        f"first result, to the end, but by no more than a power of {MOST_POWER}: a gap that time alone may close is "
        "no basis for an answer. A side wins only if p < 0.05, where the interval excludes zero. Otherwise no "
        "difference is shown, which does not mean that there is none."
    )
    return Section("methods", "How the answer was reached", (rule, *METHODS, *caveats))


@chapter(240)
def provenance_section(comparison: Comparison, studies: Mapping[str, StudyResult]) -> Section:
    """What all runs share, said once; what differs between runs and what made each study, in a table."""
    runs = {f"{c.experiment}, seed {run.seed}": flatten(run.environment) for c in comparison.ranked for run in c.runs}
    first = next(iter(runs.values()))
    shared = {key: value for key, value in first.items() if all(e.get(key) == value for e in runs.values())}
    made = dict(runs)
    for name, study in studies.items():
        about = {"seed": study.settings.get("seed", "–"), "wall-clock time": seconds(study.seconds)}
        made[f"study {name}"] = flatten({**study.environment, **about})
    facts = {"data set": comparison.task.dataset, "fingerprint": comparison.task.fingerprint, **shared}
    parts = [Table("The same for all runs", ("what", "value"), [table_row(*fact) for fact in facts.items()])]
    told = {name: {k: v for k, v in e.items() if shared.get(k) != v and k != "key"} for name, e in made.items()}
    rows = [
        table_row(name, ", ".join(f"{key} = {value}" for key, value in differing.items()))
        for name, differing in told.items()
        if differing
    ]
    if rows:
        caption = "What differs between runs, and what made each study, where it is not the same"
        parts.append(Table(caption, ("run", "what"), rows, folded=len(rows) > 6))
    text = (
        "What it takes to run it again. Equal fingerprints mean equal pictures, labels and order, to the last pixel; "
        "the settings of every run are in report.json."
    )
    return Section("provenance", "Where the numbers come from", [text], parts)


def flatten(record: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """{"versions": {"torch": "2.6"}} -> {"versions, torch": "2.6"}; long lists are shortened."""
    flat: dict[str, str] = {}
    for key, value in record.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}, ")
        else:
            text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            flat[f"{prefix}{key}".replace("_", " ")] = text if len(text) <= 200 else f"{text[:199]}…"
    return flat
