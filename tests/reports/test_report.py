"""The written report: well-formed, self-contained, safe against hostile names, small."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from bakeoff.__main__ import main
from bakeoff.pipelines.results.run import Stage, save_run
from bakeoff.pipelines.results.task import save_task
from bakeoff.reports.chapters.results import result_table
from bakeoff.reports.report import Report, build_report, find_caveats
from bakeoff.reports.report_json import render_json
from bakeoff.reports.report_text import escape_markdown, render_html, render_markdown, save_figures
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.factory import make_guest, make_history, make_run, make_runs, make_task

VOID = {"meta", "link", "img", "br", "hr", "rect", "input"}
HOSTILE = (
    '<script>alert("x")</script>',
    "a|b`c`",
    "$x^2$ & <b>",
    "日本語 ☃",
    "line\nbreak",
    "[x](http://evil.example)",
)


class Page(HTMLParser):
    """Checks nesting while it reads, and keeps ids, links and tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self._note(tag, attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self._note(tag, attributes)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def _note(self, tag, attributes):
        values = dict(attributes)
        self.tags.append((tag, values))
        self.ids += [values["id"]] if values.get("id") else []
        self.links += [values[name] for name in ("src", "href", "xlink:href", "action") if values.get(name)]


def build(task, runs) -> Report:
    return build_report(build_comparison(task, runs, 0.01))


@pytest.fixture(scope="module")
def report() -> Report:
    task = make_task(200)
    return build(task, make_runs(task))


@pytest.fixture(scope="module")
def hostile() -> Report:
    task = make_task(120, class_names=HOSTILE)
    runs = (
        make_run(task, "<i>svm</i>", settings={"note": "</script><script>x"}, title='"><img src=x>'),
        make_run(task, "mlp", "end-to-end", history=make_history()),
    )
    return build(task, runs)


@pytest.fixture(scope="module")
def page(report) -> Page:
    return Page(render_html(report))


def test_every_tag_is_closed_and_no_id_is_used_twice(page):
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))


def test_nothing_is_loaded_from_outside(page):
    assert page.links
    assert all(link.startswith(("data:", "#")) for link in page.links)


def test_every_anchor_leads_somewhere(page):
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_the_policy_allows_just_the_pages_own_style_and_script(report):
    html = render_html(report)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy
    assert " style=" not in html
    assert not re.search(r"\son\w+=", html)


def test_every_picture_has_a_text_for_those_who_cannot_see_it(page):
    pictures = [values for tag, values in page.tags if tag == "img"]
    drawings = [values for tag, values in page.tags if tag == "svg"]
    assert pictures
    assert all(values["alt"] for values in pictures)
    assert drawings
    assert all(values["role"] == "img" and values["aria-label"] for values in drawings)


def test_every_table_has_a_caption_and_scoped_headers(page):
    assert sum(tag == "table" for tag, _ in page.tags) == sum(tag == "caption" for tag, _ in page.tags)
    assert all(values["scope"] in ("col", "row") for tag, values in page.tags if tag == "th")


def test_colors_follow_the_readers_light_or_dark(report):
    body = render_html(report).split("</style>", 1)[1]
    assert "var(--hand)" in body
    assert not re.findall(r'(?:fill|stroke)="#[0-9a-f]{6}"', body.replace('"#000000"', ""))


def test_the_page_is_small(report):
    assert len(render_html(report).encode()) < 1_000_000


def test_the_same_runs_give_the_same_page(report):
    task = make_task(200)
    assert render_html(build(task, make_runs(task))) == render_html(report)


def test_hostile_names_stay_text(hostile):
    page = Page(render_html(hostile))
    assert page.open == []
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not any(tag in ("i", "b") and values for tag, values in page.tags)
    assert HOSTILE[0] in "".join(page.text)
    assert all(link.startswith(("data:", "#")) for link in page.links)


def test_hostile_names_stay_text_in_markdown(hostile):
    text = render_markdown(hostile)
    assert "<script>" not in text
    assert not re.search(r"(?<!\\)\]\(http", text)
    assert "line break" in text


def test_markdown_escapes_what_has_a_meaning():
    assert escape_markdown("a|b <i> *x* [y]\n`z` $1 &") == r"a\|b &lt;i&gt; \*x\* \[y\] \`z\` \$1 &amp;"


