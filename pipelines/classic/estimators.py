"""The hand-crafted side's classifier and scaling as scikit-learn estimators, for pipelines and searches of one's own.

They only translate: parameters are stored as given, `fit` calls the functions of this package, fitted values end in an
underscore. A further estimator follows the same pattern: a subclass of BaseEstimator that stores parameters in
`__init__`, and `fit`, `transform` or `predict` of few lines each.
"""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from bakeoff.pipelines.classic.matrix.standardize import fit_standardizer, standardize
from bakeoff.pipelines.classic.svm.linear_svm import predict_scores, train_linear_svm

DTYPES = (np.float64, np.float32)  # a mean of 1e8 must be subtracted before its digits are lost in float32


class LinearSvmClassifier(ClassifierMixin, BaseEstimator):
    """One-vs-rest linear SVM with the squared hinge, the objective of `LinearSVC`; see `linear_svm.py`.

    C, intercept_scaling, tolerance, max_iterations: of `train_linear_svm`.
    class_weight: None, "balanced", or factors by class, as in scikit-learn.
    Fitted: classes_ (k,); coef_ (k, d) and intercept_ (k,), of one row if there are two classes; objective_; n_iter_.
    """

    def __init__(
        self,
        C: float = 1.0,  # noqa: N803 - the field's name
        class_weight: Literal["balanced"] | dict[Any, float] | None = None,
        intercept_scaling: float = 1.0,
        tolerance: float = 1e-4,
        max_iterations: int = 1000,
    ) -> None:
        self.C = C
        self.class_weight = class_weight
        self.intercept_scaling = intercept_scaling
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, X: Any, y: Any) -> LinearSvmClassifier:  # noqa: N803
        """X: (n, d).   y: (n,) of at least two classes. Warns with ConvergenceWarning if it misses its tolerance."""
        features, targets = validate_data(self, X, y, dtype=np.float32, order="C")
        check_classification_targets(targets)
        self.classes_, labels = np.unique(targets, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y must hold at least two classes, got 1 class: {self.classes_[0]}")
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=targets)
        parameters = self.get_params() | {"class_weight": weights}
        svm = train_linear_svm(features, labels, n_classes=len(self.classes_), **parameters)
        if not svm.converged:
            message = (
                f"no convergence in {svm.n_iterations} iterations: scale the features, lower C or raise max_iterations"
            )
            warnings.warn(message, ConvergenceWarning, stacklevel=2)
        self.svm_ = svm
        shown = slice(1, None) if len(self.classes_) == 2 else slice(None)
        self.coef_, self.intercept_ = svm.weights[shown], svm.bias[shown]
        self.objective_, self.n_iter_ = svm.objective, svm.n_iterations
        return self

    def decision_function(self, X: Any) -> np.ndarray:  # noqa: N803
        """float32 (n, k); with two classes (n,), positive for classes_[1]."""
        check_is_fitted(self)
        scores = predict_scores(validate_data(self, X, dtype=np.float32, order="C", reset=False), self.svm_)
        return scores[:, 1] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """The class of the highest score: (n,)."""
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]


class Standardize(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Mean 0 and deviation 1 for every feature, in float32; constant features become 0; see `standardize.py`.

    Fitted: mean_ (d,), scale_ (d,).
    """

    def fit(self, X: Any, y: Any = None) -> Standardize:  # noqa: N803
        """X: (n, d)."""
        self.standardizer_ = fit_standardizer(validate_data(self, X, dtype=DTYPES))
        self.mean_, self.scale_ = self.standardizer_.mean.numpy(), self.standardizer_.scale.numpy()
        return self

    def transform(self, X: Any) -> np.ndarray:  # noqa: N803
        """float32 (n, d)."""
        check_is_fitted(self)
        return standardize(validate_data(self, X, dtype=DTYPES, reset=False), self.standardizer_).numpy()

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
