"""Chapter on interpretation: evidence maps over test pictures, and their nearest training pictures, as plain SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from bakeoff.pipelines.results.study import Row, StudyResult
from bakeoff.reports.canvas.axes import WIDE, side_color
from bakeoff.reports.canvas.elements import Figure, Section
from bakeoff.reports.canvas.formats import listing, percent, plural, short
from bakeoff.reports.canvas.pictures import place_picture
from bakeoff.reports.canvas.svg import root_tag
from bakeoff.reports.canvas.theme import LIGHT
from bakeoff.reports.chapters.chapter import chapter

HEAD, MAP, MAP_STEP, MAP_ROW, FIRST_MAP = 34, 104, 138, 122, 268
SMALL, SMALL_STEP, SMALL_ROW, FIRST_SMALL = 52, 57, 88, 96
FAINTEST = 0.05  # share of a map's most evidence under which a cell is not drawn
STRONGEST = 0.8  # opacity of the most evidence: the picture stays visible below it


@chapter(100, study="look-inside")
def look_inside_section(study: StudyResult) -> Section | None:
    """None where the study may show no pictures, for a few pictures show how, and tell nothing by themselves."""
    if not len(study.pictures.get("test", ())):
        return None
    texts = (study.notes[0], describe_evidence(rows_of_kind(study, "evidence")), describe_neighbors(study))
    return Section("look-inside", study.title, texts, (draw_evidence(study), draw_neighbors(study)))


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


def rows_of_kind(study: StudyResult, kind: str) -> list[Row]:
    return [row for row in study.rows if row["kind"] == kind]


def read_map(row: Row) -> np.ndarray:
    """float64 (n_cells, n_cells): the evidence of each cell."""
    n_cells = _number(row, "n_cells")
    return np.array(str(row["values"]).split(), float).reshape(n_cells, n_cells)


def draw_evidence(study: StudyResult) -> Figure:
    """A row for each test picture: the picture, what each side said, and a map for each side and method."""
    evidence = rows_of_kind(study, "evidence")
    columns = list(dict.fromkeys((str(row["side"]), str(row["method"])) for row in evidence))
    n_pictures = len(study.pictures["test"])
    parts = [root_tag(WIDE, HEAD + n_pictures * MAP_ROW, _describe_evidence(evidence, n_pictures))]
    for number, (side, method) in enumerate(columns):
        left = FIRST_MAP + number * MAP_STEP
        parts += [_text(left, 12, side, color=side_color(side)), _text(left, 27, method, color=LIGHT["muted"], size=12)]
    for picture, image in enumerate(study.pictures["test"]):
        top, own = HEAD + picture * MAP_ROW, [row for row in evidence if row["picture"] == picture]
        parts += [place_picture(image, 0, top, MAP), *_verdicts(own, MAP + 12, top + 22)]
        gray = np.rint(image.mean(axis=2, keepdims=True)).astype(np.uint8)
        for row in own:
            left = FIRST_MAP + columns.index((str(row["side"]), str(row["method"]))) * MAP_STEP
            parts += [
                place_picture(gray, left, top, MAP),
                _overlay(read_map(row), left, top, side_color(str(row["side"]))),
            ]
    parts.append("</svg>")
    caption = (
        "The stronger the color, the more a place adds to the score of the class that the side named, each map on a "
        "scale of its own; what speaks against the class stays gray. Occlusion covers each place in turn with the mean "
        "color (Zeiler and Fergus 2014) and works for any method; integrated gradients follow the net's own "
        "derivatives (Sundararajan, Taly and Yan 2017)."
    )
    alt = _describe_evidence(evidence, n_pictures)
    return Figure("evidence", caption, alt, "".join(parts), wide=True, width=WIDE)


def draw_neighbors(study: StudyResult) -> Figure:
    """A row for each test picture: the picture, and its nearest training pictures for either side."""
    neighbors, said = rows_of_kind(study, "neighbor"), rows_of_kind(study, "evidence")
    sides = list(dict.fromkeys(str(row["side"]) for row in neighbors))
    k = max(_number(row, "rank") for row in neighbors)
    labels = {_number(row, "picture"): str(row["label"]) for row in said}
    alt = f"{plural(len(labels), 'test picture')} and their nearest training pictures. {describe_neighbors(study)}"
    parts = [root_tag(WIDE, HEAD + len(labels) * SMALL_ROW, alt)]
    starts = {side: FIRST_SMALL + number * (k * SMALL_STEP + 12) for number, side in enumerate(sides)}
    parts += [_text(start, 16, side, color=side_color(side)) for side, start in starts.items()]
    for picture, label in labels.items():
        top = HEAD + picture * SMALL_ROW
        parts += [place_picture(study.pictures["test"][picture], 0, top, SMALL + 12), _name(label, 0, top + 12)]
    for row in neighbors:
        side, same = str(row["side"]), row["label"] == labels[_number(row, "picture")]
        left = starts[side] + (_number(row, "rank") - 1) * SMALL_STEP
        top = HEAD + _number(row, "picture") * SMALL_ROW
        parts.append(place_picture(study.pictures["train"][_number(row, "shown")], left, top, SMALL))
        parts.append(_name(str(row["label"]), left, top, color=LIGHT["ink" if same else "muted"]))
        if same:
            parts.append(
                f'<rect x="{left}" y="{top}" width="{SMALL}" height="{SMALL}" fill="none" '
                f'stroke="{side_color(side)}" stroke-width="3"/>'
            )
    parts.append("</svg>")
    caption = (
        "The nearest training pictures, the nearest first: among the features after scaling, and in the net's last "
        "hidden layer, both by the cosine. A frame marks pictures of the same class."
    )
    return Figure("neighbors", caption, alt, "".join(parts), wide=True, width=WIDE)


def describe_neighbors(study: StudyResult) -> str:
    """How many of the neighbors shown are of the picture's class."""
    labels = {row["picture"]: row["label"] for row in rows_of_kind(study, "evidence")}
    shares: dict[str, list[bool]] = {}
    for row in rows_of_kind(study, "neighbor"):
        shares.setdefault(str(row["experiment"]), []).append(row["label"] == labels[row["picture"]])
    told = [f"{percent(float(np.mean(same)))} for {name}" for name, same in shares.items()]
    return f"Of their nearest training pictures, those of the same class make up {listing(told)}."


