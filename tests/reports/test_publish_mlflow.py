"""What MLflow is told of runs and report, by a stand-in that takes down every call."""

import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from bakeoff.pipelines.results.model import FILE_NAME
from bakeoff.pipelines.results.run import save_run
from bakeoff.reports import publish
from bakeoff.tests.reports.factory import make_history, make_run, make_task

TASK = make_task(40)


class RefusalError(Exception):
    """MLflow's own kind."""


@pytest.fixture
def told(monkeypatch):
    calls = []

    @contextmanager
    def start_run(run_name):
        calls.append(("run", run_name))
        yield

    def taking_down(name):
        return lambda *given, **named: calls.append((name, *given, *named.values()))

    names = ("set_tracking_uri", "set_experiment", "set_tags", "log_params", "log_metrics", "log_artifact")
    exceptions = SimpleNamespace(MlflowException=RefusalError)
    fake = SimpleNamespace(start_run=start_run, exceptions=exceptions, **{name: taking_down(name) for name in names})
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    return calls


def test_runs_models_and_the_report_are_logged(told, tmp_path):
    settings = {"systems": [{"costs": [0.1, 1.0], "na me:": "x" * 900}], "mirror": False}
    run = make_run(TASK, "mlp", "end-to-end", settings=settings, history=make_history(3))
    folder = save_run(run, tmp_path)
    (folder / FILE_NAME).touch()
    for name in ("report.html", "report.json"):
        (tmp_path / name).touch()
    assert publish.log_runs("http://127.0.0.1:1", [run], tmp_path, tmp_path) == 1
    assert told[:2] == [("set_tracking_uri", "http://127.0.0.1:1"), ("set_experiment", "bakeoff photos")]
    assert [name for kind, name, *_ in told if kind == "run"] == ["mlp seed 0", "report"]
    (params,) = (given for kind, given, *_ in told if kind == "log_params")
    assert params["systems.0.costs"] == "[0.1, 1.0]"
    assert len(params["systems.0.na me-"]) == 500
    assert params["mirror"] == "False"
    metrics = [given for kind, *given in told if kind == "log_metrics"]
    assert metrics[0][0]["accuracy"] == run.accuracy
    assert [step for _, step in metrics[1:]] == [1, 2, 3]
    assert metrics[1][0].keys() == {"epoch train_loss", "epoch validation_score"}
    files = [given.rpartition("/")[2] for kind, given, *_ in told if kind == "log_artifact"]
    assert files == ["run.json", FILE_NAME, "report.html", "report.json"]


def test_without_mlflow_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ValueError, match=r"--mlflow needs MLflow: pip install 'bakeoff\[mlflow\]'"):
        publish.log_runs("x", [make_run(TASK)], tmp_path, tmp_path)


def test_what_mlflow_refuses_is_one_line(told, monkeypatch, tmp_path):
    def refuse(name):
        raise RefusalError("API request failed:\n  no such server")

    monkeypatch.setattr(sys.modules["mlflow"], "set_experiment", refuse)
    with pytest.raises(ValueError, match=r"^--mlflow http://127\.0\.0\.1:1: API request failed: no such server$"):
        publish.log_runs("http://127.0.0.1:1", [make_run(TASK)], tmp_path, tmp_path)
