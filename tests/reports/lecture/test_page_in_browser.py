"""The lecture's page in a real browser, with its own policy: each thing to move is moved, by mouse and by keys."""

import json
import os
import re
import subprocess

import numpy as np
import pytest

from bakeoff.pipelines.lecture.chapter import FOLDER, read_parts, run_parts
from bakeoff.reports.canvas.elements import Figure
from bakeoff.reports.canvas.theme import render_page
from bakeoff.reports.lecture.page import PAGES, Chapter, Passage
from bakeoff.reports.lecture.panels import draw
from bakeoff.reports.lecture.text import fill, to_html
from bakeoff.tests.reports.browser import BROWSER, IN_BROWSER

pytestmark = IN_BROWSER
# Two hidden layers of two tanh units: what training would give is not needed to move a point through them.
WARP = {"weights": "[[[1.5, -1], [0.5, 2]], [[2, 1], [-1, 1.5]], [[1, -1], [0.5, -2]]]"}
WARP |= {"biases": "[[0.1, -0.2], [0, 0.3], [0.2, -0.1]]"}


class Browser:
    """Chromium without a window, told what to do in its own protocol, over two pipes: its input is a user's."""

    def __init__(self, profile):
        (theirs_in, self.told), (self.heard, theirs_out) = os.pipe(), os.pipe()
        options = f"--headless --no-sandbox --disable-gpu --hide-scrollbars --remote-debugging-pipe {BROWSER}".split()
        command = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'  # the two numbers that Chromium knows them by
        words = ["bash", "-c", command, options[-1], *options[:-1], f"--user-data-dir={profile}"]
        self.process = subprocess.Popen(words, pass_fds=(theirs_in, theirs_out), stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.number, self.session, self.unread, self.complaints = 0, {}, b"", []
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self.session = {"sessionId": self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ("Page", "Runtime", "Log"):
            self.tell(f"{domain}.enable")

    def tell(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters, **self.session}
        os.write(self.told, json.dumps(message).encode() + b"\0")
        while (answer := self.hear()).get("id") != self.number:
            pass
        return answer["result"]

    def hear(self):
        while b"\0" not in self.unread:
            part = os.read(self.heard, 1 << 16)
            assert part, "the browser is gone"
            self.unread += part
        line, _, self.unread = self.unread.partition(b"\0")
        message = json.loads(line)
        if message.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
            self.complaints.append(message["params"])
        return message

    def open(self, page, width):
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.tell("Emulation.setDeviceMetricsOverride", **size)
        self.tell("Page.navigate", url=page.as_uri())
        while self.hear().get("method") != "Page.loadEventFired":
            pass

    def see(self, expression):
        """The value of an expression in the page."""
        found = self.tell("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def place_of(self, selector, number=0):
        """The middle of an element, scrolled into view, in pixels of the window."""
        element = f"document.querySelectorAll({json.dumps(selector)})[{number}]"
        self.see(f"{element}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        box = self.see(f"(({{x, y, width, height}}) => [x, y, width, height])({element}.getBoundingClientRect())")
        return box[0] + box[2] / 2, box[1] + box[3] / 2

    def drag(self, selector, dx, dy, number=0):
        x, y = self.place_of(selector, number)
        for kind, share in (("mouseMoved", 0), ("mousePressed", 0), ("mouseMoved", 0.5), ("mouseMoved", 1)):
            self.mouse(kind, x + share * dx, y + share * dy)
        self.mouse("mouseReleased", x + dx, y + dy)
        self.mouse("mouseMoved", x + 3 * dx, y + 3 * dy)  # let go of: nothing moves any more

    def mouse(self, kind, x, y):
        self.tell("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def press(self, selector, key, number=0):
        self.see(f"document.querySelectorAll({json.dumps(selector)})[{number}].focus()")
        for kind in ("keyDown", "keyUp"):
            self.tell("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key])

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.told)
        os.close(self.heard)


KEYS = {"ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The parts of the chapters that can be played with, and the figure that one of them steps through."""
    sources = {path.stem[3:]: read_parts(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.md")}
    first = sources["gates"][0]
    product = Figure(first.figure, "", first.alt, draw(first.figure, run_parts((first,), "gates"), first.alt))
    passages = [Passage("", product, "", "")]
    for part in (part for parts in sources.values() for part in parts if "data-play" in part.text):
        box = re.search(r"<div data-play.*?</div>", part.text)[0]
        box = re.sub(r"\{\{ (\w+)\.tolist\(\) \}\}", lambda match: WARP[match[1]], box)
        passages.append(Passage(to_html(fill(box, {})), None, "", ""))
    assert len(passages) == 5
    chapter = Chapter("plays", "Plays", "", tuple(passages))
    styles = ("style.css", "lecture.css")
    html = render_page("lecture.html.j2", scripts=PAGES["lecture"], styles=styles, title="Plays", chapters=[chapter])
    path = tmp_path_factory.mktemp("page") / "lecture.html"
    path.write_text(html, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(params=[390, 1280])
def browser(running, page, request):
    running.open(page, request.param)
    yield running
    assert running.complaints == []
    assert running.see("document.documentElement.scrollWidth") <= request.param


def text_of(browser, play):
    return browser.see(f"document.querySelector('[data-play={play}] p').textContent")


def error_of(browser):
    return float(re.search(r"error: (\d+\.\d+)", text_of(browser, "bumps"))[1])


def test_a_bump_follows_the_pointer_and_the_keys(browser):
    grip, value = "[data-play=bumps] .grip", "document.querySelectorAll('[data-play=bumps] .grip')[5].ariaValueNow"
    drawn = "document.querySelectorAll('[data-play=bumps] path')[1].getAttribute('d')"
    start, curve = error_of(browser), browser.see(drawn)
    assert float(browser.see(value)) == 0
    browser.drag(grip, 0, 40, 5)
    height = float(browser.see(value))
    scale = browser.see("document.querySelector('[data-play=bumps] svg').getScreenCTM().a")
    assert height == pytest.approx(-40 / scale / 62, abs=0.02)
    assert error_of(browser) < start  # the curve is lowest there
    assert browser.see(drawn) != curve
    browser.press(grip, "ArrowUp", 5)
    assert float(browser.see(value)) == pytest.approx(height + 6 / 62, abs=0.01)
    for _ in range(3):
        browser.drag(grip, 0, 300, 5)
    assert float(browser.see(value)) == -1.6  # and no further


def test_the_graph_is_stepped_through_from_the_values_to_the_gradients(browser):
    numbers = "[...document.querySelectorAll('#graph-product [data-step]')]"
    unseen = "document.querySelectorAll('#graph-product .unseen').length"
    hidden = f"{numbers}.map((number) => getComputedStyle(number).visibility)"
    colors = f"{numbers}.filter((n) => !n.classList.contains('unseen')).map((n) => n.getAttribute('fill'))"

    def click(number):
        x, y = browser.place_of("[data-play=steps] button", number)
        browser.mouse("mousePressed", x, y)
        browser.mouse("mouseReleased", x, y)

    n_numbers = browser.see(f"{numbers}.length")
    assert n_numbers == 10  # a value and a gradient for each of five edges
    assert browser.see(unseen) == 0
    click(0)
    assert browser.see(unseen) == n_numbers
    assert set(browser.see(hidden)) == {"hidden"}
    shown = []
    while browser.see(unseen):
        click(1)
        shown.append(n_numbers - browser.see(unseen))
        if shown[-1] == 5:
            assert len(set(browser.see(colors))) == 1  # all values, and no gradient yet
    assert shown == sorted(set(shown))
    assert "all values and gradients" in text_of(browser, "steps")
    click(0)
    click(2)
    assert browser.see(unseen) == 0


def test_a_point_takes_its_way_through_the_layers(browser):
    grip, said = "[data-play=warp] .grip", "document.querySelector('[data-play=warp] .grip').ariaValueText"
    way = "[...document.querySelectorAll('[data-play=warp] path')].at(-1).getAttribute('d')"
    circles = (
        "[...document.querySelectorAll('[data-play=warp] circle')].map((c) => [c.cx, c.cy].map((v) => v.baseVal.value))"
    )
    before, start = browser.see(said), browser.see(way)
    browser.drag(grip, -60, 50)
    assert browser.see(said) != before
    assert browser.see(way) != start
    x, y = (float(word.replace("−", "-")) for word in re.findall(r"[−\d.]+", browser.see(said))[:2])
    scale = 2.5 / 190 / browser.see("document.querySelector('[data-play=warp] svg').getScreenCTM().a")
    x0, y0 = (float(word.replace("−", "-")) for word in re.findall(r"[−\d.]+", before)[:2])
    assert (x, y) == (pytest.approx(x0 - 60 * scale, abs=0.03), pytest.approx(y0 - 50 * scale, abs=0.03))
    end, grip_place = np.array(browser.see(circles))
    hidden = (grip_place - [97, 100]) / 76 * [1, -1]  # 76 units of the drawing are 1
    assert hidden == pytest.approx([x, y], abs=0.01)
    for weights, bias in list(zip(json.loads(WARP["weights"]), json.loads(WARP["biases"]), strict=True))[:2]:
        hidden = np.tanh(hidden @ np.array(weights) + bias)
    assert end == pytest.approx(np.array([303, 100]) + 76 * hidden * [1, -1], abs=0.1)
    browser.press(grip, "ArrowRight")
    assert browser.see(said) != before


def test_a_weight_turns_the_unit_and_its_slope(browser):
    curves = "[...document.querySelectorAll('[data-play=neuron] path')].slice(1).map((p) => p.getAttribute('d'))"
    told = "[...document.querySelectorAll('[data-play=neuron] output')].map((o) => o.textContent)"
    before = browser.see(curves)
    assert browser.see(told) == ["1.00", "0.50"]
    browser.press("[data-play=neuron] input", "ArrowRight", 0)
    browser.press("[data-play=neuron] input", "ArrowLeft", 1)
    assert browser.see(told) == ["1.10", "0.40"]
    slope, value = browser.see(curves)
    assert slope != before[0]
    assert value != before[1]
    ends = [float(re.search(r"([-\d.]+)$", curve)[1]) for curve in (slope, value)]
    assert ends == [pytest.approx(120 - 25 * 1.1, abs=0.1), pytest.approx(120 - 25 * (1.1 * 4 + 0.4), abs=0.1)]
