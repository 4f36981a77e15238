"""Made-up studies with chosen shares of right answers."""

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
    return StudyResult(
        name, name, "photos", FINGERPRINT, {"seed": 0}, tuple(rows), {}, 1.0, ("First note.", "Second note.")
    )


def make_learning_curves(classic: Sequence[float], mlp: Sequence[float], n_test: int = 400) -> StudyResult:
    sizes = [100 * 3**step for step in range(len(classic))]
    shares = {"classic": classic, "mlp": mlp}
    return make_study(
        "learning-curves",
        [
            make_row(name, share, seed=seed, n_test=n_test, n_train=size, per_class=size // 10)
            for name in shares
            for size, share in zip(sizes, shares[name], strict=True)
            for seed in range(2 if size == 100 else 1)
        ],
    )


def make_robustness(classic: float = 0.5, mlp: float = 0.6) -> StudyResult:
    """Clean 0.8 for both; two corruptions that count and one held out."""
    rows = []
    for name, share in (("classic", classic), ("mlp", mlp)):
        rows.append(make_row(name, 0.8, kind="clean", change="", group="", held_out=False, amount=0))
        for change, group, held_out in (
            ("fog", "weather", False),
            ("snow", "weather", False),
            ("spatter", "weather", True),
        ):
            for severity in (1, 5):
                facts = {"kind": "corruption", "change": change, "group": group, "held_out": held_out}
                level = 0.1 if held_out else share + 0.1 * (change == "fog")
                rows.append(make_row(name, level, amount=severity, **facts))
    return make_study("robustness", rows)
