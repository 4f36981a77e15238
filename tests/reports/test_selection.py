import json
import os
from dataclasses import replace

import pytest

from bakeoff.pipelines.results.run import save_run
from bakeoff.pipelines.results.task import save_task
from bakeoff.reports.commands import report_folder
from bakeoff.reports.selection import distinct_runs, find_tasks, select_runs
from bakeoff.tests.reports.factory import make_run, make_task


def test_runs_of_one_task_come_together_from_several_folders_the_first_going_before(tmp_path):
    task = make_task()
    for name, runs in (
        ("mine", [make_run(task, "hog", strength=3.0), make_run(task, "new")]),
        ("published", [make_run(task, "hog", strength=0.1), make_run(task, "mlp", "end-to-end")]),
    ):
        save_task(task, tmp_path / name)
        for run in runs:
            save_run(run, tmp_path / name)
    folders, found, _ = find_tasks([tmp_path / "mine", tmp_path / "published"], "photos")
    assert found.fingerprint == task.fingerprint
    runs = {run.experiment: run for run in select_runs(folders)}
    assert set(runs) == {"hog", "new", "mlp"}
    assert runs["hog"].accuracy == make_run(task, "hog", strength=3.0).accuracy


def test_a_folder_without_the_data_set_is_passed_over(tmp_path):
    save_task(make_task(), tmp_path / "published")
    folders, _, _ = find_tasks([tmp_path / "mine", tmp_path / "published"], "photos")
    assert [folder.parent.name for folder in folders] == ["published"]


def test_runs_on_other_pictures_are_not_put_beside(tmp_path):
    save_task(make_task(), tmp_path / "mine")
    save_task(make_task(fingerprint="f" * 64), tmp_path / "published")
    with pytest.raises(ValueError, match="published has runs of photos, but not of 01234567"):
        find_tasks([tmp_path / "mine", tmp_path / "published"], "photos")


@pytest.mark.parametrize("asked_last", [0, 1])
def test_of_two_data_sets_of_one_name_the_one_asked_for_last_is_taken(asked_last, tmp_path):
    folders = [save_task(make_task(fingerprint=letter * 64), tmp_path) for letter in "ab"]
    for index, folder in enumerate(folders):
        moment = 2_000_000_000 + (index == asked_last)
        os.utime(folder / "task.json", (moment, moment))
    (folder,), _, remarks = find_tasks([tmp_path], "photos")
    assert folder == folders[asked_last]
    assert "also called photos" in remarks[0]


def test_a_run_that_is_another_again_counts_once_under_the_shorter_name():
    task = make_task(60)
    runs = [
        make_run(task, "classic-without-color-histogram", noise=1),
        make_run(task, "classic", noise=1),
        make_run(task, "classic", noise=2, seed=1),
        make_run(task, "hog", noise=3),
    ]
    assert distinct_runs(runs) == tuple(runs[1:])


def test_a_report_of_the_same_name_on_other_pictures_or_at_another_size_is_not_overwritten(tmp_path):
    task = make_task()
    other = replace(task, fingerprint="f" * 64)
    assert report_folder(tmp_path, task) == tmp_path / task.dataset
    (tmp_path / task.dataset).mkdir()
    (tmp_path / task.dataset / "report.json").write_text(json.dumps({"fingerprint": task.fingerprint}))
    assert report_folder(tmp_path, task) == tmp_path / task.dataset
    assert report_folder(tmp_path, other).parent == tmp_path
    assert report_folder(tmp_path, other) != tmp_path / task.dataset
