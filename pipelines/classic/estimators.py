"""The parts of the hand-crafted side as scikit-learn estimators, for its pipelines, searches and cross-validation.

make_pipeline(ImageFeatures(Hog()), Standardize(), LinearSvmClassifier(C=0.1)).fit(images, labels)
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    OneToOneFeatureMixin,
    TransformerMixin,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from pipelines.classic.families.family import FeatureFamily, encode_all
from pipelines.classic.linear_svm import ClassWeight, LinearSvm, predict_scores, train_linear_svm
from pipelines.classic.standardize import fit_standardizer, standardize


class ImageFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Pictures, uint8 (n, height, width, 1 or 3), to the features of a family, float32 (n, length).

    family: which features.   seed: of what the family draws at random.
    Learnt: state_, what the family's `fit` returned; image_shape_, (height, width, channels).
    """

    def __init__(self, family: FeatureFamily, seed: int = 0) -> None:
        self.family = family
        self.seed = seed

    def fit(self, X: np.ndarray, y: object = None) -> ImageFeatures:  # noqa: N803 - scikit-learn's name
        """Learn from training pictures. Raises ValueError for what is no picture, or cannot feed the family."""
        images = _check_images(X)
        self.image_shape_ = images.shape[1:]
        refusal = self.family.refusal(self.image_shape_)
        if refusal:
            raise ValueError(f"{self.family.name} cannot be applied: {refusal}")
        self.state_ = self.family.fit(images, self.seed)
        self._n_features_out = encode_all(self.family, self.state_, images[:1]).shape[1]
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        """float32 (n, length). Raises ValueError if the pictures have another shape than those of `fit`."""
        check_is_fitted(self)
        images = _check_images(X)
        if images.shape[1:] != self.image_shape_:
            raise ValueError(f"images must have shape (n, *{self.image_shape_}) as in fit, got {images.shape}")
        return encode_all(self.family, self.state_, images)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


class Standardize(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Every feature to mean 0 and deviation 1 over the training rows, in float32; a constant feature becomes 0.

    Learnt: standardizer_, its mean and scale.
    """

    def fit(self, X: Any, y: object = None) -> Standardize:  # noqa: N803
        self.standardizer_ = fit_standardizer(validate_data(self, X, dtype=np.float32))
        return self

    def transform(self, X: Any) -> np.ndarray:  # noqa: N803
        """float32 (n, d)."""
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float32, reset=False)
        return standardize(rows, self.standardizer_).numpy()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class LinearSvmClassifier(ClassifierMixin, BaseEstimator):
    """One-vs-rest linear SVM with the squared hinge, see `linear_svm`.

    C: cost of a row on the wrong side.   class_weight: None or "balanced".   tolerance: relative, on the objective.
    Learnt: classes_; coef_ (k, d) and intercept_ (k,), one row alone for two classes; n_iter_.
    """

    def __init__(
        self,
        C: float = 1.0,  # noqa: N803
        class_weight: ClassWeight = None,
        tolerance: float = 1e-3,
    ) -> None:
        self.C = C
        self.class_weight = class_weight
        self.tolerance = tolerance

    def fit(self, X: Any, y: Any) -> LinearSvmClassifier:  # noqa: N803
        """X: (n, d).   y: (n,), classes of any kind, at least two of them."""
        if self.class_weight not in (None, "balanced"):
            raise ValueError(f"class_weight must be None or 'balanced', got {self.class_weight!r}")
        rows, y = validate_data(self, X, y, dtype=np.float32)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y must hold at least two classes, got one class, {self.classes_[0]!r}")
        svm = train_linear_svm(
            rows,
            labels,
            n_classes=len(self.classes_),
            C=self.C,
            class_weight=self.class_weight,
            tolerance=self.tolerance,
        )
        one_plane = slice(1, None) if len(self.classes_) == 2 else slice(None)
        self.coef_, self.intercept_ = svm.weights[one_plane], svm.bias[one_plane]
        self.svm_, self.n_iter_ = svm, svm.n_iterations
        return self

    def decision_function(self, X: Any) -> np.ndarray:  # noqa: N803
        """float32 (n, k); (n,) for two classes, positive for the second."""
        scores = self._scores(X)
        return scores[:, 1] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """The class of the highest score of each row."""
        best = self._scores(X).argmax(axis=1)
        return self.classes_[best]

    def _scores(self, X: Any) -> np.ndarray:  # noqa: N803
        check_is_fitted(self)
        svm: LinearSvm = self.svm_
        return predict_scores(validate_data(self, X, dtype=np.float32, reset=False), svm)


def _check_images(images: Any) -> np.ndarray:
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[3] not in (1, 3) or images.dtype != np.uint8 or len(images) == 0:
        raise ValueError(f"images must be uint8 (n, height, width, 1 or 3), got {images.dtype} {images.shape}")
    return images
