"""Chapters: read, run and saved; the code that is shown is the code that runs."""

import json

import numpy as np
import pytest

from bakeoff.pipelines.lecture import chapter

SOURCE = """# A title

A claim with {{ total }}.

```python sums: A line that rises.
from dataclasses import dataclass
import numpy as np
total, names = np.arange(4).sum(), ["a", "b"]
```

*The sum is {{ total }},
over two lines.*

```python
layers = [(np.ones((2, 3)), np.ones(3))]
cases, large, _hidden = {"a / b": np.ones(2)}, np.ones(200_000), 1
```

The end.
"""


def test_parts_are_text_code_and_caption():
    first, second, last = chapter.read_parts(SOURCE)
    assert first.text == "# A title\n\nA claim with {{ total }}."
    assert (first.figure, first.alt, first.caption) == (
        "sums",
        "A line that rises.",
        "The sum is {{ total }}, over two lines.",
    )
    assert first.code.endswith('.sum(), ["a", "b"]')
    assert (second.text, second.figure, last.code, last.text) == ("", None, "", "The end.")


def test_a_figure_without_a_caption_is_refused():
    with pytest.raises(ValueError, match="the figure sums needs a caption"):
        chapter.read_parts(SOURCE.replace("*The sum", "The sum"))


@pytest.fixture
def folders(tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "01-sums.md").write_text(SOURCE)
    known = {}

    def keep(inputs, compute):
        key = json.dumps(inputs, sort_keys=True)
        known[key] = known.get(key) or compute()
        return known[key]

    return tmp_path / "numbers", keep, tmp_path / "sources"


def compute(folders):
    said = []
    numbers, keep, sources = folders
    chapter.compute_chapters(numbers, keep, said.append, sources)
    (path,) = numbers.iterdir()
    with np.load(path) as arrays:
        return dict(arrays), said


def test_what_can_be_stored_is_saved_with_the_text(folders):
    arrays, said = compute(folders)
    assert set(arrays) == {
        "chapter",
        "total",
        "names",
        "cases.a%20%2F%20b",
    }  # no layers, nothing large, hidden or imported
    assert arrays["total"] == 6
    assert json.loads(str(arrays["chapter"]))[2]["text"] == "The end."
    assert said[0].startswith("chapter 1 of 1, sums")


def test_unchanged_code_is_not_run_again_but_its_text_is_read_anew(folders, monkeypatch):
    compute(folders)
    (folders[2] / "01-sums.md").write_text(SOURCE.replace("The end.", "Another end."))
    monkeypatch.setattr(chapter, "run_parts", lambda *_: pytest.fail("ran again"))
    arrays, _ = compute(folders)
    assert arrays["total"] == 6
    assert json.loads(str(arrays["chapter"]))[2]["text"] == "Another end."


@pytest.mark.parametrize("damage", ["code", "version", "reports"])
def test_other_code_another_version_or_reports_made_anew_run_it_again(folders, damage, monkeypatch, tmp_path):
    monkeypatch.setattr(chapter, "REPORTS", tmp_path / "results")
    source = SOURCE.replace("total, names", "load_report = None\ntotal, names")
    (folders[2] / "01-sums.md").write_text(source)
    compute(folders)
    if damage == "code":
        (folders[2] / "01-sums.md").write_text(source.replace("arange(4)", "arange(5)"))
    elif damage == "version":
        monkeypatch.setattr(chapter, "VERSION", -1)
    else:
        (tmp_path / "results" / "photos").mkdir(parents=True)
        (tmp_path / "results" / "photos" / "report.json").write_text("{}")
    ran = []
    run = chapter.run_parts
    monkeypatch.setattr(chapter, "run_parts", lambda *given: ran.append(given) or run(*given))
    arrays, _ = compute(folders)
    assert len(ran) == 1
    assert arrays["total"] == (10 if damage == "code" else 6)


def test_a_chapter_that_is_gone_leaves_no_numbers(folders):
    compute(folders)
    (folders[2] / "01-sums.md").rename(folders[2] / "02-sums.md")
    compute(folders)
    assert [path.name for path in folders[0].iterdir()] == ["02-sums.npz"]
