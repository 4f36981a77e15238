"""What differs from the favorite: after Holm's correction; what the intervals rest on."""

import json

import pytest

from bakeoff.reports.chapters.difference import difference_section, table_of_tests
from bakeoff.reports.report import build_report
from bakeoff.reports.report_json import render_json
from bakeoff.reports.statistics.accuracy import PairedDifference
from bakeoff.reports.statistics.comparison import Comparison, build_comparison
from bakeoff.tests.reports.factory import make_guest, make_run, make_task

TASK = make_task(100)
NET = make_run(TASK, "mlp", "end-to-end")


@pytest.fixture
def comparison(monkeypatch) -> Comparison:
    """hog's interval holds zero, the others' do not."""

    def compare(self: Comparison, first, second) -> PairedDifference:
        error = 0.04 if first.experiment == "hog" else 0.01
        return PairedDifference(-0.06, -0.06, error, float("inf"), 4, 10, "made up")

    monkeypatch.setattr(Comparison, "compare", compare)
    runs = [make_run(TASK, strength=2.5), make_run(TASK, "hog"), make_run(TASK, "mlp", "end-to-end")]
    return build_comparison(TASK, runs, 0.01, [make_guest(TASK, "visitor", 0.5)])


def test_text_marks_and_json_say_the_same(comparison):
    texts = difference_section(comparison).paragraphs
    assert "0.5\N{NO-BREAK SPACE}points for classic (assumed; it ran with 1 seed)" in texts[1]
    assert "no difference from hog is shown." in texts[2]
    assert len(difference_section(build_comparison(TASK, [make_run(TASK), NET], 0.01)).paragraphs) == 2
    assert [row.cells[0].text for row in table_of_tests(comparison).rows] == [p.experiment for p in comparison.tests]
    records = json.loads(render_json(build_report(comparison)))["experiments"]
    shown = {r["experiment"]: r["against_favorite"]["difference_shown"] for r in records if r["against_favorite"]}
    assert shown == {"hog": False, "mlp": True}
