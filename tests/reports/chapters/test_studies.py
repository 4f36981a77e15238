"""The chapters that come from studies: sentences that follow from the numbers, figures with texts and tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bakeoff.reports.canvas.elements import Figure, Table
from bakeoff.reports.chapters.learning_curves import label_noise_section, learning_curves_section
from bakeoff.reports.chapters.provenance import provenance_section
from bakeoff.reports.chapters.robustness import read_endurance, robustness_section
from bakeoff.reports.chapters.studies import study_sections
from bakeoff.reports.report import build_report
from bakeoff.reports.report_html import render_html
from bakeoff.reports.report_markdown import render_markdown
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_runs, make_task
from bakeoff.tests.reports.study_factory import make_learning_curves, make_row, make_study


def make_robustness(classic: float = 0.5, mlp: float = 0.6):
    """Clean 0.8 for both; two corruptions that count, one held out, and a sweep."""
    rows = []
    for name, share in (("classic", classic), ("mlp", mlp)):
        rows.append(make_row(name, 0.8, kind="clean", change="", group="", held_out=False, amount=0))
        for change, group, held_out in (
            ("fog", "weather", False),
            ("snow", "weather", False),
            ("spatter", "weather", True),
        ):
            for severity in (1, 5):
                facts = {"kind": "corruption", "change": change, "group": group, "held_out": held_out}
                level = 0.1 if held_out else share + 0.1 * (change == "fog")
                rows.append(make_row(name, level, amount=severity, **facts))
        for amount in (0, 10, 45):
            facts = {"kind": "sweep", "change": "rotation", "group": "", "held_out": False}
            rows.append(make_row(name, 0.8 - amount / 100, amount=amount, **facts))
    return make_study("robustness", rows)


def make_noise():
    shares = {"classic": (0.8, 0.5), "mlp": (0.8, 0.7)}
    return make_study(
        "label-noise",
        [make_row(n, s, rate=r, n_train=90) for n in shares for r, s in zip((0.0, 0.4), shares[n], strict=True)],
    )


@pytest.mark.parametrize(
    ("classic", "mlp", "expected"),
    [
        ([0.3, 0.5, 0.6], [0.1, 0.5, 0.8], "leads with few pictures"),
        ([0.3, 0.5, 0.6], [0.1, 0.5, 0.8], "The curves cross at about 3"),
        ([0.5, 0.6, 0.7], [0.2, 0.3, 0.4], "No crossing is shown: classic leads mlp at every point"),
        ([0.5, 0.6, 0.7], [0.2, 0.3, 0.71], "No crossing is shown: classic leads mlp at 2 points"),
        ([0.5, 0.6, 0.7], [0.5, 0.6, 0.7], "No difference between classic and mlp is shown at any of these sizes"),
    ],
)
def test_the_sentence_on_the_crossing_follows_from_the_tests(classic, mlp, expected):
    section = learning_curves_section(make_learning_curves(classic, mlp))
    assert expected in " ".join(section.paragraphs)


def test_label_noise_tells_the_loss_of_each_and_who_leads():
    text = " ".join(label_noise_section(make_noise()).paragraphs)
    assert "classic goes from 80.0\N{NO-BREAK SPACE}%" in text
    assert "mlp leads" in text


def test_mean_corruption_errors_leave_out_what_is_held_out():
    classic, mlp = read_endurance(make_robustness())
    assert classic.counted == ["fog", "snow"]
    assert classic.mean_error == pytest.approx(0.45, abs=0.03)
    assert classic.relative_to(classic) == 1
    expected = (mlp.error("fog") / classic.error("fog") + mlp.error("snow") / classic.error("snow")) / 2
    assert mlp.relative_to(classic) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [((0.5, 0.65), "mlp is ahead, by"), ((0.5, 0.5), "no difference between classic and mlp is shown")],
)
def test_robustness_says_who_is_ahead_or_that_no_difference_is_shown(shares, expected):
    assert expected in " ".join(robustness_section(make_robustness(*shares)).paragraphs)


def test_the_stars_are_as_many_as_the_corruptions_held_out():
    (figure,) = [
        part
        for part in robustness_section(make_robustness()).parts
        if isinstance(part, Figure) and part.name == "corruptions"
    ]
    assert "A star marks the 1 that is held out of the means" in figure.caption
    assert isinstance(figure.picture, str)
    assert figure.picture.count(" *<") == 1


def test_every_study_tells_what_made_it():
    task = make_task()
    made = {"command": "python -m bakeoff.pipelines study robustness", "commit": "abc1234", "hardware": {"cores": 2}}
    study = replace(make_robustness(), environment=made, settings={"seed": 7})
    section = provenance_section(build_comparison(task, make_runs(task), 0.01), {"robustness": study})
    (table,) = [part for part in section.parts if part.caption == "What made each study"]
    assert isinstance(table, Table)
    assert [cell.text for cell in table.rows[0].cells[:5]] == [
        "robustness",
        made["command"],
        "abc1234",
        "7",
        "cores = 2",
    ]


STUDIES = {
    "robustness": make_robustness(),
    "label-noise": make_noise(),
    "learning-curves": make_learning_curves([0.3, 0.5, 0.6], [0.1, 0.5, 0.8]),
}


def test_every_figure_of_a_study_has_a_text_and_a_table():
    figures = [part for section in study_sections(STUDIES) for part in section.parts if isinstance(part, Figure)]
    assert len({figure.name for figure in figures}) == len(figures) == 4
    for figure in figures:
        assert len(figure.alt) > 40
        assert figure.table is not None
        assert "NaN" not in figure.picture


def test_the_report_has_their_chapters_and_none_without_studies():
    task = make_task()
    comparison = build_comparison(task, make_runs(task), 0.01)
    report = build_report(comparison, (), STUDIES)
    names = [section.name for section in report.sections]
    assert {"data-size", "label-noise", "robustness"} <= set(names)
    assert 'id="corruptions"' in render_html(report)
    assert "figures/accuracy-by-size.svg" in render_markdown(report)
    assert not {"data-size", "robustness"} & {section.name for section in build_report(comparison).sections}
