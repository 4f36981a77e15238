"""Any field of a configuration from the command line: typed, checked, and told in the name."""

import pytest

from bakeoff.pipelines.command_line.settings import change_settings, parse_assignments, settings_of
from bakeoff.pipelines.experiments import choose_experiments


def change(names, text):
    return change_settings(choose_experiments(names.split()), parse_assignments(text))


def test_a_setting_goes_to_every_experiment_that_has_it():
    classic, mlp = change("classic mlp", "costs=0.1,1 epochs=5")
    assert classic.config.systems[0].costs == (0.1, 1.0)
    assert mlp.config.epochs == 5
    assert (classic.name, mlp.name) == ("classic[costs=0.1,1]", "mlp[epochs=5]")
    assert classic.title == "All four families with costs=0.1,1"


@pytest.mark.parametrize(
    ("name", "text", "path", "value"),
    [
        ("classic", "n_words=50", "systems.families.n_words", 50),
        ("classic", "pyramid=1x1,3x3", "systems.families.pyramid", ((1, 1), (3, 3))),
        ("classic", "pyramid=2x2", "systems.families.pyramid", ((2, 2),)),
        ("classic", "storage=float16", "systems.storage", "float16"),
        ("classic", "refit=true", "refit", True),
        ("hog", "costs=1", "systems.costs", (1.0,)),
        ("mlp", "learning_rate=1e-2", "optimizers.learning_rate", 0.01),
        ("mlp", "architecture.widths=64,32", "architecture.widths", (64, 32)),
        ("mlp", "widths=()", "architecture.widths", ()),
        ("mlp", "gradient_clip=none", "gradient_clip", None),
        ("mlp", "gradient_clip=2", "gradient_clip", 2.0),
        ("mlp-numpy", "l2=0", "l2", 0.0),
    ],
)
def test_a_value_has_the_type_of_its_field(name, text, path, value):
    (changed,) = change(name, text)
    found = [v for p, v in settings_of(changed.config) if p == path]
    assert found
    assert all(v == value and type(v) is type(value) for v in found)


def test_equal_settings_have_equal_names_in_any_order_and_those_of_today_change_nothing():
    assert change("mlp", "epochs=5 batch_size=64") == change("mlp", "batch_size=64 epochs=5.".replace("5.", "5"))
    assert change("classic", "costs=0.01,0.1,1,10") == choose_experiments(["classic"])
    assert change("classic", "costs=1") == change("classic", "systems.costs=1.0")


def test_trainings_that_have_become_equal_are_done_once():
    (tuned,) = change("mlp-tuned", "learning_rate=0.01")
    assert len(tuned.config.optimizers) == 1


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("classic", "cost=1", "no setting 'cost'; the nearest: costs"),
        ("mlp", "epoch=5", "no setting 'epoch'; the nearest: epochs"),
        ("mlp", "epochs=many", "epochs=many does not fit mlp: expected int, got 'many'"),
        ("mlp", "epochs=5.5", "expected int"),
        ("mlp", "epochs=-5", "it must not be negative"),
        ("hog", "costs=0.1,-1", "it must not be negative"),
        ("mlp", "flip=gray", "expected none, random, alternating, got 'gray'"),
        ("mlp", "flip_averaging=3", "expected bool"),
        ("xrce2011-compressed", "refit=true", "refit must be False with a compressed system"),
    ],
)
def test_what_does_not_fit_is_told(name, text, message):
    with pytest.raises(ValueError, match=message):
        change(name, text)


def test_a_name_of_several_fields_asks_which():
    with pytest.raises(ValueError, match=r"regularizer of coates2011 could be any of systems\.families\.\w+"):
        change("coates2011", "regularizer=1")
