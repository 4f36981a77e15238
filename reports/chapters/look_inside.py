"""Chapter on interpretation: evidence maps, nearest neighbors and t-SNE maps of both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bakeoff.pipelines.results.study import Row, StudyResult, unpack_correct
from bakeoff.reports.canvas.elements import Cell, Figure, Section, Table
from bakeoff.reports.canvas.elements import Row as TableRow
from bakeoff.reports.canvas.formats import SPACE, count, p_value, percent, percent_range, plural, points, points_range
from bakeoff.reports.figures.evidence import describe_neighbors, draw_evidence, draw_neighbors, read_map, rows_of_kind
from bakeoff.reports.figures.maps import draw_maps
from bakeoff.reports.statistics.accuracy import accuracy_interval, compare_paired


def look_inside_section(study: StudyResult) -> Section:
    """The maps of evidence and the neighbors only where the study may show pictures."""
    votes, evidence = rows_of_kind(study, "vote"), rows_of_kind(study, "evidence")
    texts = [study.notes[0], describe_evidence(evidence)] if evidence else []
    parts: list[Figure | Table] = []
    if evidence and study.pictures:
        parts += [draw_evidence(study), draw_neighbors(study)]
    if evidence:
        texts.append(describe_neighbors(study))
    parts += [draw_maps(rows_of_kind(study, "point")), _votes_table(votes)]
    return Section("look-inside", study.title, (*texts, study.notes[1], describe_votes(votes)), tuple(parts))


def describe_evidence(evidence: Sequence[Row]) -> str:
    """How far the maps agree: the net's two, and those of the two sides."""
    maps = {(row["side"], row["method"], row["picture"]): read_map(row) for row in evidence}
    pairs = (
        (("end-to-end", "integrated gradients"), "the net's two kinds of map"),
        (("hand-crafted", "occlusion"), "the occlusion maps of the two sides"),
    )
    told = []
    for key, name in pairs:
        both = [
            (values, maps["end-to-end", "occlusion", picture])
            for (*kind, picture), values in maps.items()
            if tuple(kind) == key
        ]
        known = [float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) for a, b in both if a.std() > 0 and b.std() > 0]
        if known:
            told.append(f"{name} correlate by {float(np.mean(known)):.2f}".replace("-", "−"))
    n_pictures = len({row["picture"] for row in evidence})
    over = f"on average over {plural(n_pictures, 'picture')}"
    return f"Cell by cell and {over}, {' and '.join(told)}. A few pictures show how, not how often." if told else ""


def describe_votes(votes: Sequence[Row]) -> str:
    """Whether the neighbors classify more pictures correctly in one representation, on the same pictures."""
    first, second = votes
    test = compare_paired(_correct(first), _correct(second))
    detail = f"{points(test.difference)}{SPACE}points, {points_range(test.interval)}, {p_value(test.p_value)}"
    names = f"{first['experiment']} and {second['experiment']}"
    if not test.is_shown:
        return f"No difference is shown between the neighbors of {names} ({detail})."
    return f"The difference between the neighbors of {names} is shown ({detail})."


def _votes_table(votes: Sequence[Row]) -> Table:
    k, n_train, n_test = (votes[0][key] for key in ("k", "n_train", "n_test"))
    rows = tuple(
        TableRow(
            (
                Cell(str(row["experiment"])),
                Cell("features after scaling" if row["side"] == "hand-crafted" else "last hidden layer"),
                Cell(percent(float(row["accuracy"])), float(row["accuracy"])),  # type: ignore[arg-type]
                Cell(percent_range(accuracy_interval(_correct(row)))),
            ),
            row["side"],  # type: ignore[arg-type]
        )
        for row in votes
    )
    caption = (
        f"{count(float(n_test))} test pictures classified by their {k} nearest of "  # type: ignore[arg-type]
        f"{count(float(n_train))} training pictures, in all dimensions"  # type: ignore[arg-type]
    )
    return Table(caption, ("experiment", "representation", "classified correctly", "95 % interval"), rows)


def _correct(row: Row) -> np.ndarray:
    return unpack_correct(str(row["correct"]), int(row["n_test"]))[None]  # type: ignore[arg-type]
