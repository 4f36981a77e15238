"""Both sides on equal budgets: what is kept, what is told, and what a second contest finds again."""

import io
import shutil
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.classic.experiments import EXPERIMENTS as CLASSIC
from bakeoff.pipelines.classic.recipes import Recipe
from bakeoff.pipelines.contest import cross_validation, ladders
from bakeoff.pipelines.contest.contender import validation_score
from bakeoff.pipelines.contest.contest import Contest
from bakeoff.pipelines.contest.search import LEAST_BUDGET, MOST_BUDGET, default_budget
from bakeoff.pipelines.frozen.weights import identify
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.neural.config import EXPERIMENTS as NEURAL
from bakeoff.pipelines.neural.networks.perceptrons import Perceptron
from bakeoff.pipelines.results.run import NotApplicableError, load_run, load_runs, run_folder, task_folder
from bakeoff.pipelines.results.study import load_study, study_file


def colored(n: int, seed: int, side: int = 32) -> Split:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    images = rng.integers(0, 120, (n, side, side, 3))
    images[labels == 1, :, :, 0] += 60
    return Split(images.astype(np.uint8), labels)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return Dataset("colored", ("blue", "red"), colored(60, 0), colored(20, 1), colored(20, 2))


@pytest.fixture(scope="module", autouse=True)
def short_ladders():
    recipes = tuple(Recipe(name, *CLASSIC[name]) for name in ("color-histogram", "hog"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ladders, "recipes", lambda *_: recipes)
        patch.setattr(ladders, "expected_seconds", lambda *_: 0.1)
        title, mlp = NEURAL["mlp"]
        linear = title, replace(mlp, architecture=Perceptron(()))
        patch.setattr(ladders, "NETS", {"linear": linear})
        patch.setattr(ladders, "MOST_STEPS", 1)
        patch.setattr(ladders, "FLOP_RATE", 1e9)
        yield


def hold(dataset: Dataset, folder, budget: float = 60.0):
    text = io.StringIO()
    workspace = Workspace(folder, console=Console(file=text, width=200))
    return Contest(dataset, budget, 0, workspace).run(), workspace, text


@pytest.fixture(scope="module")
def held(dataset, tmp_path_factory):
    """One contest; whoever writes into its workspace takes a copy: `elsewhere`."""
    return hold(dataset, tmp_path_factory.mktemp("contest"))


@pytest.fixture
def elsewhere(held, tmp_path) -> Workspace:
    """What that contest left, so that another finds its rungs."""
    shutil.copytree(held[1].artifacts, tmp_path, dirs_exist_ok=True)
    return Workspace(tmp_path, console=Console(quiet=True))


def test_a_frozen_net_runs_third_alone_beside_the_finalists_features_and_fine_tuned(dataset, elsewhere, monkeypatch):
    monkeypatch.setattr(ladders, "NET_SIDES", (32, 64))
    monkeypatch.setattr(ladders, "FINE_TUNED", replace(ladders.FINE_TUNED, least_steps=0))
    workspace = elsewhere
    study = Contest(dataset, 60.0, 0, workspace, weights=None).run()
    rows = {row["experiment"]: row for row in study.rows if row["side"] == "frozen"}
    finalist = finalists(study)["hand-crafted"]["recipe"]
    small = ["frozen-at-32", f"frozen-at-32-and-{finalist}", "fine-tuned-at-32"]
    large = [name.replace("-at-32", "") for name in small]
    assert sorted(rows) == sorted(f"{name}-32px" for name in small + large)
    assert rows["frozen-at-32-32px"]["validation_score"] > 0.5
    assert 0 < study.settings["spent"]["frozen"] <= 60
    runs = [
        run
        for run in load_runs(task_folder(workspace.runs, "colored", dataset.fingerprint()))
        if run.side == "frozen" and run.experiment == finalists(study)["frozen"]["experiment"]
    ]
    assert runs[0].diagnostics["backbone"]["weights"] == identify().checksum


def test_a_budget_too_small_for_the_frozen_net_is_told_and_no_error(dataset, elsewhere, monkeypatch):
    monkeypatch.setattr(ladders, "seconds_a_picture", lambda net: 1.0)
    study = Contest(dataset, 60.0, 0, elsewhere, weights=None).run()
    outcomes = [row["outcome"] for row in study.rows if row["side"] == "frozen"]
    assert sorted(set(outcomes)) == ["not reached", "passed over"]


def finalists(study):
    return {row["side"]: row for row in study.rows if row["is_finalist"]}


def test_both_sides_are_judged_on_validation_and_send_their_best(dataset, held):
    study, workspace, _ = held
    assert set(finalists(study)) == {"hand-crafted", "end-to-end"}
    for side, finalist in finalists(study).items():
        scores = [row["validation_score"] for row in study.rows if row["side"] == side and row["outcome"] == "tried"]
        assert finalist["validation_score"] == max(scores)
    task = task_folder(workspace.runs, "colored", dataset.fingerprint())
    saved = {run.experiment for run in load_runs(task)}
    assert {row["experiment"] for row in finalists(study).values()} <= saved
    assert all((task / name / "seed-0" / "model.safetensors").exists() for name in saved)
    assert load_study(study_file(task, "contest")) == study


def test_few_pictures_are_cross_validated_and_one_split_ends_that(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(cross_validation, "MOST_REPEATS", 1)
    ours = replace(dataset, split_by_us=True)
    study, workspace, text = hold(ours, tmp_path)
    kept = study_file(task_folder(workspace.runs, "colored", ours.fingerprint()), "folds")
    assert {row["experiment"] for row in load_study(kept).rows} == {r["experiment"] for r in finalists(study).values()}
    assert "both finalists on 5 splits" in text.getvalue()
    Contest(ours, 60.0, 0, workspace, splits=1).run()
    assert not kept.exists()


def test_what_is_left_buys_seeds_of_what_is_random(held):
    study, *_ = held
    seeds = {side: row["n_seeds"] for side, row in finalists(study).items()}
    assert seeds == {"hand-crafted": 1, "end-to-end": 3}  # a histogram and an SVM draw nothing


def test_again_it_finds_everything_and_decides_the_same(dataset, held, elsewhere, monkeypatch):
    first, *_ = held
    monkeypatch.setattr("bakeoff.pipelines.machine.job.save_stored_model", None)  # nothing trains
    again, *_ = hold(dataset, elsewhere.artifacts)
    assert again.rows == first.rows
    assert again.settings == first.settings


def test_features_that_rungs_share_are_paid_once(dataset, tmp_path, monkeypatch):
    twice = (Recipe("a", *CLASSIC["hog"]), Recipe("b", *CLASSIC["hog"]))
    monkeypatch.setattr(ladders, "recipes", lambda *_: twice)
    study, workspace, _ = hold(dataset, tmp_path)
    runs = workspace.artifacts / "contest" / "runs"
    stages = [
        stage
        for name in ("a-32px", "b-32px")
        for stage in load_run(run_folder(runs, "colored", dataset.fingerprint(), name, 0)).stages
    ]
    paid = sum({(s.name, s.seconds, s.cpu_seconds): s.cpu_seconds for s in stages}.values())
    assert study.settings["spent"]["hand-crafted"] == pytest.approx(paid)
    assert len({(s.name, s.seconds) for s in stages}) < len(stages)


def test_smaller_pictures_answer_the_same_task(tmp_path):
    large = Dataset("colored", ("blue", "red"), *(colored(40, seed, 64) for seed in range(3)))
    study, workspace, _ = hold(large, tmp_path)
    sizes = {row["image_size"] for row in study.rows if row["outcome"] == "tried"}
    assert sizes == {32, 64}
    assert {run.fingerprint for run in load_runs(task_folder(workspace.runs, "colored", large.fingerprint()))} == {
        large.fingerprint()
    }


def test_test_scores_of_rungs_are_neither_told_nor_among_the_runs(dataset, held):
    study, workspace, text = held
    assert "on validation" in text.getvalue()
    assert "test" not in text.getvalue()
    kept = {run.experiment for run in load_runs(task_folder(workspace.runs, "colored", dataset.fingerprint()))}
    shortest = [row["experiment"] for row in study.rows if row["steps"] is not None and not row["is_finalist"]]
    assert kept.isdisjoint(shortest)


def test_a_budget_for_nothing_is_an_error_that_says_so(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(ladders, "expected_seconds", lambda *_: 1e6)
    monkeypatch.setattr(Contest, "_nets", lambda *_: pytest.fail("the nets train for nothing"))
    with pytest.raises(NotApplicableError, match="hand-crafted side could be finished on colored in 5 s"):
        hold(dataset, tmp_path, budget=5.0)


def test_an_unbalanced_task_is_judged_by_balanced_accuracy(dataset, held):
    rare = replace(dataset, train=Split(dataset.train.images, np.array([1] * 6 + [0] * 54)))
    _, workspace, _ = held
    run = load_runs(task_folder(workspace.runs, "colored", dataset.fingerprint()))[0]
    always_first = replace(run, validation_scores=np.tile(np.float32([1, 0]), (20, 1)))
    assert validation_score(always_first, rare) == 0.5
    lopsided = replace(always_first, validation_labels=np.array([0] * 15 + [1] * 5), validation_score=0.75)
    assert validation_score(lopsided, rare) == 0.5
    assert validation_score(lopsided, dataset) == 0.75


def test_the_default_budget_grows_with_the_pixels(dataset):
    assert default_budget(dataset) == LEAST_BUDGET
    many = replace(dataset, train=Split(np.zeros((12000, 32, 32, 3), np.uint8), np.zeros(12000, np.int64)))
    assert LEAST_BUDGET < default_budget(many) < MOST_BUDGET
