"""The chapter on both sides together: agreement, and the control of two seeds of one side."""

from __future__ import annotations

from bakeoff.reports.chapters.together import describe_agreement, together_section
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_run, make_task

TASK = make_task(300)


def chapter(n_seeds: int) -> str:
    nets = [make_run(TASK, "mlp", "end-to-end", strength=2.5, seed=seed) for seed in range(n_seeds)]
    comparison = build_comparison(TASK, [make_run(TASK), *nets], 0.01)
    return " ".join(together_section(comparison).paragraphs)


def test_fusion_stands_beside_the_average_of_two_seeds_where_there_are_two():
    assert "As a control, averaging two seeds of mlp gains" in chapter(2)
    assert "What averaging two seeds of mlp would gain is not known: it ran with one." in chapter(1)


def test_agreement_is_told_with_that_of_two_seeds_for_scale():
    assert "between two seeds of mlp" in chapter(2)
    assert "no finalist has a second seed to compare that with" in chapter(1)
    same = [make_run(TASK, noise=1), make_run(TASK, "mlp", "end-to-end", noise=1)]
    assert "a kappa of 1.00" in describe_agreement(build_comparison(TASK, same, 0.01))
