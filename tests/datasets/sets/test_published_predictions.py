import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from bakeoff.datasets.sets import published_predictions
from bakeoff.datasets.sets.cifar import CIFAR10, load_cifar
from bakeoff.datasets.sets.published_predictions import (
    FOLDER,
    MODELS,
    has_published_predictions,
    load_published_predictions,
)


def publish(folder, model, answers, suffix=""):
    """Write a model's answers; returns the model with their checksum."""
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(answers).encode()
    (folder / f"{model.file}{suffix}.json").write_bytes(content)
    return model._replace(sha256=hashlib.sha256(content).hexdigest())


def test_what_is_there_is_read(tmp_path):
    models = tuple(publish(tmp_path / FOLDER, model, [row, 3, 1]) for row, model in enumerate(MODELS[:2]))
    loaded = load_published_predictions(tmp_path, models)
    assert [model for model, _ in loaded] == list(models)
    assert [predictions.tolist() for _, predictions in loaded] == [[0, 3, 1], [1, 3, 1]]
    assert loaded[0][1].dtype == np.int64


def test_a_changed_file_is_refused(tmp_path):
    publish(tmp_path / FOLDER, MODELS[0], [0, 1])
    with pytest.raises(
        ValueError, match=r"random_features_32k_no_aug.json must be the published file with SHA-256 9fbe"
    ):
        load_published_predictions(tmp_path, MODELS[:1])


def test_what_is_missing_is_downloaded_once(tmp_path, server, monkeypatch):
    web, address = server
    monkeypatch.setattr(published_predictions, "URL", address)
    model = publish(web, MODELS[0], [4, 2], suffix="_predictions")
    first = load_published_predictions(tmp_path, (model,))
    (web / f"{model.file}_predictions.json").unlink()
    second = load_published_predictions(tmp_path, (model,))
    assert first[0][1].tolist() == second[0][1].tolist() == [4, 2]


def test_a_download_that_is_not_what_was_published_is_refused(tmp_path, server, monkeypatch):
    web, address = server
    monkeypatch.setattr(published_predictions, "URL", address)
    publish(web, MODELS[0], [4, 2], suffix="_predictions")
    with pytest.raises(OSError, match=r"random_features_32k_no_aug.json is missing and could not be downloaded"):
        load_published_predictions(tmp_path, MODELS[:1])
    assert not (tmp_path / FOLDER / f"{MODELS[0].file}.json").exists()


def test_guests_come_by_the_labels_and_not_by_the_name(monkeypatch):
    labels = np.array([3, 8, 8, 0, 6])
    monkeypatch.setattr(published_predictions, "TEST_LABELS_SHA256", hashlib.sha256(bytes([3, 8, 8, 0, 6])).hexdigest())
    assert has_published_predictions(labels)
    assert not has_published_predictions(labels[::-1])
    assert not has_published_predictions(labels + 256)
    assert not has_published_predictions(labels[:0])


@pytest.mark.data
@pytest.mark.skipif(not os.environ.get("DATA_ROOT"), reason="DATA_ROOT names no folder of data sets")
def test_published_accuracies_come_out():
    root = Path(os.environ["DATA_ROOT"])
    labels = load_cifar(CIFAR10, root).test.labels
    assert has_published_predictions(labels)
    accuracies = [float((predictions == labels).mean()) for _, predictions in load_published_predictions(root)]
    assert accuracies == pytest.approx([0.8331, 0.8497, 0.8420, 0.8563, 0.8198, 0.8854, 0.9359])