def _number(row: Row, key: str) -> int:
    return int(row[key])  # type: ignore[arg-type]


def _verdicts(rows: Sequence[Row], left: float, top: float) -> list[str]:
    """The class, and below it what each side said."""
    said = {str(row["side"]): (str(row["experiment"]), str(row["said"])) for row in rows}
    parts = [_text(left, top, short(str(rows[0]["label"])), weight=600)]
    for line, (side, (experiment, word)) in enumerate(said.items()):
        y = top + 24 + 34 * line
        parts.append(_text(left, y, f"{short(experiment)} said", color=LIGHT["muted"], size=11.5))
        parts.append(_text(left, y + 15, short(word), color=side_color(side)))
    return parts


def _overlay(evidence: np.ndarray, left: float, top: float, color: str) -> str:
    """The cells that speak for the class."""
    n_cells = len(evidence)
    side, most = MAP / n_cells, max(float(evidence.max()), 1e-12)
    cells = [
        f'<rect x="{left + j * side:.1f}" y="{top + i * side:.1f}" width="{side:.1f}" height="{side:.1f}" '
        f'fill-opacity="{STRONGEST * evidence[i, j] / most:.2f}"/>'
        for i in range(n_cells)
        for j in range(n_cells)
        if evidence[i, j] > FAINTEST * most
    ]
    return f'<g fill="{color}">{"".join(cells)}</g>'


def _name(label: str, left: float, top: float, *, color: str = LIGHT["ink"]) -> str:
    return _text(left, top + SMALL + 14, short(label, 8), color=color, size=11)


def _text(x: float, y: float, text: str, *, color: str = LIGHT["ink"], size: float = 13.5, weight: int = 400) -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{color}">{escape(text)}</text>'


def _describe_evidence(evidence: Sequence[Row], n_pictures: int) -> str:
    said: dict[object, list[Row]] = {}
    for row in evidence:
        if row["method"] == "occlusion":
            said.setdefault(row["picture"], []).append(row)
    told = [
        f"{rows[0]['label']}: " + listing([f"{row['experiment']} said {row['said']}" for row in rows])
        for rows in said.values()
    ]
    return f"{plural(n_pictures, 'test picture')} with maps of the evidence for what each side said. {'; '.join(told)}."
