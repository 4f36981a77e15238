"""The study that looks inside, on small pictures: what it chooses, what it keeps, and where it has nothing to say."""

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.run import NotApplicableError, RunResult, save_run
from bakeoff.pipelines.results.study import load_study, save_study
from bakeoff.pipelines.studies import look_inside
from bakeoff.pipelines.studies.request import Request
from bakeoff.tests.pipelines.experiments.test_models import APPROACHES
from bakeoff.tests.reports.factory import make_run, make_task

SMALL = look_inside.Settings(n_pictures=4, n_train=30, k=3)


def make_split(n: int, seed: int) -> Split:
    """Three classes by the brighter corner; every fourth picture is noise."""
    rng = np.random.default_rng(seed)
    images, labels = rng.integers(0, 120, (n, 8, 8, 3), dtype=np.uint8), np.arange(n, dtype=np.int64) % 3
    for image, label, number in zip(images, labels, range(n), strict=True):
        if number % 4:
            image[4 * (label // 2) :][:4, 4 * (label % 2) :][:, :4] += 40
    return Split(images, labels)


DATASET = Dataset("corners", ("a", "b", "c"), make_split(60, 0), make_split(24, 1), make_split(48, 2))


def train(folder, *approaches: str, dataset: Dataset = DATASET) -> Request:
    workspace = Workspace(folder, console=Console(file=io.StringIO()))
    for name in approaches:
        pipeline, config = APPROACHES[name]
        save_run(
            pipeline.run(Job(dataset, experiment=name, title="T", config=config, seed=0, workspace=workspace)),
            workspace.runs,
        )
    return Request(dataset, workspace)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(look_inside.PROFILES, "quick", SMALL)
        request = train(tmp_path_factory.mktemp("artifacts"), "classic", "neural")
        yield look_inside.run(request), request


def kinds(study, kind: str, side: str | None = None):
    return [row for row in study.rows if row["kind"] == kind and side in (None, row["side"])]


def test_each_picture_has_maps_and_neighbors(made):
    study, _ = made
    n = len(study.pictures["test"])
    assert 1 <= n <= 4
    assert len(kinds(study, "evidence", "hand-crafted")) == n
    assert len(kinds(study, "evidence", "end-to-end")) == n
    assert len(kinds(study, "neighbor", "end-to-end")) == 3 * n


def test_the_pictures_are_those_that_the_rows_speak_of(made):
    study, _ = made
    for row in kinds(study, "evidence"):
        np.testing.assert_array_equal(study.pictures["test"][row["picture"]], DATASET.test.images[row["index"]])
        assert row["label"] == DATASET.class_names[DATASET.test.labels[row["index"]]]
    own = {
        image.tobytes(): DATASET.class_names[label]
        for image, label in zip(DATASET.train.images, DATASET.train.labels, strict=True)
    }
    neighbors = kinds(study, "neighbor")
    assert [row["shown"] for row in neighbors] == list(range(len(study.pictures["train"])))
    for row in neighbors:
        assert own[study.pictures["train"][row["shown"]].tobytes()] == row["label"]


def test_just_one_side_is_right_about_a_chosen_picture(made):
    study, _ = made
    for picture in range(len(study.pictures["test"])):
        rows = [row for row in kinds(study, "evidence") if row["picture"] == picture]
        assert sorted(row["said"] == row["label"] for row in rows) == [False, True]


def test_a_second_time_no_model_is_read_and_the_study_comes_back_from_disk(made, monkeypatch, tmp_path):
    study, request = made
    monkeypatch.setattr(look_inside, "load_trained_model", lambda folder: pytest.fail("a model was read"))
    again = look_inside.run(request)
    assert again.rows == study.rows
    loaded = load_study(save_study(study, tmp_path / f"corners-{study.fingerprint[:8]}"))
    assert loaded.rows == study.rows
    np.testing.assert_array_equal(loaded.pictures["train"], study.pictures["train"])


def test_a_net_of_our_own_engine_has_maps_and_neighbors(made, monkeypatch, tmp_path):
    monkeypatch.setitem(look_inside.PROFILES, "quick", SMALL)
    study = look_inside.run(train(tmp_path, "classic", "backprop"))
    assert kinds(study, "evidence", "end-to-end")
    assert kinds(study, "neighbor", "end-to-end")


def test_it_takes_a_run_of_each_side(tmp_path):
    with pytest.raises(NotApplicableError, match="needs a saved run of each side, got only hand-crafted"):
        look_inside.run(train(tmp_path, "classic"))


def test_pictures_too_small_or_too_few_are_not_its_business():
    few = replace(DATASET, test=DATASET.test.take(np.arange(9)))
    small = replace(DATASET, **{name: Split(s.images[:, :7], s.labels) for name, s in DATASET.splits.items()})
    for dataset, words in ((few, "got 8 pixels and 9 pictures"), (small, "got 7 pixels and 48 pictures")):
        with pytest.raises(NotApplicableError, match=words):
            look_inside.check_pictures(dataset)


def make_pair() -> tuple[RunResult, RunResult]:
    task = make_task(200)
    return make_run(task, strength=1.5), make_run(task, "mlp", "end-to-end", strength=1.5)


def test_the_widest_margins_come_first_and_a_class_once_from_either_direction():
    hand, net = make_pair()
    chosen = look_inside.choose_pictures(hand, net, 6)
    assert len(chosen) == 6
    right = hand.predictions == hand.labels, net.predictions == net.labels
    apart = look_inside.scaled_margins(hand) - look_inside.scaled_margins(net)
    for indices, best, other in ((chosen[:3], *right), (chosen[3:], *right[::-1])):
        assert best[indices].all()
        assert not other[indices].any()
        assert len(set(hand.labels[indices])) == 3
        gaps = np.abs(apart[indices])
        assert gaps[0] == np.abs(apart[best & ~other]).max()
        assert (np.diff(gaps) <= 0).all()


def test_the_scale_of_the_scores_decides_nothing():
    hand, net = make_pair()
    louder = replace(net, scores=8 * net.scores, validation_scores=8 * net.validation_scores)
    np.testing.assert_array_equal(
        look_inside.choose_pictures(hand, louder, 6), look_inside.choose_pictures(hand, net, 6)
    )


def test_two_that_never_part_have_no_pictures(made, monkeypatch):
    hand, _ = make_pair()
    monkeypatch.setattr(look_inside, "best_of_each_side", lambda _: (hand, replace(hand, side="end-to-end")))
    with pytest.raises(NotApplicableError, match="no picture that just one of the two"):
        look_inside.run(made[1])
