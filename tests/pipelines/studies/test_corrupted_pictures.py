import numpy as np
import pytest
from PIL import Image

from bakeoff.datasets.corruptions.corrupt import CORRUPTIONS
from bakeoff.pipelines.__main__ import main
from bakeoff.pipelines.results.study import drawn_pictures, load_studies
from bakeoff.pipelines.studies import corrupted_pictures

SMALL = corrupted_pictures.Settings(n_pictures=6, severities=(1, 5))


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """The arguments of a command on two classes of gray pictures, on which `pca` was trained."""
    for seed, name in enumerate(("dark", "light")):
        (tmp_path / "tones" / name).mkdir(parents=True)
        for number in range(30):
            pixels = np.random.default_rng([seed, number]).integers(0, 150, (16, 16)) + 80 * seed
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "tones" / name / f"{number}.png")
    common = ["--dataset", str(tmp_path / "tones"), "--image-size", "16", "--artifacts", str(tmp_path / "artifacts")]
    monkeypatch.setitem(corrupted_pictures.PROFILES, "full", SMALL)
    assert main(["train", "pca", *common]) == 0
    return common


def load(tmp_path):
    (folder,) = (tmp_path / "artifacts" / "runs").iterdir()
    return load_studies(folder)["robustness"]


def test_every_change_has_its_rows_and_the_second_time_no_model_is_read(trained, tmp_path, monkeypatch):
    assert main(["study", "robustness", *trained]) == 0
    study = load(tmp_path)
    counts = {kind: sum(row["kind"] == kind for row in study.rows) for kind in ("clean", "corruption")}
    gray = [corruption for corruption in CORRUPTIONS if not corruption.needs_color]
    assert counts == {"clean": 1, "corruption": 2 * len(gray)}
    assert len(study.rows) == sum(counts.values())
    monkeypatch.setattr(corrupted_pictures, "load_trained_model", lambda folder: pytest.fail("a model was read"))
    assert main(["study", "robustness", *trained]) == 0
    assert load(tmp_path).rows == study.rows


def test_an_experiment_without_a_run_is_named_with_the_way_out(trained, capsys):
    assert main(["study", "robustness", "--experiments", "hog", *trained]) == 1
    assert "no saved run of hog on tones with seed 0: run `bakeoff train hog` first" in capsys.readouterr().err


def test_an_unknown_study_is_named_with_those_there_are(trained, capsys):
    assert main(["study", "weather", *trained]) == 1
    assert "there is no study 'weather'; choose from: learning-curves, " in capsys.readouterr().err


def test_fewer_pictures_are_among_those_of_more():
    few, many = (drawn_pictures(100, n, seed=3) for n in (10, 40))
    assert set(few) <= set(many)
    assert len(drawn_pictures(5, 40, seed=0)) == 5
