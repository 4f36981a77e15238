"""`import bakeoff` as in a notebook: pictures in, both sides run, the comparison out as a value."""

import doctest
import html
import json
import re
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

import bakeoff
from bakeoff import api
from bakeoff.tests.datasets.pictures import write_class
from bakeoff.tests.reports.test_report_json import SCHEMA, complaints


@dataclass(frozen=True)
class Brightness(bakeoff.FeatureFamily):
    """A family of one's own."""

    def encode(self, images, state):
        return images.float().mean(dim=(1, 2)) / 255


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    random = np.random.default_rng(0)
    images = random.integers(0, 120, (60, 16, 16, 3), dtype=np.uint8)
    images[::2, :, ::4] += 100
    pictures = bakeoff.load(images, ["striped", "plain"] * 30, name="stripes", image_size=16)
    options = {"margin": 30, "families": [Brightness()], "artifacts": tmp_path_factory.mktemp("own")}
    return bakeoff.compare(pictures, budget=3.0, quiet=True, **options)


def test_importing_it_imports_nothing_else():
    code = "import sys, bakeoff; print([n for n in ('numpy', 'torch', 'rich') if n in sys.modules], dir(bakeoff))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.startswith("[] [")
    assert "'compare'" in told


def test_every_name_that_it_offers_is_there():
    for name in bakeoff.__all__:
        assert getattr(bakeoff, name).__name__ == name
    with pytest.raises(AttributeError, match="module 'bakeoff' has no attribute 'contrast'"):
        _ = bakeoff.contrast


def test_loads_names_paths_and_what_a_program_holds(tmp_path):
    write_class(tmp_path / "cat", 6)
    write_class(tmp_path / "dog", 6, first_seed=50)
    assert bakeoff.load("digits").name == "digits"
    assert bakeoff.load(tmp_path, image_size=16).image_shape == (16, 16, 3)
    assert doctest.DocTestRunner(verbose=False).run(doctest.DocTestFinder().find(api.load, "load", globs={})[0]) == (
        0,
        3,
    )


def test_a_comparison_tells_the_answer_as_values(found):
    assert found.answer in ("enough", "cannot tell", "not enough")
    assert "stripes" in found.sentence
    assert str(found) == f"{found.answer.capitalize()}. {found.sentence}"
    assert {row["side"] for row in found.table} == {"hand-crafted", "end-to-end", "frozen"}
    assert [row["accuracy"] for row in found.table] == sorted((row["accuracy"] for row in found.table), reverse=True)
    assert found.record["margin"] == 0.3


def test_a_notebook_shows_the_first_screen_in_a_frame(found):
    shown = found._repr_html_()
    assert re.fullmatch(r'<iframe srcdoc="[^"]*" sandbox [^>]*></iframe>', shown)
    assert f"{found.answer.capitalize()}." in shown
    assert "What to keep in mind" in shown
    assert "Contents" not in shown  # of the chapters, which it leaves out


def test_what_is_saved_is_read_back(found, tmp_path):
    page = found.save(tmp_path / "report")
    assert page.read_text().count("<section") > 5
    for path in (page.parent, page.with_suffix(".json")):
        again = bakeoff.load_report(path)
        assert again.record == found.record
        assert (again.answer, again.sentence, again.table) == (found.answer, found.sentence, found.table)
        assert again._repr_html_().split() == found._repr_html_().split()
    page.unlink()
    assert bakeoff.load_report(page.parent)._repr_html_() == f"<p>{html.escape(str(found))}</p>"
    with pytest.raises(ValueError, match=r"nowhere\.json is none"):
        bakeoff.load_report(tmp_path / "nowhere.json")


def test_a_family_of_ones_own_is_a_contestant(found):
    (own,) = (row for row in found.table if row["experiment"] == "brightness")
    assert own["side"] == "hand-crafted"
    assert own["accuracy"] > 0.9  # every other picture was made brighter


def test_runs_tell_the_call_that_made_them(found):
    assert {run["environment"]["command"] for run in found.record["runs"]} == {"bakeoff.compare('stripes', budget=3.0)"}


def test_the_record_is_what_the_schema_says(found):
    assert json.loads(json.dumps(found.record)) == found.record
    assert complaints(found.record, SCHEMA) == []
