import json
from dataclasses import dataclass, field
from typing import Literal

import pytest

from bakeoff.pipelines.results.configuration import LARGEST_NUMBER, describe, rebuild


@dataclass(frozen=True)
class Wheel:
    spokes: int = 32
    size: float = 28.0
    tire: Literal["slick", "knobby"] = "slick"


@dataclass(frozen=True)
class DiscWheel(Wheel):
    material: str = "carbon"


@dataclass(frozen=True)
class Bicycle:
    wheels: tuple[Wheel, ...]
    frame: tuple[tuple[int, int], ...] = ((54, 3),)
    basket: bool = False
    rear: Wheel | DiscWheel = field(default_factory=Wheel)
    clip: float | None = None


BICYCLE = Bicycle((Wheel(), DiscWheel(0, 26.0, "knobby")), frame=((1, 2), (3, 4)), basket=True, rear=DiscWheel())


def test_comes_back_equal_through_json():
    for bicycle in (BICYCLE, Bicycle((), clip=0.5)):
        assert rebuild(json.loads(json.dumps(describe(bicycle))), Bicycle) == bicycle


def test_a_kind_is_known_once_it_is_defined():
    @dataclass(frozen=True)
    class Solid(DiscWheel):
        weight: float = 1.0

    bicycle = Bicycle((Solid(weight=2.0),))
    assert rebuild(json.loads(json.dumps(describe(bicycle))), Bicycle) == bicycle


def test_a_field_that_came_later_has_its_default():
    record = describe(BICYCLE)
    del record["basket"]
    assert rebuild(json.loads(json.dumps(record)), Bicycle).basket is False


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "Car"}, "unknown kind 'Car'"),
        ({"kind": ["Bicycle"]}, "unknown kind"),
        ({"kind": "Wheel"}, "unknown kind 'Wheel'"),
        ({"engine": 1}, "has no field 'engine'"),
        ({"basket": 1}, "expected bool, got '1'"),
        ({"basket": "os.system"}, "expected bool"),
        ({"frame": [[1, 2, 3]]}, "expected 2 values, got 3"),
        ({"frame": [[1, True]]}, "expected int"),
        ({"frame": 7}, "expected"),
        ({"wheels": [{"kind": "Wheel", "spokes": 2.5}]}, "expected int"),
        ({"wheels": [{"kind": "Wheel", "spokes": LARGEST_NUMBER + 1}]}, "expected int"),
        ({"wheels": [{"kind": "Wheel", "size": float("nan")}]}, "expected float"),
        ({"wheels": [{"kind": "Wheel", "tire": "none"}]}, "expected"),
        ({"wheels": [{"kind": "Wheel", "tire": ["slick"]}]}, "expected"),
        ({"wheels": [BICYCLE]}, "expected Wheel"),
        ({"clip": "tight"}, "expected one of"),
        ({"rear": {"kind": "Bicycle", "wheels": []}}, "unknown kind 'Bicycle'"),
    ],
)
def test_what_is_not_in_the_tables_is_refused(change, message):
    record = json.loads(json.dumps(describe(BICYCLE)))
    with pytest.raises(ValueError, match=message):
        rebuild({**record, **change}, Bicycle)
