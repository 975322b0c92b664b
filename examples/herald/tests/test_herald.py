# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""herald against a stand-in for hello that listens on the loopback interface."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from prometheus_client import generate_latest

from herald import greetings
from herald.__main__ import Herald
from herald.greetings import Hello

GREETING = {"greeting": "Hello, Ada!", "visits": {"today": 7, "total": 9}}


class StandIn(ThreadingHTTPServer):
    """Answers with what ``answers`` says, in turn; the last one for ever. None hangs up."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any] | None] = [(200, GREETING)]
        self.seen: list[tuple[str, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if answer is None:
            return
        self.send_response(answer[0])
        self.end_headers()
        self.wfile.write(json.dumps(answer[1]).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hello(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setattr(greetings, "PAUSE_SECONDS", 0)
    with StandIn() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def get(herald: Herald, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    async def send() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(herald.app), base_url="http://herald") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(send())


def herald_of(server: StandIn) -> Herald:
    return Herald(Hello.at(f"http://127.0.0.1:{server.server_port}"))


def test_proclaims(hello: StandIn) -> None:
    assert get(herald_of(hello), "/?name=Ada").text == "Hear ye, hear ye! Hello, Ada! Number 7 today.\n"
    assert hello.seen[0][0] == "/api/greeting?name=Ada"


def test_passes_the_request_on(hello: StandIn) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = get(herald_of(hello), "/", {"X-Request-Id": "r-1", "traceparent": trace})
    assert answer.headers["x-request-id"] == "r-1"
    assert (hello.seen[0][1]["X-Request-Id"], hello.seen[0][1]["traceparent"]) == ("r-1", trace)


@pytest.mark.parametrize("trouble", [None, (503, {}), (200, {"nonsense": True})])
def test_tries_once_more(hello: StandIn, trouble: tuple[int, Any] | None) -> None:
    hello.answers = [trouble, (200, GREETING)]
    assert get(herald_of(hello), "/").status_code == 200


def test_gives_up_after_that(hello: StandIn) -> None:
    hello.answers = [(503, {}), (503, {}), (200, GREETING)]
    herald = herald_of(hello)
    answer = get(herald, "/")
    assert (answer.status_code, answer.headers["content-type"], len(hello.seen)) == (502, "application/problem+json", 2)
    assert 'herald_proclamation_seconds_count{status="502"} 1.0' in generate_latest(herald.registry).decode()


def test_a_refusal_is_passed_on_at_once(hello: StandIn) -> None:
    hello.answers = [(400, {"detail": "name must be letters"})]
    answer = get(herald_of(hello), "/?name=1")
    assert (answer.status_code, answer.json()["detail"], len(hello.seen)) == (400, "name must be letters", 1)


def test_is_ready_without_hello(hello: StandIn) -> None:
    hello.answers = [None]
    herald = herald_of(hello)
    assert get(herald, "/").status_code == 502
    assert [get(herald, path).status_code for path in ("/startupz", "/readyz", "/livez")] == [200, 200, 200]


@pytest.mark.parametrize("url", ["hello:8080", "https://hello", "http://"])
def test_wrong_address(url: str) -> None:
    with pytest.raises(ValueError, match="HELLO_URL"):
        Hello.at(url)
