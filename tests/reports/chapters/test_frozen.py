import json
from dataclasses import replace

import pytest

from bakeoff.pipelines.results.study import StudyResult
from bakeoff.reports.chapters.frozen import describe_frozen
from bakeoff.reports.report import build_report
from bakeoff.reports.report_json import render_json
from bakeoff.reports.report_text import render_html, render_markdown
from bakeoff.reports.statistics.comparison import Comparison, build_comparison
from bakeoff.tests.reports.factory import make_run, make_runs, make_task

BACKBONE = {"name": "EfficientNet-Lite0", "trained_on": "ImageNet-1k, photographs", "license": "UNKNOWN"}


def compare(dataset: str = "pets", backbone: dict | None = BACKBONE) -> Comparison:
    task = make_task(dataset=dataset)
    noted = {"single_picture_seconds": 0.03, "backbone": backbone or {}}
    frozen = make_run(task, "frozen-128px", "frozen", strength=4.0, diagnostics=noted)
    return build_comparison(task, (*make_runs(task), frozen), 0.01)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_tells_gain_cost_training_data_and_licence():
    text = plain(describe_frozen(compare(), {}))
    assert "(frozen-128px) would classify 9" in text
    assert "points against classic-without-pca (+" in text
    assert "It costs 71 kB, and 30 ms for one picture alone." in text
    assert "EfficientNet-Lite0 learned from ImageNet-1k, photographs; license of its weights: UNKNOWN." in text
    assert "Where yours are photographs from the web" in text


@pytest.mark.parametrize(
    ("settings", "use"),
    [
        ({"systems": [{"families": [{}]}]}, "with the same SVM on top (frozen-128px)"),
        ({"systems": [{"families": [{}, {}]}]}, "with the same SVM on top of its features and hand-crafted ones ("),
        ({"architecture": {"kind": "FineTuned"}}, "its last blocks fine-tuned on yours (frozen-128px)"),
    ],
)
def test_tells_what_was_made_of_the_net(settings, use):
    comparison = compare()
    assert comparison.frozen is not None
    run = replace(comparison.frozen.runs[0], settings=settings)
    others = [c.runs[0] for c in comparison.contestants if c.side != "frozen"]
    again = build_comparison(comparison.task, [*others, run], 0.01)
    assert f"trained on somebody else's pictures, {use}" in describe_frozen(again, {})


@pytest.mark.parametrize("dataset", ["photos", "cifar10"])
def test_warns_where_its_training_set_may_hold_the_pictures(dataset):
    assert f"{dataset} holds public photographs: some may be among them" in describe_frozen(compare(dataset), {})


def test_weights_of_unknown_origin_are_called_so():
    assert "What its weights were trained on is not known" in describe_frozen(compare(backbone=None), {})


def test_without_a_frozen_net_it_says_how_to_have_one():
    task = make_task()
    two_sided = build_comparison(task, make_runs(task), 0.01)
    assert "pip install" in describe_frozen(two_sided, {})
    contest = StudyResult("contest", "", "pets", "f", {}, ({"side": "frozen", "outcome": "not reached"},), {}, 1.0)
    assert "larger `--budget`" in describe_frozen(two_sided, {"contest": contest})


def test_a_third_side_leaves_verdict_and_finalists_and_shows_in_every_format():
    three = compare()
    two = build_comparison(three.task, [c.runs[0] for c in three.contestants if c.side != "frozen"], 0.01)
    assert [c.experiment for c in three.finalists] == [c.experiment for c in two.finalists]
    report = build_report(three)
    assert report.verdict.sentence.startswith(("Hand-crafted", "No difference", "End-to-end"))
    assert {row.side for row in report.summary.rows} == {"hand-crafted", "end-to-end", "frozen", None}
    page, record = render_html(report), json.loads(render_json(report))
    assert 'class="mark frozen"' in page
    assert "var(--frozen)" in page
    assert "frozen-128px" in render_markdown(report)
    assert record["frozen"]["experiment"] == "frozen-128px"
    assert set(record["seed_spread"]) == {"hand-crafted", "end-to-end", "frozen"}
