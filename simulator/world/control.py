# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the world is told and asked over HTTP, at /_simulator/world on the simulator's own port; and what RDS publishes for whoever checks its certificates."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Request, Response

from simulator.world import places
from simulator.world.destinations import TRUSTSTORE
from simulator.world.parts import Parts
from simulator.world.places import Places
from simulator.world.relay import Traffic

PATH = "/_simulator/world"
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Reports:
    """What whoever starts a run should hear, each once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said: dict[str, None] = {}

    def __call__(self, text: str) -> None:
        with self._lock:
            self._said[text] = None

    def all(self) -> list[str]:
        with self._lock:
            return list(self._said)


class Control:
    """GET tells the parts, the places, what was passed on to the real network, and reports; POST /places adds places, DELETE /places/<name> takes one away."""

    def __init__(self, simulator: Application, known: Places, traffic: Traffic, reports: Reports, parts: Parts, ca_file: Path) -> None:
        self._simulator, self._places, self._traffic, self._reports, self._parts = simulator, known, traffic, reports, parts
        self._ca_file = ca_file

    def plain(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """The application on the simulator's own port."""
        request = Request(environ)
        if request.path.startswith(PATH):
            return self._answer(request)(environ, start_response)
        return self._simulator(environ, start_response)

    def behind_tls(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """The application for who asked for a name of AWS: it is as if TLS had ended here."""
        environ["wsgi.url_scheme"] = "https"
        request = Request(environ)
        if request.host == TRUSTSTORE:
            return Response(self._ca_file.read_bytes(), content_type="application/x-pem-file")(environ, start_response)
        return self._simulator(environ, start_response)

    def _answer(self, request: Request) -> Response:
        name = request.path.removeprefix(PATH).strip("/")
        if request.method == "GET" and not name:
            passed = {host: asdict(each) for host, each in sorted(self._traffic.passed.items())}
            problems = [*self._reports.all(), *self._traffic.problems]
            parts = [asdict(each) for each in self._parts.all()]
            return _json(200, {"parts": parts, "places": self._places.shown(), "passed": passed, "reports": problems})
        if request.method == "POST" and name == "places":
            try:
                given = {str(key): places.read(each) for key, each in json.loads(request.get_data()).items()}
            except (ValueError, TypeError, AttributeError) as error:
                return _json(400, {"message": str(error)})
            for key, place in given.items():
                self._places.put(key, place)
            return _json(200, self._places.shown())
        if request.method == "DELETE" and name.startswith("places/"):
            self._places.remove(name.removeprefix("places/"))
            return _json(200, self._places.shown())
        return _json(404, {"message": f"there are GET {PATH}; POST {PATH}/places; DELETE {PATH}/places/<name>"})


def _json(status: int, content: Any) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")
