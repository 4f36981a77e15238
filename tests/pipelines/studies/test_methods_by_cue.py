import numpy as np
import pytest

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.sets.cues import CUES, load_cues
from bakeoff.pipelines.experiments import choose_experiments
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.run import NotApplicableError
from bakeoff.pipelines.studies import methods_by_cue
from bakeoff.pipelines.studies.request import Draws, Request


@pytest.fixture(scope="module")
def loaded():
    return {cue: load_cues(cue) for cue in ("color", "shape")}


@pytest.fixture
def few_pictures(loaded, monkeypatch):
    """Two cues, and a fifth of their pictures."""

    def load(cue: str) -> Dataset:
        whole = loaded[cue]
        parts = {name: split.take(np.arange(0, len(split), 5)) for name, split in whole.splits.items()}
        return Dataset(whole.name, whole.class_names, parts["train"], parts["validation"], parts["test"])

    monkeypatch.setattr(methods_by_cue, "load_cues", load)
    monkeypatch.setattr(methods_by_cue, "CUES", ("color", "shape"))
    monkeypatch.setitem(
        methods_by_cue.PROFILES,
        "quick",
        methods_by_cue.Settings(("color-histogram", "hog"), sizes=(10, 40), draws=Draws(1)),
    )
    return load("color")


@pytest.mark.slow
def test_the_histogram_sees_color_alone_and_hog_shape(few_pictures, tmp_path):
    study = methods_by_cue.run(Request(few_pictures, Workspace(tmp_path)))
    found = {(r["cue"], r["experiment"], r["per_class"]): r["accuracy"] for r in study.rows}
    assert len(found) == 8
    assert found["color", "color-histogram", 40] > found["color", "hog", 40] + 0.3
    assert found["shape", "hog", 40] > found["shape", "color-histogram", 40] + 0.1
    assert {cue: pictures.shape for cue, pictures in study.pictures.items()} == dict.fromkeys(
        ("color", "shape"), (12, 32, 32, 3)
    )


def test_examples_are_two_of_each_class_in_order(loaded):
    split = loaded["shape"].test
    shown = methods_by_cue.examples(split)
    owners = [next(i for i, image in enumerate(split.images) if (image == one).all()) for one in shown]
    assert split.labels[owners].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_the_largest_comes_first_and_every_cue_has_every_method(few_pictures):
    methods = choose_experiments(("color-histogram", "hog"))
    points = list(
        methods_by_cue.variants(few_pictures, methods, methods_by_cue.Settings((), (10, 40), Draws(2, few=60)), seed=0)
    )
    assert [len(point.dataset.train) for point in points] == [240] * 4 + [60] * 8
    assert [point.seed for point in points] == [0] * 4 + [0, 0, 1, 1] * 2
    assert {point.facts["cue"] for point in points} == {"color", "shape"}


def test_other_pictures_are_not_its_business(few_pictures, tmp_path):
    photos = Dataset("photos", *(getattr(few_pictures, n) for n in ("class_names", "train", "validation", "test")))
    with pytest.raises(NotApplicableError, match="not photos: --dataset cues"):
        methods_by_cue.run(Request(photos, Workspace(tmp_path)))


def test_the_full_profile_studies_every_cue():
    assert set(CUES) == {"color", "texture", "shape", "layout", "all"}
    assert {"mlp", "alexnet", "classic"} <= set(methods_by_cue.PROFILES["full"].experiments)
