import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.svm import LinearSVC

from bakeoff.pipelines.classic.svm import cost_choice
from bakeoff.pipelines.classic.svm.cost_choice import MOST_ADDED, choose_cost, has_fallen
from bakeoff.pipelines.classic.svm.linear_svm import LinearSvm, predict_scores, train_linear_svm
from bakeoff.tests.pipelines.classic.svm.test_linear_svm import GOOD, overlapping_classes


def test_choice_of_cost_takes_the_best_on_validation_and_the_smallest_among_equals():
    features, labels = overlapping_classes(n=900, d=100)
    choice = choose_cost(
        features[:300],
        labels[:300],
        features[300:],
        labels[300:],
        n_classes=4,
        costs=(1.0, 1e-4, 0.01),
    )
    costs, scores = zip(*[(t["settings"]["C"], t["validation_score"]) for t in choice.trials], strict=True)
    assert costs == (1e-4, 0.01, 1.0)
    assert costs[int(np.argmax(scores))] == choice.C
    assert len(set(scores)) > 1
    assert (predict_scores(features[300:], choice.svm).argmax(axis=1) == labels[300:]).mean() == max(scores)
    assert all(trial["seconds"] > 0 for trial in choice.trials)
    direct = train_linear_svm(features[:300], labels[:300], n_classes=4, C=choice.C)
    assert choice.svm.objective == pytest.approx(direct.objective, rel=2e-4)


def test_choice_of_cost_names_what_is_wrong():
    labels = np.array([0, 1, 2, 0])
    with pytest.raises(ValueError, match="at least one C"):
        choose_cost(GOOD, labels, GOOD, labels, n_classes=3, costs=())
    with pytest.raises(ValueError, match="NaN, infinity"):
        choose_cost(GOOD * np.nan, labels, GOOD, labels, n_classes=3, costs=(1.0,))


def choose_by_table(monkeypatch, table: dict[float, float], costs: tuple[float, ...], n_validation: int = 1000):
    """Runs the ladder with accuracies from a table; returns what was tried, in order, and the choice."""
    tried = []

    def train(features, labels, *, C, **settings):  # noqa: N803
        tried.append(C)
        return LinearSvm(np.full((2, 4), C), np.zeros(2))

    def score(features, svm):
        right = round(table[min(table, key=lambda cost: abs(np.log(cost / svm.weights[0, 0])))] * n_validation)
        return np.eye(2)[(np.arange(n_validation) >= right).astype(int)]

    monkeypatch.setattr(cost_choice, "train_linear_svm", train)
    monkeypatch.setattr(cost_choice, "predict_scores", score)
    labels = np.array([0, 1, 1, 0])
    validation = np.zeros(n_validation, dtype=int)
    choice = choose_cost(GOOD, labels, GOOD, validation, n_classes=2, costs=costs)
    return tried, choice


LADDER = (0.01, 0.1, 1.0, 10.0, 100.0)


def test_larger_costs_are_left_out_once_accuracy_has_clearly_fallen(monkeypatch):
    tried, choice = choose_by_table(monkeypatch, dict(zip(LADDER, (0.5, 0.8, 0.7, 0.6, 0.99), strict=True)), LADDER)
    assert (tried, choice.C) == ([0.01, 0.1, 1.0], 0.1)  # one fall of 10 points is eight standard errors
    tried, choice = choose_by_table(monkeypatch, dict(zip(LADDER, (0.5, 0.8, 0.78, 0.78, 0.99), strict=True)), LADDER)
    assert (tried, choice.C) == ([0.01, 0.1, 1.0, 10.0], 0.1)  # two of 1.6
    assert [trial["settings"]["C"] for trial in choice.trials] == tried


def test_noise_is_no_fall(monkeypatch):
    tried, _ = choose_by_table(monkeypatch, dict(zip(LADDER, (0.5, 0.8, 0.79, 0.795, 0.79), strict=True)), LADDER)
    assert tried == list(LADDER)


def test_the_ladder_grows_where_its_end_is_the_best(monkeypatch):
    table = {1e-4: 0.6, 1e-3: 0.7, 0.01: 0.65, 0.1: 0.63, 1.0: 0.75, 10.0: 0.8, 100.0: 0.78}
    tried, choice = choose_by_table(monkeypatch, table, (0.01, 0.1, 1.0))
    np.testing.assert_allclose(tried, [0.01, 0.1, 1.0, 10.0, 100.0, 1e-3, 1e-4])
    assert pytest.approx(10.0) == choice.C
    costs = [trial["settings"]["C"] for trial in choice.trials]
    assert costs == sorted(costs)


def test_the_ladder_does_not_grow_without_end_nor_on_a_plateau(monkeypatch):
    tried, _ = choose_by_table(monkeypatch, {10.0**k: 0.5 + 0.04 * k for k in range(10)}, (1.0, 10.0))
    assert len(tried) == 2 + MOST_ADDED
    tried, choice = choose_by_table(monkeypatch, {1.0: 0.9}, LADDER)
    assert (tried, choice.C) == (list(LADDER), 0.01)
    assert choose_by_table(monkeypatch, {1.0: 0.9}, (2.0,))[0] == [2.0]


def test_has_fallen_by_hand():
    # p = 0.5 of 100 pictures: the standard error is 0.05.
    assert not has_fallen([0.5], 100)
    assert not has_fallen([0.5, 0.36], 100)
    assert has_fallen([0.5, 0.34], 100)
    assert not has_fallen([0.5, 0.44, 0.46], 100)
    assert has_fallen([0.5, 0.44, 0.44], 100)


def test_with_balanced_classes_the_choice_is_by_balanced_accuracy_and_equals_linear_svc():
    features, labels = overlapping_classes(n=1500, d=20)
    kept = (labels > 0) | (np.arange(len(labels)) % 12 == 0)  # class 0 is rare
    features, labels = features[kept], labels[kept]
    half = len(labels) // 2
    train, validation = (features[:half], labels[:half]), (features[half:], labels[half:])
    settings = {"n_classes": 4, "costs": (1e-3, 1e-2), "tolerance": 1e-7}
    choice = choose_cost(*train, *validation, class_weight="balanced", **settings)
    scores = {}
    for trial in choice.trials:
        C = trial["settings"]["C"]  # noqa: N806
        peer = LinearSVC(C=C, class_weight="balanced", tol=1e-8, max_iter=100_000, dual=False).fit(*train)
        scores[C] = balanced_accuracy_score(validation[1], peer.predict(validation[0]))
        assert trial["validation_score"] == pytest.approx(scores[C], abs=0.01)
    assert scores[choice.C] >= max(scores.values()) - 0.01
    plain = choose_cost(*train, *validation, **settings)
    rare = validation[1] == 0
    found, without = (
        (predict_scores(validation[0], svm).argmax(axis=1)[rare] == 0).mean() for svm in (choice.svm, plain.svm)
    )
    assert found > without + 0.1
