import pytest

from bakeoff.reports.chapters.tuning import describe_learning
from bakeoff.reports.statistics.participants import Contestant
from bakeoff.tests.reports.factory import make_history, make_run, make_task

TASK = make_task(60)


@pytest.mark.parametrize(
    ("train_score", "told"), [(0.6, "10.0 points higher than on validation"), (0.48, "2.0 points lower than on")]
)
def test_the_gap_is_that_of_one_run_and_never_less_than_nothing(train_score, told):
    """Validation scores 0.4, 0.5 and 0.9 of three seeds: the middle one has 0.5, their mean is 0.6."""
    history = [*make_history(), {"epoch": 21, "train_loss": 0.2, "validation_score": 0.5}]
    runs = [
        make_run(TASK, "mlp", "end-to-end", seed=s, validation_score=v, train_score=train_score, history=history)
        for s, v in enumerate((0.4, 0.5, 0.9))
    ]
    text = describe_learning(Contestant.of(runs))
    assert text.startswith("mlp, seed 1, reaches its best validation accuracy")
    assert told in text


@pytest.mark.parametrize(
    ("rates", "more"), [((0.1, 0.1, 0.08), True), ((0.02, 0.1, 0.001), False), ((None, None, None), False)]
)
def test_more_epochs_are_held_out_only_where_the_rate_had_not_annealed(rates, more):
    history = [
        {"epoch": i, "train_loss": 1.0, "validation_score": i / 10, "learning_rate": rate}
        for i, rate in enumerate(rates, start=1)
    ]
    text = describe_learning(Contestant.of([make_run(TASK, "mlp", "end-to-end", history=history)]))
    assert "at epoch 3 of 3" in text
    assert ("more epochs may help" in text) is more
