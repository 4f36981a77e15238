"""The hand-crafted side as scikit-learn estimators, for pipelines and searches of one's own.

They only translate: parameters are stored as given, `fit` calls the functions of this package, fitted values end in an
underscore.
"""

import warnings
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, OneToOneFeatureMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Tags
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from bakeoff.pipelines.classic.codebook.gaussian_mixture import fit_gaussian_mixture
from bakeoff.pipelines.classic.codebook.kmeans import fit_kmeans
from bakeoff.pipelines.classic.encoding.encodings import encode_bag_of_words, encode_fisher_vector, encode_vlad
from bakeoff.pipelines.classic.families.family import FeatureFamily, encode_all
from bakeoff.pipelines.classic.families.histograms import Hog
from bakeoff.pipelines.classic.matrix.projections import fit_standardizer, standardize
from bakeoff.pipelines.classic.svm.linear_svm import predict_scores, train_linear_svm

DTYPES = (np.float64, np.float32)  # a mean of 1e8 must be subtracted before its digits are lost in float32
ENCODINGS: dict[str, Callable[..., torch.Tensor]] = {
    "bag of words": encode_bag_of_words,
    "vlad": encode_vlad,
    "fisher vector": encode_fisher_vector,
}


class LinearSvmClassifier(ClassifierMixin, BaseEstimator):
    """One-vs-rest linear SVM with the squared hinge, the objective of `LinearSVC`; see `linear_svm.py`.

    C, tolerance, max_iterations: of `train_linear_svm`.
    class_weight: None, "balanced", or factors by class, as in scikit-learn.
    Fitted: classes_ (k,); coef_ (k, d) and intercept_ (k,), of one row if there are two classes; objective_; n_iter_.

    >>> import bakeoff
    >>> from sklearn.datasets import load_iris
    >>> features, labels = load_iris(return_X_y=True)
    >>> bool(bakeoff.LinearSvmClassifier().fit(features, labels).score(features, labels) > 0.9)
    True
    """

    def __init__(
        self,
        C: float = 1.0,  # noqa: N803 - the field's name
        class_weight: Literal["balanced"] | dict[Any, float] | None = None,
        tolerance: float = 1e-4,
        max_iterations: int = 1000,
    ) -> None:
        self.C = C
        self.class_weight = class_weight
        self.tolerance = tolerance
        self.max_iterations = max_iterations

    def fit(self, X: Any, y: Any) -> "LinearSvmClassifier":  # noqa: N803
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
    """Mean 0 and deviation 1 for every feature, in float32; constant features become 0.

    Fitted: mean_ (d,), scale_ (d,).

    >>> import bakeoff
    >>> bakeoff.Standardize().fit_transform([[1.0, 5.0], [3.0, 5.0]]).tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """

    def fit(self, X: Any, y: Any = None) -> "Standardize":  # noqa: N803
        """X: (n, d)."""
        self.standardizer_ = fit_standardizer([torch.tensor(validate_data(self, X, dtype=DTYPES))])
        self.mean_, self.scale_ = self.standardizer_.mean.numpy(), self.standardizer_.scale.numpy()
        return self

    def transform(self, X: Any) -> np.ndarray:  # noqa: N803
        """float32 (n, d)."""
        check_is_fitted(self)
        return standardize(torch.tensor(validate_data(self, X, dtype=DTYPES, reset=False)), self.standardizer_).numpy()

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class FeatureExtractor(TransformerMixin, BaseEstimator):
    """Any feature family: pictures in, one vector each out; what it learns, it learns in `fit`.

    family: its configuration, such as Hog(cell_sizes=(8,)), or one of your own.   random_state: seed of what it learns.
    Fitted: state_, image_shape_ (height, width, channels).

    >>> import bakeoff
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.pipeline import make_pipeline
    >>> images, labels = load_digits(return_X_y=True)
    >>> images = (images.reshape(-1, 8, 8) * 15).astype("uint8")
    >>> hog = bakeoff.FeatureExtractor(bakeoff.Hog(cell_sizes=(2, 4)))
    >>> model = make_pipeline(hog, bakeoff.LinearSvmClassifier()).fit(images[:900], labels[:900])
    >>> bool(model.score(images[900:], labels[900:]) > 0.9)
    True
    """

    def __init__(self, family: FeatureFamily = Hog(), random_state: int = 0) -> None:  # noqa: B008 - it is frozen
        self.family = family
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> "FeatureExtractor":  # noqa: N803
        """X: uint8 (n, height, width, channels), or (n, height, width) of gray pictures."""
        images = _as_pictures(X)
        refusal = self.family.refusal(images.shape[1:])
        if refusal:
            raise ValueError(f"{self.family.label} cannot encode these pictures: {refusal}")
        self.image_shape_ = images.shape[1:]
        self.state_ = self.family.fit(images, self.random_state)
        return self

    def transform(self, X: Any) -> np.ndarray:  # noqa: N803
        """float32 (n, d). Raises ValueError if the pictures have another shape than those it learned from."""
        check_is_fitted(self)
        images = _as_pictures(X)
        if images.shape[1:] != self.image_shape_:
            raise ValueError(f"X must hold pictures of {self.image_shape_} as in fit, got {images.shape[1:]}")
        return encode_all(self.family, self.state_, images)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.three_d_array = False, True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _as_pictures(values: Any) -> np.ndarray:
    images = np.asarray(values)
    images = images[..., None] if images.ndim == 3 else images
    if images.ndim != 4 or images.shape[3] < 1 or images.dtype != np.uint8 or not len(images):
        raise ValueError(f"X must be uint8 (n, height, width, channels) pictures, got {images.dtype} {images.shape}")
    return np.ascontiguousarray(images)