def test_markdown_figures_exist_and_are_xml(report, tmp_path):
    stale = tmp_path / "old.svg"
    stale.write_text("<svg/>")
    save_figures(report, tmp_path)
    named = set(re.findall(r"\]\(figures/([^)]+)\)", render_markdown(report)))
    assert named == {path.name for path in tmp_path.iterdir()}
    for path in tmp_path.glob("*.svg"):
        assert ElementTree.parse(path).getroot().tag.endswith("svg")
        assert path.stat().st_size < 80_000


def test_markdown_tables_have_as_many_cells_in_every_row(hostile):
    blocks = re.findall(r"(?:^\|.*\n)+", render_markdown(hostile), flags=re.MULTILINE)
    assert len(blocks) >= 6
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_json_has_its_stable_keys(report):
    record = json.loads(render_json(report))
    assert {"dataset", "fingerprint", "verdict", "answer", "runs", "experiments", "comparison"} <= set(record)
    assert record["verdict"] == report.verdict.sentence
    assert len(record["runs"]) == 13
    for run in record["runs"]:
        assert run["side"] in ("hand-crafted", "end-to-end")
        assert run["accuracy_interval"][0] <= run["accuracy"] <= run["accuracy_interval"][1]
        stages = {name: value for name, value in run["seconds"].items() if name != "total"}
        assert set(stages) == {"extract", "fit", "predict"}
        assert run["seconds"]["total"] == pytest.approx(sum(stages.values()))
        assert run["peak_memory_bytes"] == 350_000_000
        assert run["size"] == {"dimensions": 1764, "parameters": 17_640, "bytes": 70_560}


def test_sections_without_data_are_left_out():
    task = make_task(60)
    names = {section.name for section in build(task, [make_run(task), make_run(task, "mlp", "end-to-end")]).sections}
    assert {"results", "together", "classes", "pictures", "provenance"} <= names
    assert not {"features", "inside"} & names


def test_guests_stand_in_the_table_without_costs():
    task = make_task(200)
    guests = (make_guest(task, "published-net", 0.99), make_guest(task, "<b>patches</b>", 0.2, "hand-crafted"))
    report = build_report(build_comparison(task, make_runs(task), 0.01, guests))
    rows = {row.cells[0].text: row for row in result_table(report.comparison).rows}
    guest = rows["published-net"]
    assert guest.cells[0].note == "published model: title of published-net"
    assert guest.cells[1].text.startswith("99.0")
    assert {cell.text for cell in guest.cells[4:]} == {"–"}
    html = render_html(report)
    assert "<b>patches" not in html
    assert "the table includes 2 published models, trained by others" in html
    record = json.loads(render_json(report))
    assert [g["experiment"] for g in record["guests"]] == ["published-net", "<b>patches</b>"]
    assert record["guests"][0]["against_favorite"]["difference"] > 0
    assert "published-net" not in {e["experiment"] for e in record["experiments"]}


def test_fusion_is_reported_with_its_test(report):
    record = json.loads(render_json(report))["fusion"]
    assert record["accuracy_interval"][0] < record["accuracy"] < record["accuracy_interval"][1]
    assert record["upper_bound"] >= record["accuracy"]
    text = " ".join(next(s for s in report.sections if s.name == "together").paragraphs)
    assert "Late fusion adds" in text
    assert "pairs of seeds" in text


def test_a_task_of_one_hundred_classes_stays_small_and_readable():
    names = tuple(f"class {index}" for index in range(100))
    task = make_task(1000, class_names=names)
    html = render_html(build(task, [make_run(task), make_run(task, "mlp", "end-to-end")]))
    assert len(html.encode()) < 1_500_000
    assert Page(html).open == []


def test_gray_pictures_and_perfect_methods_are_no_trouble():
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
    task = make_task(40, images=images, class_names=("a", "b"))
    runs = [make_run(task, strength=99.0), make_run(task, "mlp", "end-to-end", strength=99.0, trials=())]
    report = build(task, runs)
    assert report.verdict.winner is None
    assert Page(render_html(report)).open == []


