"""The whole road on tiny data: a folder of pictures in, both sides trained, the report out."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.__main__ import main as bakeoff
from bakeoff.pipelines.__main__ import main as train
from bakeoff.pipelines.backprop import pipeline as backprop
from bakeoff.pipelines.classic import experiments as classic
from bakeoff.pipelines.neural import config as neural
from bakeoff.pipelines.neural.networks.perceptrons import Perceptron

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parent.parent
# What trains and writes nothing; `bench`, `serve` and `exercise` have tests of their own.
NOT_RUN = {"test", "check", "setup", "bench", "help", "serve", "exercise"}
EXPERIMENTS = ("families", "mlp", "mlp-numpy")


def write_class(folder, tint):
    """Thirty pictures of noise, tinted; no two alike."""
    folder.mkdir(parents=True)
    for number in range(30):
        rng = np.random.default_rng([*tint, number])
        coarse = rng.integers(0, 128, (6, 6, 3)) + np.array(tint)
        Image.fromarray(coarse.astype(np.uint8)).resize((24, 24), Image.Resampling.BICUBIC).save(
            folder / f"{number}.png"
        )


@pytest.fixture
def small_experiments(monkeypatch):
    """The real experiments, with fewer words, units and epochs."""
    words = next(family for _, family in classic.FAMILIES.values() if family.name == "bag of words")
    fewer = replace(words, n_words=20, n_samples=2000, n_iterations=3)
    for name, (title, config) in classic.EXPERIMENTS.items():
        systems = tuple(
            replace(system, families=tuple(fewer if family == words else family for family in system.families))
            for system in config.systems
        )
        monkeypatch.setitem(classic.EXPERIMENTS, name, (title, replace(config, systems=systems)))
    title, mlp = neural.EXPERIMENTS["mlp"]
    small = replace(mlp, architecture=Perceptron((16,)), epochs=3, mixed_precision="off")
    monkeypatch.setitem(neural.EXPERIMENTS, "mlp", (title, small))
    title, own = backprop.EXPERIMENTS["mlp-numpy"]
    monkeypatch.setitem(backprop.EXPERIMENTS, "mlp-numpy", (title, replace(own, widths=(16,), epochs=3)))


@pytest.fixture
def make(tmp_path, monkeypatch):
    """What the Makefile does with a target and its variables, on tiny pictures."""
    for name, tint in (("brick", (120, 0, 0)), ("grass", (0, 120, 0)), ("water", (0, 0, 120))):
        write_class(tmp_path / "ground" / name, tint)
    monkeypatch.chdir(tmp_path)
    done = set()

    def run(target, **variables):
        with pytest.MonkeyPatch.context() as patch:
            given = {"DATASET": "ground", "IMAGE_SIZE": "24", **variables}
            for name, value in (given | {"VARIABLES": " ".join(given)}).items():
                patch.setenv(name, value)
            done.add(target)
            assert bakeoff(["--from-make", target]) == 0, (target, variables)

    yield run
    assert done


def report_of(name):
    return json.loads((Path("artifacts") / "reports" / name / "report.json").read_text())


@pytest.mark.slow
def test_every_command_of_the_readme(small_experiments, make, capsys):
    """But lecture and export, which take half a minute: below."""
    commands = {
        "list": {},
        "features": {},
        "train-svm": {},
        "train-mlp": {"ENGINE": "numpy"},
        "train": {"EXPERIMENT": "mlp"},
        "report": {"EXPERIMENT": "families mlp"},
        "report-saved": {},
        "publish": {},
        "predict": {"MODEL": "mlp", "IMAGE": "ground/brick"},
        "study": {"STUDY": "learning-curves", "EXPERIMENT": "hog"},
        "compare": {"BASE": "base.json", "EXPERIMENT": "families mlp", "SET": "costs=0.1,1 epochs=2"},
    }
    table = (ROOT / "README.md").read_text().partition("## All commands")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `make ([a-z-]+)", table, re.MULTILINE)) - NOT_RUN <= {*commands, "export", "lecture"}
    for target, variables in commands.items():
        if target == "compare":
            Path("base.json").write_bytes(Path("artifacts/reports/ground/report.json").read_bytes())
        capsys.readouterr()
        make(target, **variables)
        printed = capsys.readouterr().out
        assert target != "predict" or printed.count("brick") >= 25
    runs = {run["experiment"]: run for run in report_of("ground")["runs"]}
    assert {*classic.COMPARISON, "mlp", "mlp-numpy", "hog[costs=0.1,1]", "mlp[epochs=2]"} <= runs.keys()
    assert runs["mlp[epochs=2]"]["settings"]["epochs"] == 2
    markdown = Path("artifacts/reports/ground/report.md").read_text().replace("\\", "")
    assert "hog[costs=0.1,1]" in markdown
    assert "mlp[epochs=2]" in markdown
    assert list(Path("docs/results/ground/runs").glob("*/hog/seed-0/run.json"))
    make("clean")
    assert not Path("artifacts").exists()


@pytest.mark.slow
def test_a_report_lets_both_sides_spend_a_budget(make):
    make("report", BUDGET="5s", PROFILE="none", SPLITS="1")
    record = report_of("ground")
    assert {run["side"] for run in record["runs"]} >= {"hand-crafted", "end-to-end"}
    assert "of processor time went into" in Path("artifacts/reports/ground/report.md").read_text()


@pytest.mark.slow
def test_lecture_and_export(small_experiments, make, capsys):
    make("lecture")
    assert Path("artifacts/lecture/lecture.html").stat().st_size > 100_000
    make("train-mlp")
    make("export", MODEL="mlp")
    (net,) = Path("artifacts/runs").glob("*/mlp/seed-0/model.onnx")
    assert f"{net}: " in capsys.readouterr().out


def test_pictures_in_report_out_and_the_second_time_nothing_is_computed(
    small_experiments, tmp_path, capsys, monkeypatch
):
    for name, tint in (("brick", (120, 0, 0)), ("grass", (0, 120, 0)), ("water", (0, 0, 120))):
        write_class(tmp_path / "ground" / name, tint)
    pictures, artifacts = str(tmp_path / "ground"), tmp_path / "artifacts"
    training = ["train", *EXPERIMENTS, "--dataset", pictures, "--image-size", "24", "--artifacts", str(artifacts)]
    reporting = ["report-saved", "--dataset", pictures, "--artifacts", str(artifacts)]

    assert train(training) == 0
    assert bakeoff(reporting) == 0
    assert "report.html" in capsys.readouterr().out.replace("\n", "")

    folder = artifacts / "reports" / "ground"
    record = json.loads((folder / "report.json").read_text())
    assert {"dataset", "fingerprint", "verdict", "runs"} <= set(record)
    assert record["dataset"] == "ground"
    runs = {run["experiment"]: run for run in record["runs"]}
    assert set(runs) == {*classic.COMPARISON, "mlp", "mlp-numpy"}
    assert {run["side"] for run in runs.values()} == {"hand-crafted", "end-to-end"}
    for run in runs.values():
        assert {"accuracy", "accuracy_interval", "seed", "seconds", "peak_memory_bytes", "size"} <= set(run)
        low, high = run["accuracy_interval"]
        assert 0 <= low <= run["accuracy"] <= high <= 1
        *stages, total = run["seconds"]
        assert total == "total"
        assert run["seconds"]["total"] == pytest.approx(sum(run["seconds"][stage] for stage in stages))
    assert runs["color-histogram"]["accuracy"] > 0.9
    html = (folder / "report.html").read_text()
    assert len(html) < 3_000_000
    assert 'src="http' not in html
    assert "ground" in (folder / "report.md").read_text()

    for stage in ("classic.pipeline.run_system", "neural.pipeline.train_net", "backprop.pipeline.train"):
        monkeypatch.setattr(f"bakeoff.pipelines.{stage}", None)
    assert train(training) == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(runs)
    assert all(line.endswith("(kept from before)") for line in lines)
