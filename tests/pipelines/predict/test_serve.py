"""The page over HTTP: a picture gets its answer, what is no picture one line, and nobody else gets anything."""

import base64
import io
import json
import socket
import threading
from dataclasses import replace
from http.client import HTTPConnection

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.pipelines.backprop import pipeline as backprop
from bakeoff.pipelines.backprop.pipeline import BackpropConfig
from bakeoff.pipelines.machine.job import Job
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.predict import serve
from bakeoff.pipelines.predict.classifier import load_model
from bakeoff.pipelines.predict.serve import Server, find_witness
from bakeoff.pipelines.results.model import ON_REGIONS
from bakeoff.pipelines.results.run import run_folder, save_run


def make_split(n: int, seed: int) -> Split:
    """Pictures that are dark (0) or bright (1) in their left half."""
    labels = np.arange(n, dtype=np.int64) % 2
    images = np.random.default_rng(seed).integers(0, 60, (n, 16, 16, 3), dtype=np.uint8)
    images[labels == 1, :, :8] += 180
    return Split(images, labels)


DATASET = Dataset("halves", ("dark", "bright <b>"), make_split(40, 0), make_split(12, 1), make_split(12, 2))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return Workspace(tmp_path_factory.mktemp("serve"), console=Console(file=io.StringIO()))


@pytest.fixture(scope="module")
def classifier(workspace):
    config = BackpropConfig(widths=(8,), epochs=10)
    run = backprop.run(Job(DATASET, experiment="e", title="T", config=config, seed=0, workspace=workspace))
    save_run(run, workspace.runs)
    return load_model(run_folder(workspace.runs, DATASET.name, DATASET.fingerprint(), "e", 0))


@pytest.fixture(scope="module")
def server(workspace, classifier):
    with Server(find_witness(classifier, DATASET, workspace), 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(server, method: str, path: str, body: bytes | None = None, **headers: str):
    """(status, headers, content)."""
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    reply = connection.getresponse()
    found = reply.status, dict(reply.getheaders()), reply.read()
    connection.close()
    return found


def as_png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def test_a_picture_gets_classes_evidence_and_the_pictures_it_resembles(server, classifier):
    image = DATASET.test.images[1]
    status, headers, content = ask(server, "POST", "/classify", as_png(image), X_File_Name="x.png")
    found = json.loads(content)
    assert (status, headers["Content-Type"], found["class"]) == (200, "application/json", "bright <b>")
    expected = classifier.probabilities(image[None])[0]
    assert found["classes"] == [["bright <b>", pytest.approx(expected[1])], ["dark", pytest.approx(expected[0])]]
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(found["picture"].partition(",")[2]))))
    np.testing.assert_array_equal(shown, image)
    values = np.array(found["evidence"]["values"])
    assert found["evidence"]["of"] == "bright <b>"
    assert np.abs(values[:, :4]).sum() > 3 * np.abs(values[:, 5:]).sum()  # the left half decides
    assert {one["class"] for one in found["neighbors"]} == {"bright <b>"}
    assert len(found["neighbors"]) == serve.N_NEIGHBORS
    assert found["neighbors"][0]["cosine"] <= 1.0001


def test_the_page_its_script_and_its_style_are_all_there_is(server):
    for path, kind in (("/", "text/html"), ("/page.js", "text/javascript"), ("/page.css", "text/css")):
        status, headers, content = ask(server, "GET", path)
        assert (status, headers["Content-Type"].partition(";")[0]) == (200, kind)
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
        assert len(content) > 500
    model = json.loads(ask(server, "GET", "/model")[2])
    assert (model["experiment"], model["path"], model["note"]) == ("e", "", "Nearest of all 40 training pictures.")
    for path in ("/../serve.py", "/page.css/../../serve.py", "//etc/passwd", "/%2e%2e/serve.py", "/page.html?x", "/x"):
        assert ask(server, "GET", path)[0] == 404
        assert ask(server, "POST", path, b"x")[0] == 404


@pytest.mark.parametrize(
    ("body", "headers", "status", "message"),
    [
        (b"no picture", {}, 422, "not a picture in a format that is read here"),
        (as_png(np.zeros((9, 9, 3), np.uint8))[:45], {}, 422, "."),
        (b"x", {"X_File_Name": "../../etc/x.h5\r\n".strip()}, 422, "."),
        (b"", {}, 411, "the file is empty, or its length was not told"),
        (b"x", {"Content_Length": "-5"}, 411, "the file is empty, or its length was not told"),
        (b"x", {"Content_Length": "50000001"}, 413, "the file is larger than 50 MB"),
        (b"x", {"Origin": "https://evil.example"}, 403, "only the page at this address is answered"),
        (b"x", {"Origin": "null"}, 403, "only the page at this address is answered"),
        (b"x", {"Host": "evil.example"}, 403, "only the page at this address is answered"),
    ],
)
def test_what_is_wrong_gets_one_line(server, body, headers, status, message):
    found = ask(server, "POST", "/classify", body, **headers)
    said = json.loads(found[2])["error"]
    assert found[0] == status
    assert said == message or (message == "." and said)
    assert "\n" not in said


def test_a_page_under_a_strange_name_is_not_given(server):
    assert ask(server, "GET", "/", Host="evil.example")[0] == 403
    assert ask(server, "GET", "/", Host=f"localhost:{server.server_port}")[0] == 200


def test_only_this_machine_is_listened_to(server):
    assert server.server_address[0] == "127.0.0.1"
    with pytest.raises(ValueError, match=rf"--port {server.server_port} cannot be had \(.*\): name another"):
        Server(server.witness, server.server_port)


def test_a_client_that_breaks_off_leaves_room_for_the_next(server):
    for _ in range(serve.AT_ONCE + 1):
        with socket.create_connection(("127.0.0.1", server.server_port)) as broken:
            host = f"Host: 127.0.0.1:{server.server_port}"
            broken.sendall(f"POST /classify HTTP/1.1\r\n{host}\r\nContent-Length: 9000\r\n\r\nabc".encode())
    assert ask(server, "POST", "/classify", as_png(DATASET.test.images[0]))[0] == 200


def test_without_the_data_the_neighbors_are_left_out_and_that_is_said(classifier, workspace):
    other = Dataset("others", DATASET.class_names, make_split(40, 7), make_split(12, 8), make_split(12, 9))
    witness = find_witness(classifier, other, workspace)
    assert "others is not what the model learned from" in witness.note
    assert witness.answer(as_png(DATASET.test.images[0]), "x.png")["neighbors"] == []
    of_regions = replace(classifier, reading={**classifier.reading, "regions": "mask"})
    assert find_witness(of_regions, other, workspace).note == f"{witness.note} {ON_REGIONS}"
