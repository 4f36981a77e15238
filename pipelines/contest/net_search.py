"""The search of the end-to-end side: short trainings of all nets, longer ones of the few that are close together, the
rest of the budget for the best; and whether its pictures may be mirrored.

Nets are compared by the error that each is expected to reach with what is left. Of equally many steps a rich net makes
more than a cheap one, and it can afford fewer of them; so its error is taken to fall with its steps as the errors of
this search have fallen so far: by one power of them, which is the same for all nets.

Mirror images are as good as new pictures where left and right mean nothing, and poison where classes differ in nothing
else: an arrow, a hand, a letter. So one of the short trainings is repeated without them.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bakeoff.pipelines.contest.contender import Contender, merit
from bakeoff.pipelines.contest.ladders import FEWEST_STEPS, SCREENING_SHARE, UNMIRRORED, NetLadder
from bakeoff.pipelines.contest.search import Attempt, Purse, Rung, climb, not_reached

SEMIFINAL_SHARE = 1 / 4  # of the budget, for longer trainings of nets that are close, and one at the next size
PROMISING = 3  # nets at most that are close
PROBE_SHARE = 1 / 8  # of the budget, at most, for a training to learn whether pictures may be mirrored
USUAL_POWER, USUAL_WEIGHT = 0.3, 0.3  # 0.1 on groceries, 0.3 to 0.7 on photos; two trainings 3 times as long weigh 0.6


@dataclass(frozen=True)
class NetSearch:
    """One search. attempt: trains a rung, for the contender.

    noise: one standard error of a validation score.   constant: the score of the best constant answer.
    """

    contender: Contender
    ladder: NetLadder
    attempt: Callable[[Rung], Attempt]
    noise: float
    constant: float

    def run(self) -> None:
        contender, ladder = self.contender, self.ladder
        start = ladder.start()
        if start.expected_seconds > ladder.budget:
            contender.attempts.append(not_reached(start, contender.purse))
            return
        contender.purse = Purse(ladder.budget * SCREENING_SHARE)
        first = self._pay(start)
        within, beyond = ladder.screening(ladder.flop_rate(start, contender.training_seconds(first)))
        contender.attempts += climb(within, contender.purse, self.attempt, self.noise)
        contender.attempts += [not_reached(rung, contender.purse) for rung in beyond]
        contender.purse.budget = ladder.budget
        if not contender.tried:
            return
        if not self._learned():
            self._train_larger(ladder, contender.purse.left / 4)
        ladder = self._with_or_without_mirrors()
        share = SEMIFINAL_SHARE * ladder.budget / (PROMISING + 1)
        if self._is_larger_better():
            self._train_larger(ladder, share)
        errors = self._expected_errors(ladder, contender.purse.left - PROMISING * share)
        close = [attempt for attempt, error in errors if error <= errors[0][1] + 2 * self.noise][:PROMISING]
        if len(close) > 1:
            for attempt in close:
                self._train_longer(ladder, attempt, PROMISING * share / len(close))
        for attempt, _ in self._expected_errors(ladder, contender.purse.left):
            self._train_longer(ladder, attempt, contender.purse.left)

    def _learned(self) -> list[Attempt]:
        return [attempt for attempt in self._ranked() if merit(attempt)[0] > self.constant + 4 * self.noise]

    def _is_larger_better(self) -> bool:
        """Whether the best training is clearly better than as long a one of the same net at a smaller size."""
        best = self._ranked()[0]
        net, score = (best.rung.recipe, best.rung.steps), merit(best)[0]
        alike = [one for one in self.contender.tried if (one.rung.recipe, one.rung.steps) == net]
        return any(a.rung.image_size < best.rung.image_size and score > merit(a)[0] + self.noise for a in alike)

    def _train_larger(self, ladder: NetLadder, seconds: float) -> None:
        """The best net at the next size, unless that was tried; where none has learned, the one at the largest."""
        tried = self._learned() or sorted(self._ranked(), key=lambda one: one.rung.image_size, reverse=True)
        larger = ladder.larger(tried[0].rung, self._seconds(tried[0]), seconds)
        if larger is not None and not self.contender.of_one_net(larger):
            self._pay(larger)

    def _expected_errors(self, ladder: NetLadder, left: float) -> list[tuple[Attempt, float]]:
        """The longest training of each net at each size, with the error on validation to expect of one that takes what
        is left, in seconds; the best first."""
        longest: dict[tuple[str, int], Attempt] = {}
        for attempt in sorted(self.contender.tried, key=lambda one: (one.rung.steps or 0, merit(one))):
            longest[attempt.rung.recipe.removesuffix(UNMIRRORED), attempt.rung.image_size] = attempt
        power = self._power()
        found = []
        for attempt in longest.values():
            steps = attempt.rung.steps or FEWEST_STEPS
            rate = ladder.flop_rate(attempt.rung, self._seconds(attempt))
            reach = ladder.reach(attempt.rung, rate, left)
            found.append((attempt, self._error(attempt) * (steps / max(reach, steps)) ** power))
        return sorted(found, key=lambda one: (one[1], one[0].seconds))

    def _power(self) -> float:
        """Of the steps, by which errors fall: least squares over every net's trainings of several lengths, in
        logarithms, shrunk toward USUAL_POWER."""
        nets: dict[tuple[str, int], list[tuple[float, float]]] = {}
        for attempt in self.contender.tried:
            place = math.log(attempt.rung.steps or FEWEST_STEPS), math.log(self._error(attempt))
            nets.setdefault((attempt.rung.recipe, attempt.rung.image_size), []).append(place)
        centered = np.concatenate([np.array(places) - np.mean(places, axis=0) for places in nets.values()])
        steps, errors = centered.T
        return float(np.clip((USUAL_POWER * USUAL_WEIGHT - steps @ errors) / (USUAL_WEIGHT + steps @ steps), 0, 1))

    def _seconds(self, attempt: Attempt) -> float:
        """Of its training, or of a twin of the same net and steps that was quicker: the first one finds out how many
        threads pay, which later ones do not."""

        def net(rung: Rung) -> tuple[str, int, int | None]:
            return rung.recipe.removesuffix(UNMIRRORED), rung.image_size, rung.steps

        alike = [other for other in self.contender.tried if net(other.rung) == net(attempt.rung)]
        return min(filter(None, map(self.contender.training_seconds, alike)), default=0.0)

    def _error(self, attempt: Attempt) -> float:
        return max(1 - merit(attempt)[0], self.noise / 2)

    def _with_or_without_mirrors(self) -> NetLadder:
        """The ladder without them if that is clearly better for the cheapest net that has learned, unless that
        is dear; where that leaves it open - a little better, or nothing learned - by a longer pair of trainings."""
        plain, ranked, learned = replace(self.ladder, mirrors=False), self._ranked(), self._learned()
        probe = min(learned or ranked, key=lambda attempt: attempt.seconds)
        if probe.seconds > PROBE_SHARE * self.ladder.budget:
            return self.ladder
        lead = self._lead(plain, probe.rung)
        if lead < 2 * self.noise and (lead > self.noise or not learned):
            chosen = ranked[0] if learned else max(ranked, key=lambda one: (one.rung.steps or 0, -one.seconds))
            share = PROBE_SHARE * self.ladder.budget if learned else self.contender.purse.left / 3
            seconds = self._seconds(chosen)
            longer = self.ladder.longer(chosen.rung, seconds, share, brief=True)
            if longer is not None:
                self._pay(longer)
                lead = self._lead(plain, longer)
        return plain if lead >= 2 * self.noise else self.ladder

    def _lead(self, plain: NetLadder, rung: Rung) -> float:
        """By how much the net of a rung that was tried is better without mirrored pictures."""
        assert rung.steps is not None
        twin = self._pay(plain.rung(rung.recipe, rung.image_size, rung.steps, brief=True))
        return merit(twin)[0] - next(merit(attempt)[0] for attempt in self.contender.tried if attempt.rung == rung)

    def _ranked(self) -> list[Attempt]:
        return sorted(self.contender.tried, key=merit, reverse=True)

    def _train_longer(self, ladder: NetLadder, attempt: Attempt, seconds: float) -> None:
        longer = ladder.longer(attempt.rung, self._seconds(attempt), seconds)
        if longer is not None and all(
            (longer.steps or 0) > (other.steps or 0) for other in self.contender.of_one_net(longer)
        ):
            self._pay(longer)

    def _pay(self, rung: Rung) -> Attempt:
        self.contender.attempts.append(self.attempt(rung))
        self.contender.purse.pay(rung, self.contender.attempts[-1].seconds)
        return self.contender.attempts[-1]
