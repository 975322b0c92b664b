# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The web side: one page, the probes, figures and logs. ``python -m herald`` serves until SIGTERM."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
import uuid
from datetime import UTC, datetime
from types import FrameType

import uvicorn
from prometheus_client import CollectorRegistry, Histogram, start_http_server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from . import __version__
from .greetings import Hello, RefusedError, SilenceError

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Herald:
    """The application for one hello."""

    def __init__(self, hello: Hello) -> None:
        self._hello = hello
        self.registry = CollectorRegistry()
        self._seconds = Histogram("herald_proclamation_seconds", "Time to answer, hello included.", ["status"], registry=self.registry)
        # Readiness doesn't ask hello: herald answers for itself, and one service that is away must not take down those that call it.
        probes = [Route(path, self._alive) for path in ("/startupz", "/readyz", "/livez")]
        self.app = Starlette(routes=[Route("/", self._proclaim), *probes])

    async def _alive(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _proclaim(self, request: Request) -> Response:
        started, given = time.perf_counter(), request.headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        passed_on = {"X-Request-Id": request_id}
        if trace := request.headers.get("traceparent"):
            passed_on["traceparent"] = trace
        answer, reason = await self._answer(request.query_params.get("name", ""), passed_on)
        answer.headers["X-Request-Id"] = request_id
        seconds = time.perf_counter() - started
        self._seconds.labels(str(answer.status_code)).observe(seconds)
        log("request", request_id=request_id, route="/", status=answer.status_code, duration_ms=round(seconds * 1000, 2), **reason)
        return answer

    async def _answer(self, name: str, headers: dict[str, str]) -> tuple[Response, dict[str, str]]:
        try:
            greeting, today = await asyncio.to_thread(self._hello.greeting, name, headers)
        except RefusedError as error:
            return problem(400, "Bad Request", str(error)), {}
        except SilenceError as error:
            return problem(502, "Bad Gateway", "hello gives no answer right now; try again."), {"reason": str(error)}
        return PlainTextResponse(f"Hear ye, hear ye! {greeting} Number {today} today.\n", headers={"Cache-Control": "no-store"}), {}


def problem(status: int, title: str, detail: str) -> Response:
    """An error as application/problem+json (RFC 9457)."""
    return JSONResponse({"title": title, "status": status, "detail": detail}, status, media_type="application/problem+json")


def log(message: str, **fields: object) -> None:
    """One JSON object a line, without anything personal."""
    print(json.dumps({"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "message": message, **fields}), flush=True)


class Server(uvicorn.Server):
    """SIGTERM: stop listening, finish what is running, exit 0. The platform has taken the pod out of the Service before (preStop)."""

    def handle_exit(self, _sig: int, _frame: FrameType | None) -> None:
        self.should_exit = True


def main() -> int:
    """Exit status 2 for wrong settings."""
    try:
        herald = Herald(Hello.at(os.environ.get("HELLO_URL", "http://hello")))
        port, metrics_port = int(os.environ.get("HERALD_PORT", "8080")), int(os.environ.get("HERALD_METRICS_PORT", "9090"))
    except ValueError as error:
        print(f"herald: wrong settings: {error}", file=sys.stderr)
        return 2
    start_http_server(metrics_port, registry=herald.registry)
    log("serving", port=port, version=__version__)
    config = uvicorn.Config(
        herald.app, host="0.0.0.0", port=port, log_level="warning", access_log=False, server_header=False, proxy_headers=False,
        ws="none", lifespan="off", timeout_keep_alive=120, timeout_graceful_shutdown=10,
    )  # fmt: skip
    Server(config).run()
    log("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
