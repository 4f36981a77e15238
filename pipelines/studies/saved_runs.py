"""Selection of saved runs for a study."""

from __future__ import annotations

from bakeoff.pipelines.results.run import RunResult, load_runs, task_folder
from bakeoff.pipelines.studies.study import Request


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
    sides = sorted({run.side for run in saved} - {"frozen"}, reverse=True)
    if not sides:
        raise ValueError(
            f"no saved run of {dataset.name} with seed {request.seed}: "
            "run `bakeoff train-svm` and `bakeoff train-mlp` first"
        )
    return [max((run for run in saved if run.side == side), key=lambda run: run.validation_score) for side in sides]