@pytest.mark.parametrize(
    ("processor", "device", "told"), [(30.0, "cpu", True), (90.0, "cpu", False), (30.0, "cuda", False)]
)
def test_where_a_run_waited_for_a_busy_processor_costs_are_processor_time(processor, device, told):
    task = make_task(200)
    slow = make_run(
        task,
        "handcrafted",
        stages=(Stage("fit", "training", 90.0, processor, 1_000_000),),
        environment={"device": device},
    )
    report = build(task, [slow, make_run(task, "mlp", "end-to-end")])
    assert any("was busy with other work while handcrafted ran" in caveat for caveat in report.caveats) is told
    assert ("(30\u00a0s of processor time hand-crafted" in report.verdict.sentence) is told
    assert ("processor time" in result_table(report.comparison).caption) is told


@pytest.mark.parametrize(("device", "told"), [("cpu", False), ("cuda", True)])
def test_it_is_told_which_finalist_ran_where(device, told):
    task = make_task(200)
    runs = [make_run(task, "classic"), make_run(task, "mlp", "end-to-end", environment={"device": device})]
    where = "on different devices (hand-crafted on cpu, net on cuda)"
    assert any(where in caveat for caveat in build(task, runs).caveats) is told


@pytest.mark.parametrize(
    ("diagnostics", "told"), [({}, False), ({"svm_converged": True}, False), ({"svm_converged": False}, True)]
)
def test_caveats_name_an_svm_that_did_not_reach_its_optimum(diagnostics, told):
    task = make_task(200)
    report = build(task, [make_run(task, diagnostics=diagnostics), make_run(task, "mlp", "end-to-end")])
    assert any("is not known to have reached its optimum" in caveat for caveat in report.caveats) is told


def test_caveats_name_a_better_test_result_than_the_finalists():
    task = make_task(200)
    runs = [
        make_run(task, "hog", strength=3.0, validation_score=0.1),
        make_run(task, "classic", strength=0.5, validation_score=0.9),
        make_run(task, "mlp", "end-to-end"),
    ]
    assert any("hog does better on the test pictures" in caveat for caveat in build(task, runs).caveats)


@pytest.fixture
def saved(tmp_path) -> Path:
    task = make_task(60)
    save_task(task, tmp_path / "runs")
    for run in (make_run(task), make_run(task, "hog", strength=0.5), make_run(task, "mlp", "end-to-end")):
        save_run(run, tmp_path / "runs")
    return tmp_path


def run_main(folder: Path, *more: str) -> int:
    return main(["report-saved", "--artifacts", str(folder), *more])


def test_the_command_writes_all_three_forms_and_prints_where(saved, capsys):
    assert run_main(saved) == 0
    target = saved / "reports" / "photos"
    assert {path.name for path in target.iterdir()} == {"report.html", "report.md", "report.json", "figures"}
    printed = capsys.readouterr().out
    assert str(target / "report.html") in printed
    assert "classic" in printed


def test_the_command_compares_selected_runs_only(saved):
    assert run_main(saved, "--select", "hog", "mlp:0") == 0
    record = json.loads((saved / "reports" / "photos" / "report.json").read_text())
    assert {run["experiment"] for run in record["runs"]} == {"hog", "mlp"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--dataset", "digits"], "no runs of digits in "),
        (["--select", "resnet"], "--select must name saved runs (classic, hog, mlp), got resnet"),
        (["--select", "classic"], "no end-to-end run on photos to compare: run `bakeoff train-mlp` first"),
        (["--fingerprint", "ffff"], "fingerprint must be one of 01234567 for photos, got ffff"),
    ],
)
def test_bad_input_gets_one_line_and_a_failure(saved, capsys, arguments, message):
    assert run_main(saved, *arguments) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_of_several_data_sets_of_one_name_the_newest_is_taken_and_it_is_said(saved, capsys):
    other = make_task(60, fingerprint="f" * 64)
    save_task(other, saved / "runs")
    for run in (make_run(other, "newer"), make_run(other, "mlp", "end-to-end")):
        save_run(run, saved / "runs")
    assert run_main(saved) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "newer" in printed
    assert "fingerprints 01234567" in printed
    assert run_main(saved, "--fingerprint", "0123") == 0
    fingerprints = {
        path.parent.name: json.loads(path.read_text())["fingerprint"][:4]
        for path in saved.glob("reports/*/report.json")
    }
    assert fingerprints == {"photos": "ffff", "photos-01234567": "0123"}  # neither overwrites the other
    assert run_main(saved) == 0
    assert run_main(saved, "--fingerprint", "0123") == 0
    assert len(list((saved / "reports").iterdir())) == 2


