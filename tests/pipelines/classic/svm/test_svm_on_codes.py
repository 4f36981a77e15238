"""Compression of a feature matrix, and a linear SVM chosen and learnt on the codes."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from bakeoff.pipelines.classic.matrix.feature_matrix import as_matrix
from bakeoff.pipelines.classic.matrix.product_quantization import (
    CHUNK_ROWS,
    ProductQuantizer,
    compress,
    compress_features,
    decompress,
    random_rotation,
)
from bakeoff.pipelines.classic.svm import cost_choice
from bakeoff.pipelines.classic.svm.cost_choice import Compression, choose_on_codes
from bakeoff.pipelines.classic.svm.linear_svm import predict_scores
from bakeoff.pipelines.classic.svm.linear_svm_sgd import SgdSettings, descend

N_CLASSES, DIMENSION = 3, 32


def make_features(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """One class after the other, as files often come; unit length, as Fisher vectors are."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) * N_CLASSES // n
    centers = np.random.default_rng(99).normal(size=(N_CLASSES, DIMENSION))
    features = 0.5 * centers[labels] + rng.normal(size=(n, DIMENSION))
    return (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float16), labels


TRAIN, TRAIN_LABELS = make_features(1500, 0)
VALIDATION, VALIDATION_LABELS = make_features(600, 1)
LABELS = {"train": TRAIN_LABELS, "validation": VALIDATION_LABELS}
GOOD = Compression(positive_weights=(1.0,), batch_size=16, n_epochs=3, patience=5)


@pytest.fixture(scope="module")
def compressed() -> tuple[np.ndarray, ProductQuantizer]:
    return compress_features(as_matrix(TRAIN), sub_dimension=8, seed=0)


def choose(compressed, compression=GOOD, **changes):
    settings = {"n_classes": N_CLASSES, "costs": (1.0,), "seed": 0} | changes
    return choose_on_codes(*compressed, LABELS, as_matrix(VALIDATION), compression=compression, **settings)


def test_codes_are_an_eighth_of_a_byte_a_value_and_those_of_the_whole_matrix_at_once(compressed):
    codes, quantizer = compressed
    assert codes.nbytes * 32 == TRAIN.size * 4
    assert len(TRAIN) > CHUNK_ROWS
    np.testing.assert_array_equal(codes, compress(torch.from_numpy(TRAIN).float(), quantizer).numpy())


def test_compression_tells_of_every_row_and_depends_on_the_seed_alone(compressed):
    told = []
    again, _ = compress_features(as_matrix(TRAIN), sub_dimension=8, seed=0, advance=told.append)
    assert sum(told) == len(TRAIN)
    np.testing.assert_array_equal(again, compressed[0])
    assert (compress_features(as_matrix(TRAIN), sub_dimension=8, seed=1)[0] != again).any()


def test_few_rows_get_as_many_words_as_there_are_rows_for():
    codes, quantizer = compress_features(as_matrix(TRAIN[:20]), sub_dimension=4, seed=0)
    assert quantizer.codebooks.shape == (8, 16, 4)
    assert codes.max() < 16


def test_learns_on_codes_nearly_as_well_as_on_the_features(compressed):
    found = choose(compressed)
    order = np.random.default_rng(0).permutation(len(TRAIN))
    rows, labels = torch.from_numpy(TRAIN[order]).float(), torch.from_numpy(TRAIN_LABELS[order])
    epochs = descend(lambda: [(rows, labels)], len(rows), N_CLASSES, SgdSettings(batch_size=16), seed=0)
    *_, plain = islice(epochs, 3)
    ours = predict_scores(VALIDATION, found.svm).argmax(axis=1)
    theirs = (VALIDATION @ plain.average.numpy().T + plain.average_bias.numpy()).argmax(axis=1)
    assert (theirs == VALIDATION_LABELS).mean() > 0.9
    assert (ours == VALIDATION_LABELS).mean() > (theirs == VALIDATION_LABELS).mean() - 0.05


def test_with_exact_codes_it_is_the_descent_on_the_features_rotated_back():
    """Rows that are the words: nothing is lost, so weights must be those of the rotated features, turned back."""
    rotation = random_rotation(4, seed=0)
    rows = torch.eye(4)
    codebooks = rotation.apply(rows).view(4, 2, 2).transpose(0, 1).contiguous()
    quantizer = ProductQuantizer(rotation, codebooks)
    codes = compress(rows, quantizer)
    torch.testing.assert_close(rotation.invert(decompress(codes, quantizer)), rows, atol=1e-6, rtol=0)
    labels = np.array([0, 0, 1, 1])
    found = choose_on_codes(
        codes.numpy(),
        quantizer,
        {"train": labels, "validation": labels},
        as_matrix(rows),
        n_classes=2,
        costs=(1.0,),
        compression=replace(GOOD, batch_size=4),
        seed=0,
    )
    expected = next(descend(lambda: [(rows, torch.from_numpy(labels))], 4, 2, SgdSettings(batch_size=4), seed=0))
    assert found.trials[0]["settings"]["epochs"] == 1  # the first epoch is already right for all rows
    np.testing.assert_allclose(found.svm.weights, expected.average, atol=1e-5)
    np.testing.assert_allclose(found.svm.bias, expected.average_bias, atol=1e-5)


def test_takes_the_setting_that_is_best_on_validation(compressed):
    choice = choose(compressed, replace(GOOD, positive_weights=(1e-6, 1.0), n_epochs=1), costs=(1.0, 2.0))
    scores = [trial["validation_score"] for trial in choice.trials]
    assert scores[1] > scores[0]
    predictions = predict_scores(VALIDATION, choice.svm).argmax(axis=1)
    assert (predictions == VALIDATION_LABELS).mean() == max(scores)
    assert choice.trials[int(np.argmax(scores))]["settings"]["C"] == choice.C
    tried = [(trial["settings"]["C"], trial["settings"]["positive_weight"]) for trial in choice.trials]
    assert tried == [(1.0, 1e-6), (1.0, 1.0), (2.0, 1e-6), (2.0, 1.0)]
    assert all(trial["seconds"] > 0 for trial in choice.trials)


def test_keeps_the_best_epoch_and_stops_when_none_is_better(compressed, monkeypatch):
    accuracies = iter([0.5, 0.7, 0.6, 0.7, 0.9])
    n_right = {a: np.arange(600) < a * 600 for a in (0.5, 0.6, 0.7, 0.9)}

    def scores_of(features, svm):
        wrong = (VALIDATION_LABELS + 1) % N_CLASSES
        answers = np.where(n_right[next(accuracies)], VALIDATION_LABELS, wrong)
        return np.eye(N_CLASSES)[answers]

    monkeypatch.setattr(cost_choice, "predict_scores", scores_of)
    told = []
    choice = choose(compressed, replace(GOOD, n_epochs=9, patience=2), on_epoch=told.append)
    assert told == [0.5, 0.7, 0.6, 0.7]
    assert choice.trials[0]["settings"]["epochs"] == 2
    assert choice.trials[0]["validation_score"] == 0.7


def test_never_holds_more_than_a_chunk_of_decoded_rows(compressed, monkeypatch):
    sizes = []

    def watch(codes, quantizer, **settings):
        sizes.append(len(codes))
        return decompress(codes, quantizer, **settings)

    monkeypatch.setattr(cost_choice, "decompress", watch)
    choose(compressed, replace(GOOD, n_epochs=2))
    assert sizes == [CHUNK_ROWS, 1500 - CHUNK_ROWS] * 2
