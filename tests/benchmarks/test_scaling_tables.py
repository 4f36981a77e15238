"""docs/scaling.md says what the published record says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bakeoff.benchmarks.scaling_tables import tables

ROOT = Path(__file__).resolve().parent.parent.parent
RECORD = json.loads((ROOT / "docs" / "results" / "scaling.json").read_text())
TABLES = tables(RECORD)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_of_the_document_is_made_from_the_record(name):
    assert TABLES[name] in (ROOT / "docs" / "scaling.md").read_text()


def test_the_model_is_within_a_fifth_of_every_run_it_is_checked_against():
    assert RECORD["checks"]
    for row in RECORD["checks"]:
        assert row["ratio"] == pytest.approx(row["predicted"] / row["measured"])
        assert 0.8 <= row["ratio"] <= 1.2
