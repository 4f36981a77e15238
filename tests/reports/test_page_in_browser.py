"""The page in a real browser: nothing leaves it, nothing complains, it fits a phone and a sheet of paper."""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.reports.report import build_report
from bakeoff.reports.report_text import render_html
from bakeoff.reports.statistics.comparison import build_comparison
from bakeoff.tests.reports.browser import BROWSER, IN_BROWSER
from bakeoff.tests.reports.factory import make_guest, make_runs, make_task

pytestmark = IN_BROWSER
# Told of everything that the page's policy or its own mistakes would keep from the reader.
PROBE = """<script>
const found = [];
addEventListener("securitypolicyviolation", (e) => found.push("policy: " + e.violatedDirective));
addEventListener("error", (e) => found.push("error: " + e.message), true);
addEventListener("load", () => {
  const requests = performance.getEntriesByType("resource").map((r) => r.name).filter((n) => !n.startsWith("data:"));
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const sortable = document.querySelectorAll("thead button").length;
  document.body.dataset.found = JSON.stringify({ found, requests, wide, sortable });
});
</script>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    task = make_task(200)
    report = build_report(build_comparison(task, make_runs(task), 0.01, (make_guest(task, "published-net", 0.9),)))
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_html(report), encoding="utf-8")
    return path


def browse(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Chromium without a window, a profile of its own, and with what the console says on stderr."""
    common = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr")
    profile = f"--user-data-dir={page.parent / 'profile'}"
    command = [BROWSER, *common, profile, *options, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_complains_nothing_leaves_and_nothing_sticks_out(page, width):
    html = page.read_text(encoding="utf-8")
    probed = page.with_name("probed.html")
    # Only the probe's own script is let in besides the page's.
    loose = re.sub(r"script-src &#39;[^;]*;|script-src '[^;]*;", "script-src 'unsafe-inline';", html, count=1)
    probed.write_text(loose.replace("<title>", PROBE + "<title>", 1), encoding="utf-8")
    seen = browse(probed, f"--window-size={width},900", "--dump-dom").stdout
    record = re.search(r'data-found="([^"]*)"', seen)
    assert record, "the probe did not run"
    text = record[1].replace("&quot;", '"')
    assert '"found":[]' in text
    assert '"requests":[]' in text
    assert '"wide":0' in text
    assert '"sortable":0' not in text


def test_the_console_stays_empty(page):
    assert "CONSOLE" not in browse(page, "--dump-dom").stderr


@pytest.mark.parametrize("width", [390, 1280])
def test_a_screenshot_shows_text_on_paper(page, width, tmp_path):
    shot = tmp_path / "shot.png"
    browse(page, f"--window-size={width},900", f"--screenshot={shot}")
    pixels = np.asarray(Image.open(shot).convert("L"), int)
    assert pixels.shape == (900, width)
    assert np.median(pixels) > 230  # paper
    assert 0.005 < (pixels < 120).mean() < 0.4  # ink


def test_it_prints_on_a_few_sheets(page, tmp_path):
    sheet = tmp_path / "report.pdf"
    browse(page, f"--print-to-pdf={sheet}", "--no-pdf-header-footer")
    content = sheet.read_bytes()
    assert content.startswith(b"%PDF")
    assert len(content) < 4_000_000
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b", content)) <= 30
