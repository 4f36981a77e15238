import io
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from bakeoff.pipelines.machine import workspace
from bakeoff.pipelines.machine.workspace import Workspace, describe_hardware


def make_workspace(folder=Path("artifacts"), **options):
    text = io.StringIO()
    return Workspace(
        folder, console=Console(file=text, width=40, **options), command="python -m bakeoff.pipelines"
    ), text


def test_cache_and_runs_lie_in_the_artifacts(tmp_path):
    place, _ = make_workspace(tmp_path)
    assert (place.cache.root, place.runs) == (tmp_path / "cache", tmp_path / "runs")
    elsewhere = replace(place, cache_folder=tmp_path / "shared")
    assert (elsewhere.cache.root, elsewhere.runs) == (tmp_path / "shared", tmp_path / "runs")


def test_what_is_remembered_of_the_machine_lies_in_the_cache_unless_told_otherwise(tmp_path):
    place, text = make_workspace(tmp_path)
    assert place.machine_cache.root == tmp_path / "cache"
    assert replace(place, cache_folder=tmp_path / "shared").machine_cache.root == tmp_path / "shared"
    scratch = replace(place, artifacts=tmp_path / "scratch", machine_cache_folder=tmp_path / "cache")
    assert (scratch.machine_cache.root, scratch.cache.root) == (tmp_path / "cache", tmp_path / "scratch" / "cache")
    scratch.machine_cache.report_damage("damage is told")
    assert text.getvalue() == "damage is told\n"


def test_a_line_stays_one_line_and_as_it_was_written():
    """Also if it is longer than the terminal is wide, or looks like markup."""
    place, text = make_workspace()
    line = "error in [red] the folder of " + "pictures " * 20
    place.say(line)
    assert text.getvalue() == line + "\n"


def test_the_environment_says_how_to_repeat_the_run():
    environment = make_workspace()[0].environment
    assert environment["command"] == "python -m bakeoff.pipelines"
    assert {"numpy", "torch", "scikit-learn"} <= set(environment["versions"])
    assert environment["commit"]
    assert json.loads(json.dumps(environment)) == environment


def test_without_git_the_commit_is_unknown(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert make_workspace()[0].environment["commit"] == "unknown"


@pytest.mark.parametrize("own", [True, False])
def test_the_commit_is_the_checkouts_own_and_not_that_of_a_folder_around_it(monkeypatch, tmp_path, own):
    package = tmp_path / "site-packages" / "bakeoff"
    (package / "pipelines" / "machine").mkdir(parents=True)
    (package / "code.py").write_text("1")
    here = package if own else tmp_path
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(here)]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "All"]):
        subprocess.run([*git, *words], check=True)
    monkeypatch.setattr(workspace, "__file__", str(package / "pipelines" / "machine" / "workspace.py"))
    commit = subprocess.check_output([*git, "rev-parse", "--short=12", "HEAD"], text=True).strip()
    assert make_workspace()[0].environment["commit"] == (commit if own else "unknown")
    (package / "code.py").write_text("2")
    assert make_workspace()[0].environment["commit"] == (f"{commit}+changes" if own else "unknown")


def test_the_hardware_is_described():
    hardware = describe_hardware()
    assert hardware["cores"] >= 1
    assert hardware["memory_bytes"] > 2**28
    assert hardware["processor"]


def test_a_log_file_gets_a_line_every_half_minute_with_the_time_left(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(workspace.time, "monotonic", lambda: now[0])
    place, text = make_workspace()
    with place.progress("hog", 100) as advance:
        for _ in range(4):
            now[0] += 20
            advance(10, "batch")
    assert text.getvalue() == "hog: 20/100, about 160 s left batch\nhog: 40/100, about 120 s left batch\n"


def test_what_an_earlier_process_did_tells_nothing_about_the_time_left(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(workspace.time, "monotonic", lambda: now[0])
    place, text = make_workspace()
    with place.progress("train", 100, 60) as advance:
        for _ in range(2):
            now[0] += 20
            advance(10)
    assert text.getvalue() == "train: 80/100, about 40 s left\n"


def test_a_stage_that_does_more_than_was_planned_has_no_time_left_below_nothing(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(workspace.time, "monotonic", lambda: now[0])
    place, text = make_workspace()
    with place.progress("values of C", 4) as advance:
        for _ in range(5):
            now[0] += 20
            advance()
    assert text.getvalue().splitlines()[-1] == "values of C: 4/4, about 0 s left"
    with place.progress("values of C", 4) as advance:
        for _ in range(6):
            now[0] += 20
            advance()
    assert text.getvalue().splitlines()[-1] == "values of C: 6/4, more than were planned"


def test_a_terminal_gets_a_bar_that_vanishes_and_grows_where_more_than_was_planned_is_done():
    place, text = make_workspace(force_terminal=True)
    with place.progress("hog", 2) as advance:
        for note in ("", "", "last"):
            advance(1, note)
    assert "hog" in text.getvalue()
    assert "150%" not in text.getvalue()


def test_stages_of_a_terminal_may_be_nested():
    place, _ = make_workspace(force_terminal=True)
    with place.progress("download", 2) as outer, place.progress("unpack", 3) as inner:
        outer()
        inner()
