"""Studies: each announces itself where it is written; a request to one, and its answer."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Literal

import numpy as np

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.splits import nested_subset
from bakeoff.pipelines.experiments import Experiment, choose_experiments
from bakeoff.pipelines.experiments.variants import Variant, train_variants
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.run import RunResult, load_runs, run_folder, task_folder
from bakeoff.pipelines.results.study import Row, StudyResult

Variants = Callable[[Dataset, list[Experiment], Any, int], Iterable[Variant]]  # settings, seed
Profile = Literal["quick", "full"]


@dataclass(frozen=True)
class Request:
    """experiments: names or groups that the user wants studied; () leaves the choice to the study.

    profile: how much is done; "quick" keeps `make report` within minutes.   seed: the first of the seeds.
    """

    dataset: Dataset
    workspace: Workspace
    profile: Profile = "quick"
    experiments: tuple[str, ...] = ()
    seed: int = 0

    def choose(self, default: Sequence[str]) -> list[Experiment]:
        return choose_experiments(self.experiments or default)

    def answer(
        self, name: str, title: str, settings: Any, rows: Sequence[Row], seconds: float, notes: Sequence[str] = ()
    ) -> StudyResult:
        """The study's value. settings: its frozen dataclass."""
        return StudyResult(
            name=name,
            title=title,
            dataset=self.dataset.name,
            fingerprint=self.dataset.fingerprint(),
            settings={"profile": self.profile, "seed": self.seed, **asdict(settings)},
            rows=tuple(rows),
            environment=self.workspace.environment,
            seconds=seconds,
            notes=tuple(notes),
        )

    def ask(
        self,
        run: RunResult,
        stage: tuple[str, int],
        asked: Mapping[str, Any],
        compute: Callable[[Path], Mapping[str, np.ndarray]],
    ) -> tuple[dict[str, np.ndarray], float]:
        """(Arrays that a saved run's model is asked for, seconds of work), from the cache if they are there.

        stage: its name and version.   asked: what the arrays depend on beside the run.   compute: from its folder.
        """
        folder = run_folder(self.workspace.runs, run.dataset, run.fingerprint, run.experiment, run.seed)
        key = [run.environment.get("key"), run.fingerprint, run.experiment, run.seed]
        found = self.workspace.cache.get_or_compute(
            stage[0],
            version=stage[1],
            inputs={"run": key, **asked},
            compute=lambda: dict(compute(folder)),
            kind="prediction",
        )
        return {name: np.array(array) for name, array in found.arrays.items()}, found.cost.seconds

    def train(self, name: str, title: str, settings: Any, notes: Sequence[str], variants: Variants) -> StudyResult:
        """The answer of a study that trains. settings: as for `answer`, with `experiments`."""
        experiments = self.choose(settings.experiments)
        settings = replace(settings, experiments=tuple(experiment.name for experiment in experiments))
        todo = variants(self.dataset, experiments, settings, self.seed)
        return self.answer(name, title, settings, *train_variants(title, todo, self.workspace), notes)


Run = Callable[[Request], StudyResult]


@dataclass(frozen=True)
class Study:
    """place: among the studies, the first lowest.   profiles: of `bakeoff report` that it belongs to."""

    name: str
    run: Run
    place: int
    profiles: tuple[Profile, ...]


@dataclass(frozen=True)
class Draws:
    """Training pictures drawn anew, each draw with a training seed of its own.

    n_draws: of each size up to `few` pictures, where chance is large and training short; above it one.
    """

    n_draws: int = 3
    few: int = 3000

    def of(self, train: Split, size: int, seed: int) -> Iterator[tuple[int, Split]]:
        """(seed of the draw, its pictures): `size` of each class, those of one seed among those of its larger sizes."""
        for order in range(seed, seed + self.n_draws):
            chosen = nested_subset(train.labels, size, seed=order)
            if order > seed and len(chosen) > self.few:
                return
            yield order, train.take(chosen)


@dataclass(frozen=True)
class Settings:
    """Of a study by number of pictures. sizes: training pictures of every class."""

    experiments: tuple[str, ...]
    sizes: tuple[int, ...]
    draws: Draws


_ANNOUNCED: dict[str, Study] = {}


def study(name: str, *, place: int, profiles: tuple[Profile, ...] = ("full",)) -> Callable[[Run], Run]:
    """Make a function from a request to its answer a study that the command line knows."""

    def announce(run: Run) -> Run:
        _ANNOUNCED[name] = Study(name, run, place, profiles)
        return run

    return announce


def all_studies() -> dict[str, Study]:
    """By name, in their order."""
    for module in iter_modules([str(Path(__file__).parent)]):
        import_module(f"{__package__}.{module.name}")
    return {one.name: one for one in sorted(_ANNOUNCED.values(), key=lambda one: one.place)}


def choose_studies(names: Sequence[str], profile: Profile) -> list[Study]:
    """The studies of these names, or all of the profile if none is named. Raises ValueError for an unknown one."""
    table = all_studies()
    unknown = [name for name in names if name not in table]
    if unknown:
        raise ValueError(f"there is no study {unknown[0]!r}; choose from: {', '.join(table)}")
    return [table[name] for name in names] or [one for one in table.values() if profile in one.profiles]


def choose_runs(request: Request) -> list[RunResult]:
    """The saved runs of the experiments asked for; else the best on validation of the two sides that are compared.

    Raises ValueError if there is none, or none of an experiment asked for.
    """
    dataset, wanted = request.dataset, request.experiments
    folder = task_folder(request.workspace.runs, dataset.name, dataset.fingerprint())
    saved = [run for run in load_runs(folder) if run.seed == request.seed]
    if wanted:
        names = [experiment.name for experiment in request.choose(wanted)]
        missing = sorted(set(names) - {run.experiment for run in saved})
        if missing:
            raise ValueError(
                f"no saved run of {missing[0]} on {dataset.name} with seed {request.seed}: "
                f"run `bakeoff train {missing[0]}` first"
            )
        return [run for run in saved if run.experiment in names]
    best = best_by_side(run for run in saved if run.side != "frozen")
    if not best:
        raise ValueError(
            f"no saved run of {dataset.name} with seed {request.seed}: "
            "run `bakeoff train-svm` and `bakeoff train-mlp` first"
        )
    return [best[side] for side in sorted(best, reverse=True)]


def best_by_side(runs: Iterable[RunResult]) -> dict[str, RunResult]:
    """The best on validation of each side, of equal ones the first."""
    best: dict[str, RunResult] = {}
    for run in runs:
        if run.side not in best or run.validation_score > best[run.side].validation_score:
            best[run.side] = run
    return best
