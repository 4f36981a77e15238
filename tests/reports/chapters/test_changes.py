import json
from dataclasses import replace
from pathlib import Path

import pytest

from bakeoff.pipelines.results.run import Stage
from bakeoff.reports.chapters.changes import changes_table, describe_changes, find_changes, read_base
from bakeoff.reports.report import build_report
from bakeoff.reports.report_json import render_json
from bakeoff.reports.statistics.accuracy import compare_paired
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_run, make_task

TASK = make_task(300)
NET = make_run(TASK, "mlp", "end-to-end", strength=1.5)
OLD = make_run(TASK, "classic", strength=1.0)
PATH = Path("earlier.json")


def as_base(*runs):
    return json.loads(render_json(build_report(build_comparison(TASK, runs, 0.01))))


def changes_to(base, *runs):
    return find_changes(build_comparison(TASK, runs, 0.01), base, PATH)


def test_a_better_run_of_the_same_name_is_tested_picture_by_picture():
    new = replace(make_run(TASK, "classic", strength=3.0), stages=(Stage("all", "training", 99.0, 99.0, 1),))
    classic = next(c for c in changes_to(as_base(OLD, NET), new, NET).kept if c.contestant.experiment == "classic")
    expected = compare_paired((new.predictions == new.labels)[None], (OLD.predictions == OLD.labels)[None])
    assert classic.test.difference == pytest.approx(new.accuracy - OLD.accuracy)
    assert classic.test.interval == expected.interval
    assert classic.test.p_holm == pytest.approx(2 * expected.p_value)  # over two experiments
    assert classic.test.is_shown
    assert classic.time_changed


def test_the_same_runs_show_no_change():
    changes = changes_to(as_base(OLD, NET), OLD, NET)
    assert (changes.added, changes.removed) == ((), ())
    assert not any(change.test.is_shown or change.time_changed for change in changes.kept)
    text = describe_changes(changes, "enough")
    assert "No difference in accuracy is shown for the 2 experiments in both" in text


def test_runs_that_came_and_went_are_named():
    hog, sift = make_run(TASK, "hog"), make_run(TASK, "sift")
    changes = changes_to(as_base(OLD, NET, hog), OLD, NET, sift)
    assert (changes.added, changes.removed) == (("sift",), ("hog",))


def make_waiting(seconds):
    return replace(OLD, stages=(Stage("all", "training", seconds, 30.0, 1),))


def test_where_costs_are_processor_time_that_is_compared_and_labeled():
    """The same work, first on a free machine and then on a busy one."""
    changes = changes_to(as_base(make_waiting(30.0), NET), make_waiting(90.0), NET)
    assert changes.clock == "processor time"
    assert not any(change.time_changed for change in changes.kept)
    assert changes_table(changes).columns[-3:-1] == ("processor time before", "processor time now")


def test_an_older_report_that_tells_only_the_clock_is_compared_by_the_clock():
    base = as_base(make_waiting(30.0), NET)
    for record in base["experiments"]:
        del record["processor_seconds"]
    changes = changes_to(base, make_waiting(90.0), NET)
    assert [c.contestant.experiment for c in changes.kept if c.time_changed] == ["classic"]
    assert "The wall-clock time differs by a quarter or more for classic." in describe_changes(changes, "enough")
    assert changes_table(changes).columns[-3:-1] == ("wall-clock time before", "wall-clock time now")


def test_a_report_that_does_not_tell_picture_by_picture_is_refused(tmp_path):
    base = as_base(OLD, NET)
    del base["runs"][0]["correct"]
    (tmp_path / "old.json").write_text(json.dumps(base))
    with pytest.raises(ValueError, match="redraw that report"):
        read_base(tmp_path / "old.json")


def test_a_report_on_other_pictures_is_refused():
    with pytest.raises(ValueError, match=r"earlier.json is about photos ffffffff, this report about photos 01234567"):
        changes_to(as_base(OLD, NET) | {"fingerprint": "f" * 64}, OLD, NET)
