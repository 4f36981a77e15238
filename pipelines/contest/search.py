"""The search of one side's ladder of recipes under a budget of processor time, judged on validation.

A ladder is a grid: recipes in the order in which they are worth trying, picture sizes from small to large. The search
climbs from the first rung; each next one is a step up - the next recipe that can be afforded, or the next size - from
the best rung so far that has one left, the cheaper first. Sizes are given up where the last step in size made
validation clearly worse, a rung is passed over once a later or larger one did better than what led to it, and one that
would not finish in what is left of the budget is not begun: its cost is the recipe's own estimate, times what the rungs
before it took over theirs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from bakeoff.datasets.dataset import Dataset
from bakeoff.pipelines.experiments import Experiment

# Seconds of processor time for each side, by default: within bounds, so many for each million pixels of all pictures.
LEAST_BUDGET, MOST_BUDGET, SECONDS_PER_MEGAPIXEL = 60.0, 1800.0, 16.0
SIDE_TO_BUDGET_FOR = 128  # pixels: larger pictures are tried if that leaves time for them
Outcome = Literal["tried", "refused", "passed over", "not reached"]


@dataclass(frozen=True)
class Rung:
    """One configuration at one picture size.

    recipe: its row on the ladder; a recipe has one rung for each size, or several with more steps of training.
    expected_seconds: processor time by the recipe's own estimate.   steps: of a net's training; None for features.
    is_random: whether another seed gives another answer.   is_brief: a training to choose nets by, shown to nobody.
    """

    experiment: Experiment
    recipe: str
    expected_seconds: float
    steps: int | None = None
    is_random: bool = True
    is_brief: bool = False

    @property
    def name(self) -> str:
        return self.experiment.name

    @property
    def image_size(self) -> int:
        assert self.experiment.image_size is not None  # every rung has one
        return self.experiment.image_size


@dataclass(frozen=True)
class Attempt:
    """What became of a rung. validation_score: None unless it was tried.   seconds: of processor time.

    loss: on validation, as in `results.choice`.
    """

    rung: Rung
    outcome: Outcome
    validation_score: float | None = None
    train_score: float | None = None
    seconds: float = 0.0
    remark: str = ""
    loss: float = 0.0


@dataclass
class Purse:
    """Seconds of processor time, and how the estimates of the rungs did so far."""

    budget: float
    spent: float = 0.0
    expected: dict[str, float] = field(default_factory=dict)  # seconds by recipe, of the rungs that were tried
    taken: dict[str, float] = field(default_factory=dict)  # what those took

    @property
    def left(self) -> float:
        return self.budget - self.spent

    def pay(self, rung: Rung, seconds: float) -> None:
        self.spent += seconds
        self.expected[rung.recipe] = self.expected.get(rung.recipe, 0.0) + rung.expected_seconds
        self.taken[rung.recipe] = self.taken.get(rung.recipe, 0.0) + seconds

    def estimate(self, rung: Rung) -> float:
        """Seconds of a rung: its expectation, corrected by its own recipe's rungs so far, else by all."""
        expected, taken = self.expected.get(rung.recipe, 0.0), self.taken.get(rung.recipe, 0.0)
        if not expected:
            expected, taken = sum(self.expected.values()), sum(self.taken.values())
        return rung.expected_seconds * (taken / expected if expected else 1.0)


Position = tuple[int, int]  # of a rung: its recipe and its size, each counted from the cheapest
Try = Callable[[Rung], Attempt]


def climb(rungs: Sequence[Rung], purse: Purse, attempt: Try, noise: float) -> Iterator[Attempt]:
    """Try rungs, best first, until none is left that the purse affords; then tell what was passed over or not reached.

    noise: of validation scores, in 0..1; a fall by less is none.
    """
    grid = lay_out(rungs)
    scores: dict[Position, float] = {}
    refused: set[Position] = set()
    while True:
        affordable = {p: rung for p, rung in grid.items() if purse.estimate(rung) <= purse.left}
        steps = steps_up(affordable, scores, refused, noise)
        if not steps:
            break
        position = max(steps, key=lambda p: (steps[p], -grid[p].expected_seconds))
        found = attempt(grid[position])
        purse.pay(found.rung, found.seconds) if found.outcome == "tried" else refused.add(position)
        if found.validation_score is not None:
            scores[position] = found.validation_score
        yield found
    steps = steps_up(grid, scores, refused, noise)
    for position in sorted(grid.keys() - scores.keys() - refused):
        beyond = not_reached(grid[position], purse)
        yield beyond if position in steps else replace(beyond, outcome="passed over")


def not_reached(rung: Rung, purse: Purse) -> Attempt:
    return Attempt(rung, "not reached", remark=f"about {purse.estimate(rung):.0f} s")


def lay_out(rungs: Sequence[Rung]) -> dict[Position, Rung]:
    """Rungs by recipe, in the order of their first mention, and size."""
    recipes = list(dict.fromkeys(rung.recipe for rung in rungs))
    sizes = sorted({rung.image_size for rung in rungs})
    return {(recipes.index(rung.recipe), sizes.index(rung.image_size)): rung for rung in rungs}


def steps_up(
    grid: Mapping[Position, Rung], scores: Mapping[Position, float], refused: set[Position], noise: float
) -> dict[Position, float]:
    """The rungs that may be tried next, each with the best validation score that it is a step up from.

    One begins with the first recipe at the smallest size. From any rung one may go to the recipes after it at its size,
    and to the next size of its recipe, unless the last step in size made it clearly worse.
    """
    if not scores:
        start = min(grid.keys() - refused, default=None)
        return {} if start is None else {start: 0.0}

    def grows(p: Position, size: int) -> bool:
        """Whether no size that could be tried lies between, and the step in size that led to p made it no worse."""
        if any((p[0], between) in grid.keys() - refused for between in range(p[1] + 1, size)):
            return False
        before = max((q for q in scores if q[0] == p[0] and q[1] < p[1]), default=None)
        return before is None or scores[p] >= scores[before] - noise

    reached: dict[Position, float] = {}
    for position in sorted(grid.keys() - scores.keys() - refused):
        recipe, size = position
        below = [p for p in scores if p[1] == size and p[0] < recipe]
        smaller = max((p for p in scores if p[0] == recipe and p[1] < size), default=None)
        if smaller and grows(smaller, size):
            below.append(smaller)
        came_from = max((scores[p] for p in below), default=None)
        # Passed over where one that is as rich and as large, or more so, did at least as well as what leads here.
        if came_from is not None and all(s < came_from for (r, z), s in scores.items() if r >= recipe and z >= size):
            reached[position] = came_from
    first = {size: min(recipe for recipe, other in reached if other == size) for _, size in reached}
    return {(recipe, size): reached[recipe, size] for size, recipe in first.items()}


def default_budget(dataset: Dataset) -> float:
    """Seconds of processor time for each side: more for more pixels, within half an hour."""
    side = min(*dataset.image_shape[:2], SIDE_TO_BUDGET_FOR)
    megapixels = sum(map(len, dataset.splits.values())) * side**2 / 1e6
    return float(np.clip(np.ceil(SECONDS_PER_MEGAPIXEL * megapixels / 30) * 30, LEAST_BUDGET, MOST_BUDGET))
