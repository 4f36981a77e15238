import pytest

from bakeoff.reports.canvas.elements import Section
from bakeoff.reports.chapters import registration as registry
from bakeoff.reports.chapters.registration import CHAPTERS, chapter, write_chapters


@pytest.fixture
def alone(monkeypatch):
    """No chapter but those of the test."""
    write_chapters({}, {})
    monkeypatch.setattr(registry, "CHAPTERS", {})


def section(name: str) -> Section:
    return Section(name, name)


def test_chapters_stand_in_the_order_of_their_places_folded_ones_last(alone):
    chapter(4, decisive=True)(lambda comparison: section("cost"))
    chapter(2)(lambda comparison: section("later"))
    chapter(1)(lambda comparison: section("earlier"))
    chapter(3)(lambda comparison: None)
    found = write_chapters({"comparison": 1}, {})
    assert [(s.name, s.folded) for s in found] == [("cost", False), ("earlier", True), ("later", True)]


def test_a_chapter_is_left_out_where_something_it_names_is_missing(alone):
    chapter(1, study="noise")(lambda study: section(study))
    chapter(2)(lambda changes, stakes: section(f"{changes} {stakes}"))
    assert write_chapters({"changes": None, "stakes": "high"}, {}) == ()
    found = write_chapters({"changes": "few", "stakes": "high"}, {"noise": "of a study"})
    assert [s.name for s in found] == ["of a study", "few high"]


def test_two_chapters_in_one_place_are_told(alone):
    chapter(1)(lambda comparison: section("one"))
    with pytest.raises(ValueError, match="place of a chapter must be its own, got 1"):
        chapter(1)(lambda comparison: section("two"))


def test_every_chapter_of_the_report_is_found():
    write_chapters({}, {})
    assert len(CHAPTERS) >= 20
