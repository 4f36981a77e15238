"""Chapter on confidence: calibration of both finalists, and how right they are where they are sure."""

from collections.abc import Sequence

import numpy as np

from bakeoff.reports.canvas.elements import Section, Table, number_cell, share_cell, table_row
from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.chapters.registration import chapter
from bakeoff.reports.statistics.calibration import calibrated, coverage_at, measure_calibration, selective_accuracy
from bakeoff.reports.statistics.comparison import Comparison, Contestant

TRUSTED = 0.95  # share right that many would accept without a second look


@chapter(200)
def trust_section(comparison: Comparison) -> Section:
    """Calibration of both finalists, and how right they are where they are sure."""
    rows, surest = [], []
    for c in comparison.finalists:
        run = c.representative
        temperature, _, scaled = calibrated(run)
        effect = comparison.sample.design_effect(run.predictions == run.labels)
        for stage, scores in (("as trained", run.scores), (f"scores / {temperature:.3g}", scaled)):
            found = measure_calibration(scores, run.labels, effect)
            losses = (number_cell(x, "{:.3f}".format) for x in (found.negative_log_likelihood, found.brier))
            error = share_cell(found.corrected, found.interval)
            rows.append(table_row(c.experiment, stage, error, *losses, side=c.side))
        surest.append((c, selective_accuracy(scaled, run.labels)))
    columns = ("experiment", "scores", "calibration error", "negative log-likelihood", "Brier score")
    table = Table("Calibration on the test split; the temperature is fitted on validation", columns, rows)
    text = (
        "Of the answers given with a confidence of 80 %, 80 % should be right. The margins of a linear SVM are not "
        "probabilities, so both sides are compared after temperature scaling: division of the scores by one number, "
        "fitted on validation. Calibration errors are corrected for chance and have 95 % intervals."
    )
    return Section("confidence", "Confidence and calibration", (describe_selective(surest), text), [table])


def describe_selective(curves: Sequence[tuple[Contestant, np.ndarray]]) -> str:
    """How much each could answer alone, if the rest went to a person."""
    told = []
    for contestant, curve in curves:
        share = coverage_at(curve, TRUSTED)
        answers = f"could answer {percent(share)} of all pictures with {percent(TRUSTED)} right"
        none = f"does not reach {percent(TRUSTED)} right, however few pictures it answers"
        told.append(f"{contestant.experiment} {answers if share else none}")
    return f"If low-confidence pictures are referred to a person: {'; '.join(told)}."
