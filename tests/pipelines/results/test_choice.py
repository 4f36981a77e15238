from dataclasses import replace

import numpy as np
import pytest

from bakeoff.pipelines.results.calibrator import fit_temperature, negative_log_likelihood
from bakeoff.pipelines.results.choice import choose, validation_loss
from bakeoff.tests.pipelines.results.test_run import make_run


@pytest.mark.parametrize(
    ("scores", "losses", "n_pictures", "expected"),
    [
        ([0.60, 0.59], [1.7, 1.5], 300, 1),  # a point is noise among 300 pictures
        ([0.60, 0.59], [1.7, 1.5], 10_000, 0),  # and none among 10,000
        ([0.60, 0.50], [1.7, 1.5], 300, 0),
        ([0.60, 0.60], [1.5, 1.5], 300, 1),  # the cheaper one
        ([1.0, 0.99], [0.1, 0.01], 300, 0),  # that none is wrong is rarer by chance than that half are
    ],
)
def test_of_those_that_differ_by_noise_the_least_loss_is_chosen(scores, losses, n_pictures, expected):
    assert choose(scores, losses, [20.0, 10.0], n_pictures) == expected


def test_of_two_methods_the_better_is_chosen_more_often_than_by_accuracy():
    """Twenty classes; the better method's scores have a fifth less noise."""
    random, by_loss, by_score = np.random.default_rng(0), 0, 0
    for _ in range(60):
        labels = random.integers(0, 20, 300)
        signal = 3.0 * np.eye(20)[labels]
        found = [
            replace(
                make_run(),
                class_names=tuple("abcdefghijklmnopqrst"),
                labels=labels,
                scores=(signal + noise * random.normal(size=signal.shape)).astype(np.float32),
                validation_labels=labels,
                validation_scores=(signal + noise * random.normal(size=signal.shape)).astype(np.float32),
            )
            for noise in (1.4, 1.5)
        ]
        scores = [float((run.validation_scores.argmax(axis=1) == labels).mean()) for run in found]
        by_score += scores[0] > scores[1]
        by_loss += choose(scores, [validation_loss(run) for run in found], [1.0, 1.0], 300) == 0
    assert by_loss > by_score


def test_the_loss_does_not_ask_how_large_scores_are():
    run = make_run()
    larger = replace(run, validation_scores=10 * run.validation_scores)
    assert validation_loss(larger) == pytest.approx(validation_loss(run), rel=1e-3)
    temperature = fit_temperature(run.validation_scores, run.validation_labels)
    smoothing = 1 / (len(run.validation_labels) + 2)
    expected = negative_log_likelihood(run.validation_scores / temperature, run.validation_labels, smoothing)
    assert validation_loss(run) == pytest.approx(expected)


def test_rare_classes_weigh_as_much_where_that_is_asked():
    labels = np.repeat([0, 1], [90, 10])
    scores = np.eye(2)[np.zeros(100, dtype=int)].astype(np.float32)  # says the first class of everything
    run = replace(make_run(), class_names=("a", "b"), labels=labels, scores=scores, validation_labels=labels,
                  validation_scores=scores)  # fmt: skip
    assert validation_loss(run, is_balanced=True) > validation_loss(run) + 0.3
