from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from pipelines.classic.estimators import ImageFeatures, LinearSvmClassifier, Standardize
from pipelines.classic.families.family import encode_all
from pipelines.classic.families.histograms import ColorHistogram, Hog
from pipelines.classic.families.pixels import PixelPca

RANDOM = np.random.default_rng(0)
LABELS = np.arange(60) % 3
IMAGES = RANDOM.integers(0, 90, (60, 16, 16, 3), dtype=np.uint8)
IMAGES[LABELS == 1, ::4] += 120
IMAGES[LABELS == 2, :, ::4] += 120
NAMES = np.array(["none", "lying", "standing"])[LABELS]


def expected_failures(estimator):
    return {"check_class_weight_classifiers": "weights are None or balanced, not a number for each class"}


@parametrize_with_checks([Standardize(), LinearSvmClassifier()], expected_failed_checks=expected_failures)
def test_keeps_to_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)


def test_image_features_are_those_of_the_family():
    family = PixelPca(n_components=4)
    expected = encode_all(family, family.fit(IMAGES[:40], 0), IMAGES[40:])
    np.testing.assert_array_equal(ImageFeatures(family).fit(IMAGES[:40]).transform(IMAGES[40:]), expected)


def test_a_clone_has_the_settings_and_nothing_learnt():
    fitted = ImageFeatures(Hog(cell_sizes=(8,)), seed=5).fit(IMAGES)
    again = clone(fitted)
    assert again.get_params() == {"family": Hog(cell_sizes=(8,)), "seed": 5}
    assert not hasattr(again, "state_")


def test_works_in_a_pipeline_and_a_search_over_families_and_costs():
    pipeline = make_pipeline(ImageFeatures(Hog()), Standardize(), LinearSvmClassifier())
    settings = {
        "imagefeatures__family": [ColorHistogram(n_bins=2, grids=(1,)), Hog(cell_sizes=(4,))],
        "linearsvmclassifier__C": [0.01, 0.1],
    }
    search = GridSearchCV(pipeline, settings, cv=3).fit(IMAGES, NAMES)
    assert search.best_params_["imagefeatures__family"] == Hog(cell_sizes=(4,))
    assert search.best_score_ > 0.9
    assert set(search.predict(IMAGES)) == set(NAMES)


def test_feature_names_tell_the_length():
    features = ImageFeatures(PixelPca(n_components=3)).fit(IMAGES)
    assert list(features.get_feature_names_out()) == ["imagefeatures0", "imagefeatures1", "imagefeatures2"]


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES.astype(np.float32), "must be uint8"),
        (IMAGES[0], r"must be uint8 \(n, height"),
        (IMAGES[:0], "got uint8 .0, 16"),
        (IMAGES[..., :1], "color histogram cannot be applied: it needs color"),
    ],
)
def test_refuses_what_it_cannot_learn_from(images, message):
    with pytest.raises(ValueError, match=message):
        ImageFeatures(ColorHistogram()).fit(images)


def test_refuses_pictures_of_another_shape_than_it_learnt():
    with pytest.raises(ValueError, match="as in fit, got"):
        ImageFeatures(Hog(cell_sizes=(4,))).fit(IMAGES).transform(IMAGES[:, :12])


def test_standardize_agrees_with_scikit_learn():
    rows = RANDOM.gamma(2.0, size=(50, 4)) + 10
    expected = StandardScaler().fit_transform(rows)
    np.testing.assert_allclose(Standardize().fit_transform(rows), expected, atol=1e-4)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_the_classifier_finds_the_planes_of_liblinear(n_classes, class_weight):
    labels = np.minimum(RANDOM.integers(0, 5, 300), n_classes - 1)
    rows = RANDOM.normal(size=(300, 5)) + 2 * np.eye(5)[labels]
    ours = LinearSvmClassifier(C=0.5, class_weight=class_weight, tolerance=1e-7).fit(rows, labels)
    theirs = LinearSVC(C=0.5, class_weight=class_weight, dual=False, tol=1e-8).fit(rows, labels)
    assert ours.coef_.shape == theirs.coef_.shape
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=2e-3)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=2e-3)
    np.testing.assert_allclose(ours.decision_function(rows), theirs.decision_function(rows), atol=1e-2)


def test_an_unknown_class_weight_is_refused():
    with pytest.raises(ValueError, match="class_weight must be None or 'balanced', got 'even'"):
        LinearSvmClassifier(class_weight="even").fit(RANDOM.normal(size=(4, 2)), [0, 1, 0, 1])
