"""`python -m bakeoff.pipelines predict`: finds the model, names the class, and loses no picture to a bad file."""

import csv
import json
import os
import re
import tracemalloc
from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy.special import softmax

import bakeoff
from bakeoff.datasets.folder.load import find_pictures
from bakeoff.pipelines.__main__ import main
from bakeoff.pipelines.experiments import load_trained_model
from bakeoff.pipelines.neural import config as neural
from bakeoff.pipelines.neural.networks.perceptrons import Perceptron
from bakeoff.pipelines.predict import classifier
from bakeoff.pipelines.predict.export import export_model
from bakeoff.pipelines.predict.predict_files import rows_that_stand
from bakeoff.pipelines.results.calibrator import Calibrator
from bakeoff.pipelines.results.model import FILE_NAME, ON_REGIONS, load_stored_model, save_stored_model

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


def find_model(model, artifacts, dataset):
    found = {"model": model, "artifacts": artifacts, "dataset": str(dataset), "seed": 0, "image_size": None}
    return classifier.find_model(Namespace(**found))


def where(folder):
    return ["--dataset", str(folder / "ground"), "--artifacts", str(folder / "artifacts")]


@pytest.mark.parametrize("model", ["mlp", "pca"])
def test_names_the_class_of_a_picture(home, tmp_path, capsys, model):
    picture = save_picture(tmp_path / "new.png", TINTS["water"], 99)
    assert main(["predict", model, str(picture), *where(home)]) == 0
    out = capsys.readouterr().out
    row = next(line for line in out.splitlines() if line.startswith("new.png"))
    assert row.split()[1] == "water"
    assert row.count("%") == 2
    assert "ms a picture" in out
    assert "loaded in" in out


