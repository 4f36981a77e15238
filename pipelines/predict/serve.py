"""`bakeoff serve`: a page on this machine that classifies the picture dropped on it, and shows why it thinks so.

Only 127.0.0.1 is listened to, and only pages that came from here are answered. A picture is held in memory until it is
answered; none is stored. No path of a request is looked up on disk.
"""

import argparse
import io
import json
import os
import sys
from base64 import b64encode
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any
from urllib.parse import unquote

import numpy as np
from PIL import Image

from bakeoff.datasets.dataset import Dataset, Split
from bakeoff.datasets.folder.load import read_pictures
from bakeoff.datasets.folder.picture_file import PictureFile, printable
from bakeoff.datasets.resizing import bring_to_size
from bakeoff.datasets.splits import evenly_spread
from bakeoff.pipelines.experiments.evidence import N_CELLS, nearest, occlusion_maps
from bakeoff.pipelines.machine.workspace import Workspace
from bakeoff.pipelines.predict.classifier import Classifier, find_model, load_model
from bakeoff.pipelines.predict.predict_files import facts_of
from bakeoff.pipelines.results.files import read_json
from bakeoff.pipelines.results.model import ON_REGIONS

HOST = "127.0.0.1"
MOST_BYTES = 50_000_000  # of a picture
AT_ONCE = 2  # requests that are worked on; more would only fill the memory
N_TRAINING, N_NEIGHBORS = 1000, 5  # training pictures looked at, and shown
PICTURES_AT_A_TIME = 100
PAGE = Path(__file__).parent / "page"
FILES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}
SAFE = {  # headers of every answer
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Witness:
    """A classifier that shows what its answer rests on.

    note: of which training pictures the nearest are shown, or why none are.   pictures: those, if any.
    vectors: float32 (n, d), as the model represents them.
    """

    classifier: Classifier
    note: str
    pictures: Split | None = None
    vectors: np.ndarray | None = None

    def answer(self, content: bytes, name: str) -> dict[str, Any]:
        """All that the page shows of a picture. content: of its file.   Raises ValueError for what is no picture."""
        model = self.classifier.model
        images, errors = read_pictures(
            [PictureFile((name,), lambda: content)], model.image_shape, self.classifier.reading
        )
        if errors:
            raise ValueError(errors[0])
        found = self.classifier.decide(name, self.classifier.probabilities(images)[0])
        chances = np.array(list((found.probabilities or {}).values()))
        order = np.argsort(-chances, kind="stable")
        color, n_cells = images[0].mean(axis=(0, 1)), min(N_CELLS, min(model.image_shape[:2]))
        evidence = occlusion_maps(model.predict_scores, images, order[:1], color, n_cells)[0]
        return {
            "class": found.class_name,
            "classes": [[model.class_names[i], float(chances[i])] for i in order],
            "picture": as_data(images[0]),
            "evidence": {"of": model.class_names[order[0]], "values": evidence.tolist()},
            "neighbors": self._neighbors(images),
        }

    def _neighbors(self, images: np.ndarray) -> list[dict[str, Any]]:
        if self.pictures is None or self.vectors is None:
            return []
        rows, cosines = nearest(self.classifier.model.represent(images), self.vectors, N_NEIGHBORS)
        names, labels = self.classifier.class_names, self.pictures.labels
        return [
            {"class": names[labels[row]], "picture": as_data(self.pictures.images[row]), "cosine": float(cosine)}
            for row, cosine in zip(rows[0], cosines[0], strict=True)
        ]


def as_data(image: np.ndarray) -> str:
    """A PNG as the address of an <img>. image: uint8 (height, width, 1 or 3)."""
    file = io.BytesIO()
    Image.fromarray(image if image.shape[2] == 3 else image[..., 0]).save(file, "PNG")
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"


def find_witness(classifier: Classifier, dataset: Dataset, workspace: Workspace) -> Witness:
    """With training pictures where the data set is the one that the model learned from."""
    try:
        fingerprint = read_json(classifier.path.with_name("run.json"))["fingerprint"]
    except (ValueError, KeyError):
        fingerprint = ""
    more = f" {ON_REGIONS}" if classifier.reading.get("regions") else ""
    if fingerprint != dataset.fingerprint():
        note = f"Nearest training pictures are left out: {dataset.name} is not what the model learned from (--dataset)."
        return Witness(classifier, note + more)
    some = dataset.train.take(evenly_spread(len(dataset.train), N_TRAINING))
    some = Split(bring_to_size(some.images, classifier.model.image_shape[0]), some.labels)
    vectors = []
    with workspace.progress("training pictures", len(some)) as advance:
        for start in range(0, len(some), PICTURES_AT_A_TIME):
            vectors.append(classifier.model.represent(some.images[start : start + PICTURES_AT_A_TIME]))
            advance(len(vectors[-1]))
    of = f"{len(some):,} of {len(dataset.train):,}" if len(some) < len(dataset.train) else f"all {len(some):,}"
    return Witness(classifier, f"Nearest of {of} training pictures.{more}", some, np.concatenate(vectors))


class Server(ThreadingHTTPServer):
    """On this machine alone. Raises ValueError if the port is taken."""

    daemon_threads = True

    def __init__(self, witness: Witness, port: int) -> None:
        self.witness, self.places = witness, BoundedSemaphore(AT_ONCE)
        try:
            super().__init__((HOST, port), Handler)
        except OSError as error:
            raise ValueError(f"--port {port} cannot be had ({error.strerror}): name another") from error

    @property
    def hosts(self) -> tuple[str, str]:
        return f"{HOST}:{self.server_port}", f"localhost:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """GET of the page's three files and of /model; POST of a picture's bytes to /classify."""

    server: Server
    timeout = 20  # seconds that a client may keep silent
    server_version, sys_version = "bakeoff", ""

    def parse_request(self) -> bool:
        """Refuses what another site's page asks, under its own name or under one that it made to lead here."""
        if not super().parse_request():
            return False
        hosts, origin = self.server.hosts, self.headers.get("Origin", "").removeprefix("http://")
        if self.headers.get("Host") in hosts and origin in ("", *hosts):
            return True
        self.close_connection = True
        self._refuse(HTTPStatus.FORBIDDEN, "only the page at this address is answered")
        return False

    def do_GET(self) -> None:
        if self.path in FILES:
            name, kind = FILES[self.path]
            self._send(HTTPStatus.OK, (PAGE / name).read_bytes(), kind)
        elif self.path == "/model":
            witness = self.server.witness
            self._tell(HTTPStatus.OK, {**facts_of(witness.classifier), "path": "", "note": witness.note})
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        self.close_connection = True  # what is left unread must not be taken for a request
        if self.path != "/classify":
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")
        elif not (length.isascii() and length.isdecimal()) or int(length) == 0:
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "the file is empty, or its length was not told")
        elif int(length) > MOST_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the file is larger than {MOST_BYTES // 10**6} MB")
        else:
            with self.server.places:
                self._classify(self.rfile.read(int(length)))

    def _classify(self, content: bytes) -> None:
        name = f"picture{os.path.splitext(unquote(self.headers.get('X-File-Name', '')))[1]}"
        try:
            self._tell(HTTPStatus.OK, self.server.witness.answer(content, name))
        except (ValueError, OSError) as error:
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, printable(str(error)))

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self._tell(status, {"error": reason})

    def _tell(self, status: HTTPStatus, record: dict[str, Any]) -> None:
        self._send(status, json.dumps(record).encode(), "application/json")

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **SAFE}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: who looks at which picture is nobody's business."""


def serve(dataset: Dataset, options: argparse.Namespace, workspace: Workspace) -> int:
    """Answer until Ctrl-C. Raises ValueError if there is no such model, or the port is taken."""
    path = find_model(options)
    classifier = load_model(path, not_sure_below=options.not_sure_below, by_threshold=options.by_threshold)
    witness = find_witness(classifier, dataset, workspace)
    with Server(witness, options.port) as server:
        name = classifier.model.experiment
        print(f"http://{server.hosts[0]}/ classifies pictures by {name}; Ctrl-C stops it", flush=True)
        print(witness.note, file=sys.stderr)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0
