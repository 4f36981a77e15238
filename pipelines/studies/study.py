"""Study request and its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.experiments import Experiment, choose_experiments
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.results.study import Row, StudyResult

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
