# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server in this process that answers as a test says, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from support.serving import serving


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    held: threading.Event | None = None  # nothing is answered before this is set


@dataclass
class Web:
    """``answers`` by path: an answer, or a function of the request's body that makes one; several in a list are given one after the other."""

    url: str = ""
    answers: dict[str, Answer | list[Answer] | Callable[[bytes], Answer]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def json(self, path: str, content: Any, **headers: str) -> None:
        self.answers[path] = Answer(json.dumps(content).encode(), headers=headers)

    def answer(self, path: str, body: bytes) -> Answer:
        answer = self.answers.get(path, Answer(b"not here", 404))
        if isinstance(answer, list):
            return answer.pop(0) if len(answer) > 1 else answer[0]
        return answer if isinstance(answer, Answer) else answer(body)


@contextmanager
def running() -> Iterator[Web]:
    """The server on a free port of 127.0.0.1."""
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            web.log.append(f"{self.command} {self.path}")
            web.headers.append({key.lower(): value for key, value in self.headers.items()})
            answer = web.answer(self.path, body)
            if answer.held:
                answer.held.wait(30)
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **{key.replace("_", "-"): value for key, value in answer.headers.items()}}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(answer.body)
                self.wfile.flush()
            except OSError:
                self.close_connection = True

        do_GET = do_POST = _serve  # noqa: N815  names of the standard library

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with serving(Handler) as url:
        web.url = url
        yield web
