"""Loading of a run's trained model, whichever side made it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bakeoff.datasets.folder.load import rules_of
from bakeoff.pipelines.classic.system.classic_model import build_classic_model
from bakeoff.pipelines.frozen.pipeline import build_frozen_model
from bakeoff.pipelines.neural.neural_model import build_neural_model
from bakeoff.pipelines.results.model import FILE_NAME, StoredModel, TrainedModel, load_stored_model

BUILDERS: Mapping[str, Callable[[StoredModel], TrainedModel]] = {
    "classic": build_classic_model,
    "frozen": build_frozen_model,
    "neural": build_neural_model,
}


def load_trained_model(place: Path) -> TrainedModel:
    """The model of a run's folder, or of a model file itself.

    Raises ValueError, naming the file, if it is missing, damaged, or holds what is not in our tables. No code in it
    is ever run.
    """
    path = place / FILE_NAME if place.is_dir() else place
    return build_trained_model(load_stored_model(path), path)


def build_trained_model(stored: StoredModel, path: Path) -> TrainedModel:
    """The model of these parts, which came from `path`. Raises ValueError, naming it, if they fit no model of ours."""
    try:
        rules_of(stored.reading)
        return BUILDERS[stored.approach](stored)
    except Exception as error:  # whatever a stranger's file makes go wrong
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise ValueError(f"{path} is not a whole model ({reason}): train it again") from error
