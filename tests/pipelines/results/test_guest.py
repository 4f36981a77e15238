import json
from types import SimpleNamespace

import numpy as np
import pytest

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.sets import published_predictions
from bakeoff.pipelines.results.guest import FILE_NAME, Guest, keep_guests, load_guests, save_guests
from bakeoff.pipelines.results.run import task_folder

GUESTS = (
    Guest("net", "A net", "end-to-end", "a paper", np.array([0, 1, 2], np.int64)),
    Guest("patches", "Patches", "hand-crafted", "a paper", np.array([2, 1, 0], np.int64)),
)


def test_guests_come_back_as_they_were_saved(tmp_path):
    save_guests(GUESTS, tmp_path)
    loaded = load_guests(tmp_path)
    assert [(g.name, g.title, g.side, g.source) for g in loaded] == [
        (g.name, g.title, g.side, g.source) for g in GUESTS
    ]
    for guest, expected in zip(loaded, GUESTS, strict=True):
        np.testing.assert_array_equal(guest.predictions, expected.predictions)


def test_a_task_without_guests_has_none(tmp_path):
    assert load_guests(tmp_path) == ()


def one(predictions):
    return json.dumps({"schema": 1, "guests": [{"name": "n", "predictions": predictions} | OTHERS]})


OTHERS = {"title": "", "side": "end-to-end", "source": ""}


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"schema": 9, "guests": []}', '{"schema": 1, "guests": [{"name": "n"}]}', one([-1]), one(["a"])],
)
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / FILE_NAME).write_text(content)
    with pytest.raises(ValueError, match=r"guests\.json is damaged"):
        load_guests(tmp_path)


@pytest.mark.parametrize("predictions", [np.zeros((2, 2), np.int64), np.zeros(2, np.int32), np.array([-1])])
def test_predictions_that_are_no_classes_are_refused(predictions):
    with pytest.raises(ValueError, match="predictions of net must be int64"):
        Guest("net", "", "end-to-end", "", predictions)


@pytest.mark.parametrize("offline", [False, True])
def test_published_models_are_kept_once_and_a_report_goes_without_them_where_they_cannot_be_had(
    tmp_path, monkeypatch, offline
):
    images = np.zeros((3, 2, 2, 1), np.uint8)
    dataset = Dataset("three", ("a", "b", "c"), *[Split(images, np.arange(3))] * 3)
    model = SimpleNamespace(name="net", title="A net", side="end-to-end")

    def load(data_root):
        if offline:
            raise OSError("no network")
        return [(model, np.arange(3))]

    monkeypatch.setattr(published_predictions, "has_published_predictions", lambda labels: True)
    monkeypatch.setattr(published_predictions, "load_published_predictions", load)
    told = []
    keep_guests(dataset, None, tmp_path, told.append)
    found = load_guests(task_folder(tmp_path, "three", dataset.fingerprint()))
    assert [(guest.name, guest.side) for guest in found] == ([] if offline else [("net", "end-to-end")])
    assert told == (["the report goes without published models: no network"] if offline else [])
