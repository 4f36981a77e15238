"""The card beside a model: a header as Hugging Face reads it, facts of the run, and no name that steers either."""

from dataclasses import replace

import numpy as np
import pytest

from bakeoff.pipelines.results.model import CARD_NAME, FILE_NAME
from bakeoff.pipelines.results.run import save_run
from bakeoff.pipelines.results.task import save_task
from bakeoff.reports.canvas.formats import percent
from bakeoff.reports.model_card import render_card, write_cards
from bakeoff.reports.statistics.accuracy import wilson_interval
from bakeoff.tests.reports.factory import make_run, make_task
from bakeoff.tests.reports.study_factory import make_robustness

yaml = pytest.importorskip("yaml")
TASK = make_task(400)
RUN = make_run(TASK, "classic", diagnostics={"single_picture_seconds": 0.0042, "pictures_per_second": 1234.0})


def parse(card: str):
    """(header, text)."""
    _, header, text = card.split("---\n", 2)
    return yaml.safe_load(header), text


def test_the_header_is_what_hugging_face_reads():
    header, _ = parse(render_card(RUN, TASK, {}))
    assert header["pipeline_tag"] == "image-classification"
    assert "license" not in header
    ((model,), (result,)) = header["model-index"], header["model-index"][0]["results"]
    assert model["name"] == "classic"
    assert result["task"] == {"type": "image-classification"}
    assert result["dataset"]["revision"] == TASK.fingerprint
    values = {metric["type"]: metric["value"] for metric in result["metrics"]}
    assert values.keys() == {"accuracy", "balanced_accuracy", "f1"}
    assert values["accuracy"] == pytest.approx(RUN.accuracy, abs=1e-4)


def test_numbers_are_those_of_the_run():
    _, text = parse(render_card(RUN, TASK, {}))
    low, high = wilson_interval(RUN.accuracy * 400, 400)
    assert f"| accuracy | {percent(RUN.accuracy)} | {100 * low:.1f}–{100 * high:.1f}" in text
    assert "| cat | 320 | 80 | 80 |" in text
    assert "2 files could not be read." in text
    assert "| a single picture | 4 ms |" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Not measured: `bakeoff study robustness --experiments classic`" in text
    assert "by-threshold" not in text  # of two classes only


def test_groups_widen_the_intervals_and_are_named():
    grouped = replace(TASK, test_groups=np.arange(400) // 10)
    alone, together = (parse(render_card(RUN, task, {}))[1] for task in (TASK, grouped))
    assert "come from 40 groups" in together
    assert alone != together.replace("The test pictures come from 40 groups", "")


def test_a_model_of_regions_says_what_others_see():
    marked = replace(TASK, reading={"regions": "mask"})
    assert "whole pictures: cut new ones to their regions first" in parse(render_card(RUN, marked, {}))[1]
    assert "whole pictures" not in parse(render_card(RUN, TASK, {}))[1]


def test_two_classes_have_a_threshold_and_what_it_does_on_the_test_pictures():
    task = make_task(300, class_names=("fine", "broken"))
    text = parse(render_card(make_run(task), task, {}))[1].replace("\\", "")
    assert "a picture is classified as broken from a probability of" in text
    assert "of 150 pass, and" in text


def test_robustness_where_it_was_measured_on_this_seed():
    study = replace(make_robustness(), settings={"seed": 0})
    text = parse(render_card(RUN, TASK, {"robustness": study}))[1]
    assert "test pictures that were changed in" in text
    assert "Not measured" in parse(render_card(replace(RUN, seed=1), TASK, {"robustness": study}))[1]


def test_a_frozen_net_tells_the_licence_of_its_weights():
    backbone = {"name": "EfficientNet-Lite0", "trained_on": "ImageNet-1k", "license": "Apache 2.0"}
    header, text = parse(render_card(make_run(TASK, "frozen", "frozen", diagnostics={"backbone": backbone}), TASK, {}))
    assert header["license"] == "other"
    assert "Their license: Apache 2.0." in text
    assert "learned from ImageNet-1k" in text


def test_no_name_steers_the_header_or_the_text():
    odd = ('a": [1]\n---\n# b', "<script>|`", "😀 ünï", "-", "{{ 7 * 7 }}")
    task = replace(TASK, dataset="x: 'y'\n---", class_names=odd)
    run = replace(RUN, dataset=task.dataset, experiment='e"\n- f', class_names=odd)
    header, text = parse(render_card(run, task, {}))
    assert header["model-index"][0]["name"] == run.experiment
    assert header["model-index"][0]["results"][0]["dataset"]["name"] == task.dataset
    assert "<script>" not in text
    assert "\n# b" not in text
    assert "{{ 7" in text


def test_every_whole_run_with_a_model_has_its_card(tmp_path):
    folder = save_task(TASK, tmp_path)
    places = [save_run(replace(RUN, seed=seed), tmp_path) for seed in range(3)]
    for place in places[:2]:
        (place / FILE_NAME).touch()
    (places[1] / "run.json").unlink()
    assert write_cards(folder) == 1
    assert [(place / CARD_NAME).exists() for place in places] == [True, False, False]
