"""The chapters that come from studies: sentences that follow from the numbers, figures with texts and tables."""

from dataclasses import replace

import numpy as np
import pytest

from bakeoff.reports.canvas.elements import Figure, Table
from bakeoff.reports.chapters.learning_curves import label_noise_section, learning_curves_section
from bakeoff.reports.chapters.provenance import provenance_section
from bakeoff.reports.chapters.registration import write_chapters
from bakeoff.reports.chapters.robustness import Endurance, describe, read_endurance, robustness_section
from bakeoff.reports.report import build_report
from bakeoff.reports.report_text import render_html, render_markdown
from bakeoff.reports.statistics.chance import Sample
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_run, make_runs, make_task
from bakeoff.tests.reports.study_factory import make_learning_curves, make_robustness, make_row, make_study

TASK = make_task(400)
COMPARISON = build_comparison(TASK, [make_run(TASK, "hog"), make_run(TASK, "net", "end-to-end")], 0.01)


def hollow_out(study, threshold: int):
    """The same with nets that are at chance on their own training pictures up to so many of them."""
    rows = [
        {**row, "train_score": 0.15, "did_not_train": row["side"] == "end-to-end" and row["n_train"] <= threshold}
        for row in study.rows
    ]
    return replace(study, rows=tuple(rows))


def make_noise():
    shares = {"classic": (0.8, 0.5), "mlp": (0.8, 0.7)}
    return make_study(
        "label-noise",
        [make_row(n, s, rate=r, n_train=90) for n in shares for r, s in zip((0.0, 0.4), shares[n], strict=True)],
    )


@pytest.mark.parametrize(
    ("classic", "mlp", "expected"),
    [
        (
            [0.3, 0.5, 0.6],
            [0.1, 0.5, 0.8],
            "classic leads at 100 and mlp leads at 900; at the other points no difference",
        ),
        ([0.3, 0.5, 0.6], [0.1, 0.5, 0.8], "The curves cross at about 3"),
        ([0.5, 0.6, 0.7], [0.2, 0.3, 0.4], "No crossing is shown: classic leads mlp at every point"),
        (
            [0.5, 0.6, 0.7],
            [0.2, 0.3, 0.71],
            "No crossing is shown: classic leads at 100 and 300; at the other points no difference",
        ),
        ([0.5, 0.6, 0.7], [0.5, 0.6, 0.7], "No difference between classic and mlp is shown at any point"),
    ],
)
def test_the_sentence_on_the_crossing_follows_from_the_tests(classic, mlp, expected):
    section = learning_curves_section(make_learning_curves(classic, mlp), COMPARISON)
    assert expected in " ".join(section.paragraphs)


FIVE = make_learning_curves([0.3, 0.5, 0.6, 0.65, 0.7], [0.1, 0.2, 0.65, 0.75, 0.85])


def test_points_whose_net_did_not_train_are_marked_and_feed_no_sentence_and_no_crossing():
    assert "The curves cross at about" in " ".join(learning_curves_section(FIVE, COMPARISON).paragraphs)
    section = learning_curves_section(hollow_out(FIVE, 300), COMPARISON)
    text = " ".join(section.paragraphs)
    assert "mlp did not train at 100 and 300: there it gets at most 15.0" in text
    assert "cross at" not in text
    assert "mlp leads classic at every point" in text
    figure, tests = section.parts
    notes = {row.cells[1].text: row.cells[3].note for row in figure.table.rows if row.cells[0].text == "mlp"}
    assert [at for at, note in notes.items() if note == "did not train"] == ["100", "300"]
    assert [row.cells[0].text for row in tests.rows] == ["900", "2,700", "8,100"]


def test_a_net_that_never_trained_is_no_rival():
    section = learning_curves_section(hollow_out(FIVE, 10**6), COMPARISON)
    assert "leads" not in " ".join(section.paragraphs)
    assert len(section.parts) == 1


def test_three_sizes_are_a_table_and_no_curve():
    part = learning_curves_section(make_learning_curves([0.3, 0.5, 0.6], [0.1, 0.5, 0.8]), COMPARISON).parts[0]
    assert isinstance(part, Table)
    assert not part.folded


def test_label_noise_tells_who_leads():
    text = " ".join(label_noise_section(make_noise(), COMPARISON).paragraphs)
    assert "mlp leads" in text


def test_means_leave_out_what_is_held_out():
    classic, _ = read_endurance(make_robustness(), COMPARISON.sample)
    assert (len(classic.of()), len(classic.of(held_out=True))) == (2, 1)
    assert classic.mean(classic.of()) == pytest.approx(0.55, abs=0.03)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [((0.5, 0.65), "On corrupted pictures, mlp is ahead, by"), ((0.5, 0.5), "pictures, no difference is shown")],
)
def test_robustness_says_who_is_ahead_or_that_no_difference_is_shown(shares, expected):
    task = make_task(400)
    finalists, others = (
        build_comparison(task, [make_run(task), make_run(task, net, "end-to-end")], 0.01) for net in ("mlp", "alexnet")
    )
    assert expected in " ".join(robustness_section(make_robustness(*shares), finalists).paragraphs)
    assert len(robustness_section(make_robustness(*shares), others).paragraphs) == 1


