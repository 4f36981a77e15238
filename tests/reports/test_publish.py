from dataclasses import replace

import numpy as np
import pytest

from bakeoff.__main__ import main
from bakeoff.pipelines.results.guest import load_guests, save_guests
from bakeoff.pipelines.results.run import load_run, save_run, task_folder
from bakeoff.pipelines.results.study import load_studies, save_study
from bakeoff.pipelines.results.task import load_task, save_task
from bakeoff.reports.publish import shrink
from bakeoff.tests.reports.factory import make_guest, make_run, make_task
from bakeoff.tests.reports.study_factory import make_learning_curves

TASK = make_task(60)
SECRET = np.full((2, 8, 8, 3), 7, np.uint8)


def publish(folder):
    return main(["publish", "--dataset", "photos", "--artifacts", str(folder), "--output", str(folder / "out")])


@pytest.fixture
def published(tmp_path):
    folder = save_task(TASK, tmp_path / "runs")
    save_guests((make_guest(TASK, "published-net", 0.9),), folder)
    save_run(make_run(TASK), tmp_path / "runs")
    save_run(make_run(TASK, "mlp", "end-to-end"), tmp_path / "runs")
    save_study(replace(make_learning_curves([0.5], [0.6], 60), pictures={"test": SECRET}), folder)
    assert publish(tmp_path) == 0
    return tmp_path / "out"


def test_no_picture_of_the_data_set_leaves(published):
    folder = task_folder(published, "photos", TASK.fingerprint)
    assert load_task(folder).test_images.shape == (0, 8, 8, 3)
    assert [guest.name for guest in load_guests(folder)] == ["published-net"]
    assert load_studies(folder)["learning-curves"].pictures == {}
    assert not list(folder.glob("studies/*.npz"))


def test_every_answer_stays_the_same_in_half_the_space(published):
    run = load_run(task_folder(published, "photos", TASK.fingerprint) / "classic" / "seed-0")
    before = make_run(TASK)
    np.testing.assert_array_equal(run.predictions, before.predictions)
    np.testing.assert_allclose(run.scores, before.scores, rtol=1e-3, atol=1e-3)
    assert run.scores.dtype == np.float32
    assert shrink(before).scores.dtype == np.float16


def test_scores_that_half_precision_would_change_are_kept_whole():
    scores = np.zeros((60, 5), np.float32)
    scores[:, 1] = 1.0
    scores[:, 2] = 1.0 + 1e-5  # the same number in float16
    huge = scores * 1e6
    assert shrink(make_run(TASK, scores=scores)).scores.dtype == np.float32
    assert shrink(make_run(TASK, scores=huge)).scores.dtype == np.float32


def test_the_report_comes_out_of_what_was_published(published, tmp_path):
    assert main(["report-saved", str(published), "--artifacts", str(tmp_path)]) == 0
    html = (tmp_path / "reports" / "photos" / "report.html").read_text()
    assert "Pictures that tell them apart" not in html
    assert "published-net" in html


def test_what_cannot_be_published_is_said_in_one_line(tmp_path, capsys):
    assert publish(tmp_path) == 1
    assert capsys.readouterr().err.count("\n") == 1
