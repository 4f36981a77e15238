import os
from pathlib import Path

import pytest

from datasets.folder import dataset_name
from pipelines.run_result import save_task
from reports.selection import find_task, task_name
from tests.reports.factory import make_task

PATHS = ["photos", "my pictures", "a/b/holiday", "birds.zip", "birds.tar.gz", "b.tgz", "table.csv", "v1.2", "été", "."]


@pytest.mark.parametrize("path", PATHS)
def test_runs_are_looked_for_under_the_name_that_the_data_set_got(path, tmp_path):
    assert task_name(str(tmp_path / path)) == dataset_name(Path(tmp_path / path))


@pytest.mark.parametrize("asked_last", [0, 1])
def test_of_two_data_sets_of_one_name_the_one_asked_for_last_is_taken(asked_last, tmp_path):
    folders = [save_task(make_task(fingerprint=letter * 64), tmp_path) for letter in "ab"]
    for index, folder in enumerate(folders):
        moment = 2_000_000_000 + (index == asked_last)
        os.utime(folder / "task.json", (moment, moment))
    folder, _, remarks = find_task(tmp_path, "photos")
    assert folder == folders[asked_last]
    assert "also called photos" in remarks[0]