class DescriptorEncoder(TransformerMixin, BaseEstimator):
    """Sets of local descriptors, of whatever kind, as one vector each; a codebook or mixture is learned in `fit`.

    encoding: "bag of words", "vlad" or "fisher vector".   n_components: words or Gaussians; at most one a descriptor.
    n_iterations: of k-means, or of expectation maximization.   random_state: seed.
    Fitted: codebook_, a `Codebook` or `GaussianMixture`.

    >>> import numpy as np, bakeoff
    >>> sets = np.random.default_rng(0).normal(size=(20, 50, 8))  # 50 descriptors of 8 values for each of 20 pictures
    >>> bakeoff.DescriptorEncoder("vlad", n_components=4).fit_transform(sets).shape
    (20, 32)
    """

    def __init__(
        self,
        encoding: Literal["bag of words", "vlad", "fisher vector"] = "bag of words",
        n_components: int = 64,
        n_iterations: int = 20,
        random_state: int = 0,
    ) -> None:
        self.encoding = encoding
        self.n_components = n_components
        self.n_iterations = n_iterations
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> "DescriptorEncoder":  # noqa: N803
        """X: (n, m, d), m descriptors of each of n pictures; or (n, d), one of each."""
        if self.encoding not in ENCODINGS:
            raise ValueError(f"encoding must be one of {', '.join(ENCODINGS)}, got {self.encoding!r}")
        rows = self._sets(X, reset=True).flatten(0, 1)
        n = min(self.n_components, len(rows))
        settings: dict[str, Any] = {"n_iterations": self.n_iterations, "seed": self.random_state}
        if self.encoding == "fisher vector":
            self.codebook_: Any = fit_gaussian_mixture(rows, n_components=n, **settings)
        else:
            self.codebook_ = fit_kmeans(rows, n_words=n, **settings)
        return self

    def transform(self, X: Any) -> np.ndarray:  # noqa: N803
        """float32 (n, k) of words, (n, k d) of VLAD, (n, 2 k d) of a Fisher vector."""
        check_is_fitted(self)
        return ENCODINGS[self.encoding](self._sets(X, reset=False), self.codebook_).numpy()

    def _sets(self, values: Any, *, reset: bool) -> torch.Tensor:
        sets = validate_data(self, values, dtype=np.float32, order="C", allow_nd=True, reset=reset)
        if sets.ndim > 3:
            raise ValueError(f"X must be descriptors (n, m, d) or (n, d), got {sets.shape}")
        return torch.from_numpy(sets if sets.ndim == 3 else sets[:, None])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
