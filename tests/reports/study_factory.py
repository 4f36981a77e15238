"""Made-up studies with chosen shares of right answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bakeoff.pipelines.results.study import Row, StudyResult, pack_correct
from bakeoff.tests.reports.factory import FINGERPRINT

SIDES = {"classic": "hand-crafted", "mlp": "end-to-end"}


def make_row(experiment: str, share: float, *, seed: int = 0, n_test: int = 400, **facts: object) -> Row:
    """A row whose first round(share * n_test) pictures are right, but for a few that the seed swaps."""
    correct = np.arange(n_test) < round(share * n_test)
    swapped = np.random.default_rng([seed, len(experiment)]).permutation(n_test)
    correct[swapped[:20]] = correct[swapped[:20]][::-1]
    return {
        **facts,  # type: ignore[dict-item]
        "experiment": experiment,
        "side": SIDES[experiment],
        "seed": seed,
        "n_test": n_test,
        "accuracy": float(correct.mean()),
        "validation_score": share,
        "correct": pack_correct(correct),
    }


def make_study(name: str, rows: Sequence[Row]) -> StudyResult:
    return StudyResult(name, name, "photos", FINGERPRINT, {}, tuple(rows), {}, 1.0, ("First note.", "Second note."))


def make_learning_curves(classic: Sequence[float], mlp: Sequence[float]) -> StudyResult:
    sizes = [100 * 3**step for step in range(len(classic))]
    shares = {"classic": classic, "mlp": mlp}
    return make_study(
        "learning-curves",
        [
            make_row(name, share, seed=seed, n_train=size, per_class=size // 10)
            for name in shares
            for size, share in zip(sizes, shares[name], strict=True)
            for seed in range(2 if size == 100 else 1)
        ],
    )