def test_a_run_of_another_size_is_not_taken_for_it(home, tmp_path, capsys):
    picture = str(save_picture(tmp_path / "new.png", TINTS["water"], 99))
    assert main(["predict", "pca", picture, *where(home), "--image-size", "12"]) == 0
    capsys.readouterr()
    assert main(["predict", "pca", picture, *where(home), "--image-size", "16"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "pca was trained on ground at 12 pixels, not at --image-size 16: run `bakeoff train pca" in line


@pytest.mark.parametrize("name", ["mlp", "pca"])
def test_json_holds_what_the_model_says(home, tmp_path, capsys, name):
    paths = [save_picture(tmp_path / f"{name}.png", tint, 99) for name, tint in TINTS.items()]
    assert main(["predict", name, str(tmp_path), "--json", *where(home)]) == 0
    record = json.loads(capsys.readouterr().out)
    path = find_model(name, home / "artifacts", home / "ground")
    scores = load_trained_model(path).predict_scores(np.stack([np.asarray(Image.open(path)) for path in paths]))
    assert [row["class"] for row in record["pictures"]] == list(TINTS)
    for row, expected in zip(record["pictures"], softmax(scores / record["model"]["temperature"], 1), strict=True):
        np.testing.assert_allclose(list(row["probabilities"].values()), expected, atol=1e-5)
        assert row["probability"] == row["probabilities"][row["class"]]
    assert record["model"]["threshold"]["class"] == "water"
    assert record["seconds"].keys() == {"loading", "decoding", "scoring", "n_files"}
    found = list(bakeoff.load_model(path).predict(tmp_path))
    assert [(one.file, one.class_name) for one in found] == [(row["file"], row["class"]) for row in record["pictures"]]


def test_below_the_chosen_probability_it_is_not_sure(home, tmp_path, capsys):
    for name, tint in TINTS.items():
        save_picture(tmp_path / f"{name}.png", tint, 99)
    assert main(["predict", "pca", str(tmp_path), *where(home), "--not-sure-below", "0.9999"]) == 0
    assert capsys.readouterr().out.count("not sure") == 2
    assert main(["predict", "pca", str(tmp_path), *where(home), "--not-sure-below", "0.5"]) == 0
    assert "not sure" not in capsys.readouterr().out


def test_the_wanted_class_is_named_from_the_models_own_threshold_on(home):
    path = find_model("pca", home / "artifacts", home / "ground")
    model = bakeoff.load_model(path)
    grays = [replace(model, by_threshold=True, calibrator=Calibrator(1.0, 1, one)) for one in (0.3, 0.5, 0.7)]
    chances = np.array([0.6, 0.4])
    assert [one.decide("x", chances).class_name for one in grays] == ["water", "brick", "brick"]
    assert [one.decide("x", chances).probability for one in grays] == [0.4, 0.6, 0.6]


def output_of(home, folder, name, *more):
    return ["predict", "pca", str(folder), *where(home), "--output", str(folder / name), *more]


@pytest.fixture
def folder(tmp_path):
    """Three pictures in two folders, and a file that is none."""
    save_picture(tmp_path / "a.png", TINTS["brick"], 99)
    (tmp_path / "b.png").write_bytes(b"no picture")
    save_picture(tmp_path / "deep" / "c, d.png", TINTS["water"], 99)
    save_picture(tmp_path / "deep" / "e.png", TINTS["water"], 98)
    return tmp_path


def test_every_format_holds_the_same_rows(home, folder, capsys):
    for name in ("out.csv", "out.json", "out.jsonl"):
        assert main(output_of(home, folder / ".", name)) == 1
        out, err = capsys.readouterr()
        assert out == f"{folder / name}: 4 pictures: 1 brick, 2 water\n"
        assert err == f"error: 1 pictures could not be read: see their rows' error in {folder / name}\n"
        for other in folder.glob("out.*"):
            other.rename(folder / f".{other.name}")  # hidden from the next
    lines = [json.loads(line) for line in (folder / ".out.jsonl").read_text().splitlines()]
    assert json.loads((folder / ".out.json").read_text())["pictures"] == lines
    with (folder / ".out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["file", "class", "probability", "p(brick)", "p(water)", "error"]
    assert [row["file"] for row in rows] == ["a.png", "b.png", "deep/c, d.png", "deep/e.png"]
    assert [row["error"] for row in rows] == ["", "not a picture in a format that is read here", "", ""]
    for row, line in zip(rows, lines, strict=True):
        assert row["class"] == line.get("class", "")
        assert row["p(water)"] == str(line.get("probabilities", {}).get("water", ""))


def test_the_file_itself_is_no_picture_and_nothing_else_is_left_behind(home, folder, capsys):
    for _ in range(2):
        assert main(output_of(home, folder, "out.csv")) == 1
        assert "4 pictures" in capsys.readouterr().out
    assert sorted(path.name for path in folder.iterdir()) == ["a.png", "b.png", "deep", "out.csv"]


def test_a_killed_command_goes_on_where_it_stopped(home, folder, capsys, monkeypatch):
    monkeypatch.setattr(classifier, "PICTURES_AT_A_TIME", 1)
    read, seen = classifier.read_pictures, []

    def read_or_die(files, *rest):
        seen.append(files[0].path)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return read(files, *rest)

    monkeypatch.setattr(classifier, "read_pictures", read_or_die)
    assert main(output_of(home, folder, "out.jsonl")) == 130
    (part,) = folder.glob(".out.jsonl.*.part")
    with part.open("a") as file:
        file.write('{"file": "deep/c')  # a row that a crash cut short
    assert main(output_of(home, folder, "out.jsonl")) == 1
    assert seen == ["a.png", "b.png", "deep/c, d.png", "deep/c, d.png", "deep/e.png"]
    assert "2 of 4 pictures are kept from before" in capsys.readouterr().err
    resumed = (folder / "out.jsonl").read_text()
    assert main(output_of(home, folder, "out.jsonl")) == 1
    assert (folder / "out.jsonl").read_text() == resumed
    assert not list(folder.glob(".out*"))


def test_rows_about_other_pictures_are_made_anew(tmp_path):
    journal = tmp_path / "rows"
    rows = [{"file": "a"}, {"file": "b"}, {"file": "c"}]
    journal.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert rows_that_stand(journal, iter("abc")) == 3
    assert rows_that_stand(journal, iter("aXc")) == 1
    assert journal.read_text() == '{"file": "a"}\n'
    assert rows_that_stand(tmp_path / "none", iter("abc")) == 0


@pytest.mark.slow
def test_memory_does_not_grow_with_the_folder(home, tmp_path):
    """Ten thousand files that are no pictures; their rows alone would take more."""
    for number in range(200):
        (tmp_path / f"{number:03}" / "x.png").parent.mkdir()
        (tmp_path / f"{number:03}" / "x.png").write_bytes(b"none")
    model = bakeoff.load_model(find_model("pca", home / "artifacts", home / "ground"))
    many = (file for _ in range(50) for file in find_pictures(tmp_path))
    tracemalloc.start()
    n = sum(len(batch) for batch in model.predict_batches(many))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n == 10_000
    assert peak < 3_000_000


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
    assert rows[0]["class"] == "brick"


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
        file = tmp_path / "runs" / f"ground-{fingerprint}" / "pca" / "seed-0" / FILE_NAME
        file.parent.mkdir(parents=True)
        file.touch()
        os.utime(file, (1e9 - age, 1e9 - age))
    assert "ground-0b" in str(find_model("pca", tmp_path, "some/ground"))


def test_short_names_of_data_sets_are_known(tmp_path):
    file = tmp_path / "runs" / "cues-all-0a" / "pca" / "seed-0" / FILE_NAME
    file.parent.mkdir(parents=True)
    file.touch()
    assert find_model("pca", tmp_path, "cues") == file


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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--output", "x.xls"], r"must be a file that ends in \.csv, \.json or \.jsonl, got 'x\.xls'"),
        (["--not-sure-below", "60"], "must be a probability in 0..1, such as 0.6, got '60'"),
    ],
)
def test_what_cannot_be_meant_is_said_before_any_work(capsys, words, message):
    assert main(["predict", "nothing", "nowhere", *words]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_a_model_that_disagrees_is_not_written(home, capsys, monkeypatch):
    zeros = np.zeros((16, 2), np.float32)
    monkeypatch.setattr(export_model, "export_onnx", lambda model, temperature, frame: b"onnx")
    monkeypatch.setattr(export_model, "open_session", lambda content: None)
    monkeypatch.setattr(
        export_model, "predict_with_onnx", lambda _, images: (zeros[: len(images)], zeros[: len(images)])
    )
    assert main(["export", "pca", *where(home)]) == 1
    assert "the exported model differs: the same class for 50.0% of 8 pictures" in capsys.readouterr().err
    assert not list((home / "artifacts/runs").glob("ground-*/pca/seed-0/model.onnx"))


def test_export_writes_a_checked_file_beside_the_model(home, capsys):
    pytest.importorskip("onnxruntime")
    assert main(["export", "pca", *where(home)]) == 0
    (file,) = (home / "artifacts/runs").glob("ground-*/pca/seed-0/model.onnx")
    out = capsys.readouterr().out
    assert f"{file.stat().st_size:,} bytes, opset 20; on 8 pictures the same class for 100.0%, probabilities" in out
    assert re.search(r"\d ms a picture with onnxruntime, [\d.]+ with bakeoff", out)


def test_a_model_of_regions_says_that_it_sees_whole_pictures(home, tmp_path, capsys):
    stored = load_stored_model(find_model("pca", home / "artifacts", home / "ground"))
    save_stored_model(replace(stored, reading={**stored.reading, "regions": "crop"}), tmp_path / FILE_NAME)
    picture = str(save_picture(tmp_path / "new.png", TINTS["water"], 99))
    assert main(["predict", str(tmp_path / FILE_NAME), picture]) == 0
    assert capsys.readouterr().err == f"note: {ON_REGIONS}\n"
    pytest.importorskip("onnxruntime")
    assert main(["export", str(tmp_path), picture]) == 0
    assert capsys.readouterr().err == f"note: {ON_REGIONS}\n"


def test_what_has_no_form_in_c_is_said_in_a_line(home, capsys):
    for name, reason in (("pca", "pixel pca is not written in C: only"), ("mlp", "mlp is no linear SVM on features")):
        assert main(["export", name, "--as", "c", *where(home)]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert reason in line
    assert not list((home / "artifacts/runs").glob("ground-*/*/seed-0/model.[ch]"))
