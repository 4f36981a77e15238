"""`python -m bakeoff.pipelines predict`: finds the model, names the class, and loses no picture to a bad file."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bakeoff.pipelines.__main__ import main
from bakeoff.pipelines.neural import experiments as neural
from bakeoff.pipelines.neural.config import Perceptron
from bakeoff.pipelines.predict import export
from bakeoff.pipelines.predict.locate import find_model
from bakeoff.pipelines.predict.models import load_trained_model
from bakeoff.pipelines.results.model import FILE_NAME

pytestmark = pytest.mark.whole

TINTS = {"brick": (120, 0, 0), "water": (0, 0, 120)}


def save_picture(path, tint, number):
    coarse = np.random.default_rng([*tint, number]).integers(0, 120, (4, 4, 3)) + np.array(tint)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse.astype(np.uint8)).resize((12, 12), Image.Resampling.NEAREST).save(path)
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with pictures in `ground` and the runs of a net and of an SVM in `artifacts`."""
    folder = tmp_path_factory.mktemp("home")
    for name, tint in TINTS.items():
        for number in range(20):
            save_picture(folder / "ground" / name / f"{number}.png", tint, number)
    title, mlp = neural.EXPERIMENTS["mlp"]
    small = replace(mlp, architecture=Perceptron((16,)), epochs=8, mixed_precision="off")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(neural.EXPERIMENTS, "mlp", (title, small))
        assert main(["train", "mlp", "pca", *where(folder), "--image-size", "12"]) == 0
    return folder


def where(folder):
    return ["--dataset", str(folder / "ground"), "--artifacts", str(folder / "artifacts")]


@pytest.mark.parametrize("model", ["mlp", "pca"])
def test_names_the_class_of_a_picture(home, tmp_path, capsys, model):
    picture = save_picture(tmp_path / "new.png", TINTS["water"], 99)
    assert main(["predict", model, str(picture), *where(home)]) == 0
    out = capsys.readouterr().out
    row = next(line for line in out.splitlines() if line.startswith("new.png"))
    assert row.split()[1] == "water"
    assert ("%" in row) == (model == "mlp")
    assert "ms a picture" in out
    assert "loaded in" in out


