"""report.json is what docs/report.schema.json says, key by key."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from bakeoff.reports.report import build_report
from bakeoff.reports.report_json import render_json
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.reports.verdict import Answer
from bakeoff.tests.reports.factory import make_guest, make_run, make_runs, make_task
from bakeoff.tests.reports.statistics.test_folds import compare, make_folds

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
KINDS |= {"integer": int, "number": (int, float)}
KNOWN = {"$schema", "$defs", "title", "description", "type", "enum", "minimum", "maximum", "minItems", "maxItems"}
KNOWN |= {"properties", "required", "additionalProperties", "items", "$ref", "anyOf"}


def is_a(value, kind):
    return isinstance(value, KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def complaints(value, schema, place="report"):
    """What the part of JSON Schema that is used here has against a value."""
    assert schema.keys() <= KNOWN, f"{place}: the check does not know {schema.keys() - KNOWN}"
    if "$ref" in schema:
        return complaints(value, SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")], place)
    if "anyOf" in schema:
        found = [complaints(value, one, place) for one in schema["anyOf"]]
        return [] if [] in found else found[0]
    kinds = schema.get("type", list(KINDS))
    if not any(is_a(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return [f"{place} must be {kinds}, got {value!r:.60}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{place} must be one of {schema['enum']}, got {value!r:.60}"]
    found = []
    if is_a(value, "number") and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        found.append(f"{place} is out of range: {value}")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{place} has {len(value)} items")
        for number, item in enumerate(value):
            found += complaints(item, schema.get("items", {}), f"{place}[{number}]")
    if isinstance(value, dict):
        found += [f"{place} lacks {key}" for key in schema.get("required", []) if key not in value]
        others = schema.get("additionalProperties", {})
        for key, item in value.items():
            known = schema.get("properties", {}).get(key, others)
            found += (
                [f"{place}.{key} is not described"] if known is False else complaints(item, known, f"{place}.{key}")
            )
    return found


@pytest.fixture(scope="module")
def record():
    task = make_task(200)
    frozen = make_run(task, "frozen", "frozen", diagnostics={"backbone": {"name": "a net"}})
    guests = (make_guest(task, "published-net", 0.9),)
    return json.loads(render_json(build_report(build_comparison(task, (*make_runs(task), frozen), 0.01, guests))))


def test_a_report_is_what_the_schema_says(record):
    assert complaints(record, SCHEMA) == []
    assert record["frozen"] is not None
    assert record["fusion"] is not None
    assert record["guests"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"margin": "1"}, r"report\.margin must be number, got '1'"),
        ({"margin": True}, r"report\.margin must be"),
        ({"margin": 2}, "out of range"),
        ({"answer": "perhaps"}, r"report\.answer must be one of"),
        ({"folds": {}}, "lacks n_pictures"),
        ({"new": 1}, r"report\.new is not described"),
        ({"guests": [1]}, r"report\.guests\[0\] must be"),
    ],
)
def test_the_check_can_fail(record, change, complaint):
    assert re.search(complaint, " ".join(complaints({**record, **change}, SCHEMA)))
    assert complaints({k: v for k, v in record.items() if k != "runs"}, SCHEMA) == ["report lacks runs"]


def test_folds_are_described_too():
    found = json.loads(render_json(build_report(compare(make_folds(0.9, 0.6)))))
    assert complaints(found, SCHEMA) == []
    assert found["folds"]["n_splits"] == 10


def test_the_answers_are_those_of_the_verdict():
    assert tuple(SCHEMA["$defs"]["answer"]["enum"]) == get_args(Answer)