def test_what_changed_since_an_earlier_report_is_told(saved, capsys):
    assert run_main(saved) == 0
    base = saved / "base.json"
    base.write_bytes((saved / "reports" / "photos" / "report.json").read_bytes())
    save_run(make_run(make_task(60), "newcomer", strength=3.0), saved / "runs")
    capsys.readouterr()
    assert run_main(saved, "--base", str(base)) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "New: newcomer." in printed
    assert "No difference in accuracy is shown for the 3 experiments in both" in printed
    assert "What changed" in (saved / "reports" / "photos" / "report.html").read_text()


@pytest.mark.parametrize(("content", "message"), [("{", "is none"), ("{}", "lacks answer")])
def test_a_base_that_is_no_report_is_refused(saved, capsys, content, message):
    (saved / "base.json").write_text(content)
    assert run_main(saved, "--base", str(saved / "base.json")) == 1
    assert message in capsys.readouterr().err


def test_no_test_picture_is_passed_on_if_that_is_asked_for(saved):
    galleries = saved / "reports" / "photos" / "figures"
    assert run_main(saved, "--without-pictures") == 0
    assert not list(galleries.glob("gallery*"))
    assert run_main(saved) == 0
    assert list(galleries.glob("gallery*"))


def test_lessons_stand_above_the_contents(saved, tmp_path):
    lessons = tmp_path / "lessons.txt"
    lessons.write_text("Whitening < nothing.\n\nNets cost & earn.\n", encoding="utf-8")
    assert run_main(saved, "--lessons", str(lessons)) == 0
    page = next(tmp_path.rglob("report.html")).read_text()
    assert page.index("<li>Whitening &lt; nothing.</li>") < page.index("<li>Nets cost &amp; earn.</li>")
    assert page.index("What we learned") < page.index('id="contents"')
    assert "- Whitening &lt; nothing.\n" in next(tmp_path.rglob("report.md")).read_text()


def test_lessons_that_are_no_text_are_refused(saved, tmp_path, capsys):
    lessons = tmp_path / "lessons.txt"
    lessons.write_bytes(b"\xff\xfe\x00")
    assert run_main(saved, "--lessons", str(lessons)) == 1
    assert "must be UTF-8 text" in capsys.readouterr().err


def test_a_run_of_other_data_in_the_folder_is_refused(saved, capsys):
    stranger = replace(make_run(make_task(60), "stray"), fingerprint="01234567" + "f" * 56)
    save_run(stranger, saved / "runs")
    assert run_main(saved) == 1
    assert "accuracies on different pictures do not compare" in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "warned"), [("Perceptron", True), ("SmallAlexNet", False)])
def test_a_comparison_without_a_convolutional_net_says_so(kind, warned):
    task = make_task()
    net = replace(make_run(task, "net", "end-to-end"), settings={"architecture": {"kind": kind}})
    comparison = build_comparison(task, (make_run(task, "classic"), net), 0.01)
    assert any("No convolutional net" in caveat for caveat in find_caveats(comparison)) == warned


def test_the_first_screen_has_four_caveats_at_most_and_the_method_the_others():
    task = make_task(200)
    runs = [
        make_run(task, "hog", strength=3.0, validation_score=0.1),
        make_run(task, "classic", strength=0.5, validation_score=0.9, settings={"refit": True}, trials=()),
        make_run(task, "mlp", "end-to-end", did_not_train=True, train_score=0.2, environment={"commit": "def"}),
    ]
    report = build(task, runs)
    all_of_them = find_caveats(report.comparison)
    assert len(report.caveats) == 4 < len(all_of_them)
    assert "mlp, the best of the end-to-end side" in report.verdict.reason
    assert "did not train" in report.verdict.reason
    assert set(all_of_them[4:]) <= set(next(s for s in report.sections if s.name == "methods").paragraphs)
    assert any("classic was trained once more" in caveat for caveat in all_of_them)


def test_what_changes_no_decision_is_folded_and_comes_last(report):
    folded = [section.folded for section in report.sections]
    assert folded == sorted(folded)
    assert [section.name for section in report.sections if not section.folded] == ["difference", "cost"]
    assert render_html(report).count('class="folded"') == sum(folded)
    assert render_markdown(report).count("<details>") == render_markdown(report).count("</details>") >= sum(folded)


def test_commands_in_sentences_are_code_in_the_page(report):
    assert "<code>bakeoff train " in render_html(report)
