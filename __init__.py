"""Hand-crafted features and a linear classifier, or a net trained end to end? An honest comparison on your pictures.

    import bakeoff
    pictures = bakeoff.load("path/to/pictures")     # or arrays and labels, or a torchvision or Hugging Face data set
    found = bakeoff.compare(pictures, budget=60)    # seconds of processor time for each side
    print(found.answer, found.sentence)

Nothing is imported before it is asked for: `import bakeoff` takes no time.
"""

from importlib import import_module
from typing import Any

_FAMILIES = "pipelines.classic.families"
_PLACES = {
    "api": ("load", "compare", "load_report", "Comparison", "SavedReport"),
    "pipelines.predict.classifier": ("load_model", "Classifier"),
    "datasets.dataset": ("Dataset", "Split"),
    "pipelines.classic.estimators": ("LinearSvmClassifier", "Standardize", "FeatureExtractor", "DescriptorEncoder"),
    f"{_FAMILIES}.family": ("FeatureFamily",),
    f"{_FAMILIES}.histograms": ("ColorHistogram", "GrayHistogram", "Hog", "LocalBinaryPatterns", "CoOccurrence"),
    f"{_FAMILIES}.pixels": ("PixelPca",),
    f"{_FAMILIES}.bag_of_words": ("BagOfWords", "Vlad", "PatchWords"),
    f"{_FAMILIES}.fisher_vectors": ("FisherVectors", "PatchFisherVectors"),
    f"{_FAMILIES}.descriptors": ("Descriptors", "DenseSift", "ColorStatistics", "Patches"),
}
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'bakeoff' has no attribute {name!r}")
    return getattr(import_module(f"bakeoff.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