def test_a_run_of_another_size_is_not_taken_for_it(home, tmp_path, capsys):
    picture = str(save_picture(tmp_path / "new.png", TINTS["water"], 99))
    assert main(["predict", "pca", picture, *where(home), "--image-size", "12"]) == 0
    capsys.readouterr()
    assert main(["predict", "pca", picture, *where(home), "--image-size", "16"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "pca was trained on ground at 12 pixels, not at --image-size 16: run `bakeoff train pca" in line


def test_json_holds_what_the_model_says(home, tmp_path, capsys):
    paths = [save_picture(tmp_path / f"{name}.png", tint, 99) for name, tint in TINTS.items()]
    assert main(["predict", "mlp", str(tmp_path), "--json", *where(home)]) == 0
    record = json.loads(capsys.readouterr().out)
    model = load_trained_model(find_model("mlp", runs=home / "artifacts/runs", dataset=str(home / "ground"), seed=0))
    scores = model.predict_scores(np.stack([np.asarray(Image.open(path)) for path in paths]))
    assert [row["class"] for row in record["pictures"]] == list(TINTS)
    for row, expected in zip(record["pictures"], scores, strict=True):
        np.testing.assert_allclose(list(row["scores"].values()), expected, atol=1e-5)
        assert sum(row["probabilities"].values()) == pytest.approx(1)
        assert max(row["probabilities"], key=row["probabilities"].get) == row["class"]
    assert record["model"]["measure"] == "probability"
    assert record["seconds"]["loading"] > 0


def test_a_bad_file_gets_its_line_and_the_others_their_class(home, tmp_path, capsys):
    save_picture(tmp_path / "a.png", TINTS["brick"], 99)
    (tmp_path / "b.png").write_bytes(b"no picture")
    save_picture(tmp_path / "c.png", TINTS["water"], 99)
    assert main(["predict", "pca", str(tmp_path), *where(home)]) == 1
    out, err = capsys.readouterr()
    assert [line.split()[:2] for line in out.splitlines()[1:3]] == [["a.png", "brick"], ["c.png", "water"]]
    assert err == "error: b.png: not a picture in a format that is read here\n"
    assert main(["predict", "pca", str(tmp_path), "--json", *where(home)]) == 1
    rows = json.loads(capsys.readouterr().out)["pictures"]
    assert rows[1] == {"file": "b.png", "error": "not a picture in a format that is read here"}
    assert "probabilities" not in rows[0]


def test_a_name_cannot_steer_the_terminal(home, tmp_path, capsys):
    save_picture(tmp_path / "\x1b[31m[bold]red.png", TINTS["brick"], 99)
    assert main(["predict", "pca", str(tmp_path), *where(home)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"\x1b[31m[bold]red.png" in out


def test_the_model_may_be_named_by_folder_or_file(home, tmp_path, capsys):
    picture = save_picture(tmp_path / "new.png", TINTS["brick"], 99)
    (folder,) = (home / "artifacts/runs").glob("ground-*/pca/seed-0")
    for place in (folder, folder / FILE_NAME):
        assert main(["predict", str(place), str(picture)]) == 0
        assert "brick" in capsys.readouterr().out


def test_of_two_data_sets_of_one_name_the_model_trained_last_is_taken(tmp_path):
    for age, fingerprint in ((20, "0a"), (10, "0b")):
        file = tmp_path / f"ground-{fingerprint}" / "pca" / "seed-0" / FILE_NAME
        file.parent.mkdir(parents=True)
        file.touch()
        os.utime(file, (1e9 - age, 1e9 - age))
    assert "ground-0b" in str(find_model("pca", runs=tmp_path, dataset="some/ground", seed=0))


def test_short_names_of_data_sets_are_known(tmp_path):
    file = tmp_path / "cues-all-0a" / "pca" / "seed-0" / FILE_NAME
    file.parent.mkdir(parents=True)
    file.touch()
    assert find_model("pca", runs=tmp_path, dataset="cues", seed=0) == file


@pytest.mark.parametrize(
    ("model", "image", "message"),
    [
        ("alexnet", "ground", "no model of alexnet for ground with seed 0 in .*`bakeoff train alexnet"),
        ("p*", "ground", r"no model of p\*"),
        ("no/where", "ground", "neither a model file nor a run's folder"),
        ("", "ground", "no model was named: give"),
        ("pca", "", "no picture was named: give"),
        ("pca", "nothing.png", "does not exist: name a picture"),
        ("ground/brick/0.png", "ground", "is not a whole model"),
    ],
)
def test_what_is_wrong_gets_one_line(home, capsys, monkeypatch, model, image, message):
    monkeypatch.chdir(home)
    assert main(["predict", model, image, *where(home)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("error: ")
    assert re.search(message, err)


def test_only_nets_are_exported(home, capsys):
    assert main(["export", "pca", *where(home)]) == 1
    assert "is no net that torch trained" in capsys.readouterr().err


def test_a_net_that_disagrees_is_not_written(home, capsys, monkeypatch):
    monkeypatch.setattr(export, "export_onnx", lambda model: b"onnx")
    monkeypatch.setattr(export, "predict_with_onnx", lambda content, images: np.zeros((len(images), 2), np.float32))
    assert main(["export", "mlp", *where(home)]) == 1
    assert "differs from torch's by" in capsys.readouterr().err
    assert not list((home / "artifacts/runs").glob("ground-*/mlp/seed-0/model.onnx"))


def test_export_writes_a_checked_file_beside_the_model(home, capsys):
    pytest.importorskip("onnxruntime")
    assert main(["export", "mlp", *where(home)]) == 0
    (file,) = (home / "artifacts/runs").glob("ground-*/mlp/seed-0/model.onnx")
    assert f"{file.stat().st_size:,} bytes; on 8 pictures at most" in capsys.readouterr().out
