import doctest

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from bakeoff.pipelines.classic import estimators
from bakeoff.pipelines.classic.encoding.encodings import encode_vlad
from bakeoff.pipelines.classic.estimators import DescriptorEncoder, FeatureExtractor, LinearSvmClassifier, Standardize
from bakeoff.pipelines.classic.families.bag_of_words import BagOfWords, Vlad
from bakeoff.pipelines.classic.families.descriptors import Patches
from bakeoff.pipelines.classic.families.family import encode_all
from bakeoff.pipelines.classic.families.histograms import Hog


@parametrize_with_checks(
    [
        LinearSvmClassifier(),
        LinearSvmClassifier(class_weight="balanced"),
        Standardize(),
        DescriptorEncoder("bag of words", n_components=3, n_iterations=3),
        DescriptorEncoder("vlad", n_components=3, n_iterations=3),
        DescriptorEncoder("fisher vector", n_components=2, n_iterations=3),
    ]
)
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


def test_every_docstring_has_an_example_that_holds():
    for name in ("LinearSvmClassifier", "Standardize", "FeatureExtractor", "DescriptorEncoder"):
        (example,) = doctest.DocTestFinder(recurse=False).find(getattr(estimators, name), name, globs={})
        assert example.examples, name
        assert doctest.DocTestRunner(verbose=False).run(example).failed == 0, name


PICTURES = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize("family", [Hog(), BagOfWords(Patches(), n_words=4), Vlad(Patches(), n_words=4)])
def test_an_extractor_gives_the_features_of_its_family(family):
    extractor = FeatureExtractor(family, random_state=3).fit(PICTURES[:8])
    expected = encode_all(family, family.fit(PICTURES[:8], 3), PICTURES)
    np.testing.assert_array_equal(extractor.transform(PICTURES), expected)
    assert clone(extractor).get_params() == {"family": family, "random_state": 3}


def test_an_extractor_takes_gray_pictures_without_a_channel():
    gray = PICTURES[..., 0]
    np.testing.assert_array_equal(
        FeatureExtractor().fit_transform(gray), FeatureExtractor().fit_transform(gray[..., None])
    )


def test_an_extractor_refuses_what_its_family_cannot_encode():
    with pytest.raises(ValueError, match="hog cannot encode these pictures: a HOG block needs 16 x 16 pixels"):
        FeatureExtractor().fit(PICTURES[:, :8, :8])
    with pytest.raises(ValueError, match=r"uint8 \(n, height, width, channels\) pictures, got float64"):
        FeatureExtractor().fit(PICTURES / 255)
    with pytest.raises(ValueError, match=r"pictures of \(16, 16, 3\) as in fit"):
        FeatureExtractor().fit(PICTURES).transform(PICTURES[..., :1])
    with pytest.raises(NotFittedError):
        FeatureExtractor().transform(PICTURES)


def test_families_are_searched_over_in_a_grid():
    images, labels = load_digits(return_X_y=True)
    images = (images[:300].reshape(-1, 8, 8) * 15).astype(np.uint8)
    families = [Hog(cell_sizes=(4,)), Hog(cell_sizes=(2, 4))]
    pipeline = make_pipeline(FeatureExtractor(), LinearSvmClassifier())
    grid = {"featureextractor__family": families, "linearsvmclassifier__C": [0.1, 1.0]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(images, labels[:300])
    assert search.best_params_["featureextractor__family"] == families[1]  # finer cells tell digits apart better
    assert search.best_score_ > 0.8


@pytest.mark.parametrize(("encoding", "width"), [("bag of words", 4), ("vlad", 4 * 5), ("fisher vector", 2 * 4 * 5)])
def test_an_encoder_takes_sets_of_descriptors(encoding, width):
    sets = np.random.default_rng(0).normal(size=(6, 30, 5)).astype(np.float32)
    encoder = DescriptorEncoder(encoding, n_components=4).fit(sets)
    encoded = encoder.transform(sets)
    assert encoded.shape == (6, width)
    np.testing.assert_allclose(encoder.transform(sets[:, ::-1]), encoded, atol=1e-5)  # a set has no order
    if encoding == "vlad":
        expected = encode_vlad(torch.from_numpy(sets), encoder.codebook_)
        np.testing.assert_array_equal(encoded, expected)


def test_an_encoder_names_the_encodings_that_there_are():
    with pytest.raises(ValueError, match="encoding must be one of bag of words, vlad, fisher vector, got 'bow'"):
        DescriptorEncoder("bow").fit(np.zeros((4, 2)))
