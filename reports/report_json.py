"""JSON format of a report (report.json) for other programs; docs/report.schema.json describes every key."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from bakeoff.pipelines.results.calibrator import fit_temperature
from bakeoff.pipelines.results.run import RunResult
from bakeoff.pipelines.results.study import pack_correct
from bakeoff.reports.report import Report
from bakeoff.reports.statistics.accuracy import PairedDifference, accuracy_interval
from bakeoff.reports.statistics.calibration import measure_calibration
from bakeoff.reports.statistics.chance import FIXED
from bakeoff.reports.statistics.comparison import Comparison, Contestant
from bakeoff.reports.statistics.fusion import fuse_finalists
from bakeoff.reports.statistics.participants import Participant


def render_json(report: Report) -> str:
    """JSON text, one line of numbers a value."""
    comparison = report.comparison
    record = {
        "dataset": comparison.task.dataset,
        "n_test": len(comparison.task.test_labels),
        "fingerprint": comparison.task.fingerprint,
        "verdict": report.verdict.sentence,
        "answer": report.verdict.answer,
        "margin": comparison.margin,
        "margins": [asdict(row) for row in report.verdict.margin_table],
        "probability": report.verdict.probability,
        "effective_n": comparison.effective_n,
        "seed_spread": {side: asdict(spread) for side, spread in comparison.spreads.items()},
        "measure": comparison.measure,
        "majority_accuracy": comparison.majority,
        "comparison": {
            "hand_crafted": comparison.hand_crafted.experiment,
            "end_to_end": comparison.end_to_end.experiment,
            "favorite": comparison.favorite.experiment,
            "winner": report.verdict.winner,
            "cost_ratio": report.verdict.cost_ratio,
            "clock": comparison.clock,
            **_test(comparison.difference),
        },
        "folds": _folds(comparison),
        "fusion": _fusion(comparison),
        "frozen": _frozen(comparison),
        "guests": [_participant(guest, comparison) for guest in comparison.guests],
        "experiments": [_experiment(c, comparison) for c in comparison.ranked],
        "runs": [_run(run, comparison) for c in comparison.ranked for run in c.runs],
        "caveats": list(report.caveats),
    }
    return json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _test(test: PairedDifference) -> dict[str, Any]:
    return {
        "difference": test.difference,
        "difference_interval": list(test.interval),
        "p_value": test.p_value,
        "only_first_right": test.only_first,
        "only_second_right": test.only_second,
        "difference_shown": test.is_shown,
        "center": test.center,
        "standard_error": test.error,
        "degrees_of_freedom": test.freedom if np.isfinite(test.freedom) else None,
        "method": test.method,
        **({} if test.adjusted is None else {"p_value_holm": test.adjusted}),
    }


def _folds(comparison: Comparison) -> Any:
    folds = comparison.folds
    return folds and {
        "n_pictures": len(folds.sample.labels),
        "n_folds": folds.n_folds,
        "n_splits": folds.n_splits,
        "scores": dict(zip(folds.experiments, folds.scores.tolist(), strict=True)),
    }


def _fusion(comparison: Comparison) -> Any:
    team = fuse_finalists(comparison)
    return team and {
        "weights": list(team.weights),
        "accuracy": team.score(team.correct),
        "accuracy_interval": list(team.interval(team.correct)),
        "upper_bound": team.score(team.either),
        "against_favorite": _test(team.gain),
    }


def _frozen(comparison: Comparison) -> Any:
    net = comparison.frozen
    return net and {
        "experiment": net.experiment,
        "backbone": dict(net.representative.diagnostics.get("backbone", {})),
        "against_favorite": _test(comparison.tests[net]),
    }


def _experiment(contestant: Contestant, comparison: Comparison) -> dict[str, Any]:
    return {
        **_participant(contestant, comparison),
        "seeds": list(contestant.seeds),
        "accuracy_spread": contestant.spread,
        "validation_score": contestant.validation_score,
        "total_seconds": contestant.seconds(),
        "processor_seconds": contestant.seconds(clock="processor time"),
    }


def _participant(participant: Participant, comparison: Comparison) -> dict[str, Any]:
    against = comparison.tests.get(participant)
    return {
        **{key: getattr(participant, key) for key in ("experiment", "title", "side", "accuracy")},
        "accuracy_interval": list(comparison.interval(participant, of_accuracy=True)),
        "balanced_accuracy": participant.balanced_accuracy,
        "macro_f1": participant.macro_f1,
        "against_favorite": None if against is None else _test(against),
    }


def _run(run: RunResult, comparison: Comparison) -> dict[str, Any]:
    one, sample = Contestant.of([run]), comparison.sample.unweighted
    effect = sample.design_effect(one.correct[0])
    stages: dict[str, float] = {}
    for stage in run.stages:
        stages[stage.name] = stages.get(stage.name, 0.0) + stage.seconds
    temperature = fit_temperature(run.validation_scores, run.validation_labels)
    return {
        **{key: getattr(run, key) for key in ("experiment", "title", "side", "seed", "accuracy")},
        "correct": pack_correct(one.correct[0]),
        "accuracy_interval": list(accuracy_interval(one.correct, sample, FIXED)),
        "balanced_accuracy": one.balanced_accuracy,
        "macro_f1": one.macro_f1,
        "validation_score": run.validation_score,
        "train_score": run.train_score,
        "seconds": stages | {"total": run.seconds()},
        "seconds_by_kind": {kind: run.seconds(kind) for kind in ("features", "training", "prediction")},
        "peak_memory_bytes": one.peak_memory_bytes,
        "size": asdict(run.size),
        "trials": len(run.trials),
        "calibration": {
            "temperature": temperature,
            "before": asdict(measure_calibration(run.scores, run.labels, effect)),
            "after": asdict(measure_calibration(run.scores / temperature, run.labels, effect)),
        },
        "settings": dict(run.settings),
        "environment": dict(run.environment),
    }
