import numpy as np
import pytest
from sklearn.datasets import load_digits, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from bakeoff.pipelines.classic.estimators import LinearSvmClassifier, Standardize


@parametrize_with_checks([LinearSvmClassifier(), LinearSvmClassifier(class_weight="balanced"), Standardize()])
def test_keeps_every_convention_of_scikit_learn(estimator, check):
    check(estimator)


def problem(n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    X, y = make_classification(300, 20, n_informative=10, n_classes=n_classes, flip_y=0.2, random_state=0)  # noqa: N806
    return X, np.array(["ant", "bee", "cow", "dog"])[y]


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_equals_linear_svc(n_classes, class_weight):
    X, y = problem(n_classes)  # noqa: N806
    peer = LinearSVC(C=0.1, class_weight=class_weight, tol=1e-8, max_iter=100_000, dual=False).fit(X, y)
    ours = LinearSvmClassifier(C=0.1, class_weight=class_weight, tolerance=1e-7).fit(X, y)
    assert ours.coef_.shape == peer.coef_.shape
    assert ours.decision_function(X).shape == peer.decision_function(X).shape
    np.testing.assert_allclose(ours.decision_function(X), peer.decision_function(X), atol=2e-3)
    np.testing.assert_allclose(ours.intercept_, peer.intercept_, atol=1e-3)
    assert (ours.predict(X) == peer.predict(X)).mean() > 0.995


def test_standardize_equals_standard_scaler():
    X, _ = problem(4)  # noqa: N806
    np.testing.assert_allclose(Standardize().fit_transform(X), StandardScaler().fit_transform(X), atol=1e-5)


def test_standardize_equals_standard_scaler_far_from_zero():
    X, _ = problem(4)  # noqa: N806
    far = X + np.logspace(0, 8, X.shape[1])
    np.testing.assert_allclose(Standardize().fit_transform(far), StandardScaler().fit_transform(far), atol=1e-5)


def test_works_in_a_pipeline_under_a_search():
    X, y = problem(4)  # noqa: N806
    search = GridSearchCV(
        make_pipeline(Standardize(), LinearSvmClassifier()), {"linearsvmclassifier__C": [1e-4, 1e-2]}, cv=3
    ).fit(X, y)
    assert search.best_score_ > 0.4
    assert list(search.best_estimator_[0].get_feature_names_out(list("abcdefghijklmnopqrst"))) == list(
        "abcdefghijklmnopqrst"
    )


def test_warns_when_it_has_not_converged():
    X, y = problem(4)  # noqa: N806
    with pytest.warns(ConvergenceWarning, match="no convergence in 2 iterations"):
        LinearSvmClassifier(max_iterations=2, tolerance=1e-9).fit(X, y)


def test_warns_when_the_features_are_too_large_for_float32_to_reach_the_optimum():
    X, y = load_digits(return_X_y=True)  # noqa: N806
    with pytest.warns(ConvergenceWarning, match="scale the features"):
        LinearSvmClassifier().fit(X[:300] * 1e18, y[:300])


def test_names_what_is_wrong():
    X, y = problem(2)  # noqa: N806
    with pytest.raises(ValueError, match="at least two classes, got 1 class: bee"):
        LinearSvmClassifier().fit(X[y == "bee"], y[y == "bee"])
    with pytest.raises(ValueError, match="C must be positive, got -1"):
        LinearSvmClassifier(C=-1).fit(X, y)