def test_a_lead_that_rests_on_one_kind_of_corruption_is_told_as_such():
    def model(name, side, shares):
        right = {f"{kind} {i}": (np.arange(200) < 200 * s).astype(float) for kind, s in shares for i in range(3)}
        groups = {change: change.split()[0] for change in right}
        return Endurance(name, side, np.arange(200) < 160, right, groups, frozenset(), Sample(np.zeros(200, int)))

    equal = [("weather", 0.5), ("digital", 0.5)]
    text = describe(
        model("svm", "hand-crafted", [("noise", 0.9), ("blur", 0.7), *equal]),
        model("net", "end-to-end", [("noise", 0.5), ("blur", 0.5), *equal]),
    )
    assert "On corrupted pictures, svm is ahead, by 15.0" in text
    assert "Without the noise or blur corruptions, no difference is shown." in text


def test_of_equal_models_few_chapters_claim_anything():
    """Three claims a chapter, corrected together: one or more in at most 5 % of the chapters."""
    rng, n_trials, told = np.random.default_rng(0), 300, 0
    for _ in range(n_trials):
        hard = rng.normal(size=200)
        models = []
        for name, side in (("svm", "hand-crafted"), ("net", "end-to-end")):
            ease, own = rng.normal(0, 0.3, size=20), hard + rng.normal(size=200)
            right = {f"c{i}": (own + rng.normal(size=200) < ease[i]).astype(float) for i in range(19)}
            held_out = frozenset(f"c{i}" for i in range(15, 19))
            models.append(
                Endurance(
                    name, side, own < 0.8, right, dict.fromkeys(right, "weather"), held_out, Sample(np.zeros(200, int))
                )
            )
        text = describe(*models)
        told += "is ahead" in text or "loses less" in text
    assert told / n_trials <= 0.07


def test_the_table_of_corruptions_marks_those_held_out():
    table = robustness_section(make_robustness(), COMPARISON).parts[1]
    assert {row.cells[0].text: row.cells[0].note for row in table.rows} == {
        "fog": "",
        "snow": "",
        "spatter": "held out",
    }


def test_groups_and_rare_classes_of_the_test_pictures_count_in_every_study():
    """make_row gets the first pictures right: most of class 0, and few of the rare class 1."""
    plain = make_task(400, class_names=("large", "rare"), labels=np.arange(400) % 2)
    rare = make_task(400, class_names=("large", "rare"), labels=np.repeat([0, 1], [350, 50]))
    grouped = replace(plain, test_groups=np.arange(400) // 20)
    widths, shares = {}, {}
    for name, task in (("plain", plain), ("rare", rare), ("grouped", grouped)):
        comparison = build_comparison(task, [make_run(task), make_run(task, "mlp", "end-to-end")], 0.01)
        figure = learning_curves_section(FIVE, comparison).parts[0]
        cells = figure.table.rows[2].cells
        shares[name] = cells[3].value
        summary = robustness_section(make_robustness(), comparison).parts[0].rows[0].cells
        widths[name] = (cells[4].text, summary[2].note)
        assert figure.table.columns[3] == f"test {comparison.measure}"
    assert shares["grouped"] == shares["plain"]
    assert shares["rare"] < shares["plain"]  # the rare class, last among the labels, is wrong almost everywhere
    assert widths["grouped"][0] != widths["plain"][0]
    assert widths["grouped"][1] != widths["plain"][1]


def test_every_study_tells_what_made_it():
    task = make_task(400)
    made = {"command": "python -m bakeoff.pipelines study robustness", "commit": "abc1234", "hardware": {"cores": 2}}
    study = replace(make_robustness(), environment=made, settings={"seed": 7})
    section = provenance_section(build_comparison(task, make_runs(task), 0.01), {"robustness": study})
    rows = {row.cells[0].text: row.cells[1].text for row in section.parts[-1].rows}
    assert "command = python -m bakeoff.pipelines study robustness" in rows["study robustness"]
    assert "hardware, cores = 2, seed = 7, wall-clock time = 1.0" in rows["study robustness"]
    assert "commit" not in rows["study robustness"]  # the same as that of all runs


STUDIES = {
    "robustness": make_robustness(),
    "label-noise": make_noise(),
    "learning-curves": FIVE,
}


def test_every_figure_of_a_study_has_a_text_and_a_table():
    sections = write_chapters({"comparison": COMPARISON}, STUDIES)
    figures = [part for section in sections for part in section.parts if isinstance(part, Figure)]
    assert [figure.name for figure in figures] == ["learning-curves"]  # two rates are a table
    for figure in figures:
        assert len(figure.alt) > 40
        assert figure.table is not None
        assert "NaN" not in figure.picture


def test_the_report_has_their_chapters_and_none_without_studies():
    task = make_task(400)
    comparison = build_comparison(task, make_runs(task), 0.01)
    report = build_report(comparison, (), STUDIES)
    names = [section.name for section in report.sections]
    assert {"data-size", "label-noise", "robustness"} <= set(names)
    assert "under each corruption, mean over severities" in render_html(report)
    assert "figures/learning-curves.svg" in render_markdown(report)
    assert not {"data-size", "robustness"} & {section.name for section in build_report(comparison).sections}
