# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs, metrics and request ids: what an operator sees of the service. Nothing personal: no address, no query, no agent."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, PlatformCollector, ProcessCollector, disable_created_metrics
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .health import Health

logger = logging.getLogger("hello.access")

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# W3C Trace Context, section 3.2: version, trace id, parent id, flags.
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
PROBES = frozenset({"/startupz", "/readyz", "/livez"})

_context: ContextVar[dict[str, str]] = ContextVar("context")


class JsonFormatter(logging.Formatter):
    """One JSON object a line; what ``extra={"fields": ...}`` holds becomes keys of its own."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_context.get({}),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


class Calm(logging.Filter):
    """Lets the same message through once in a while: a database that is away makes a line, not a flood."""

    def __init__(self, seconds: float = 5.0) -> None:
        super().__init__()
        self._seconds = seconds
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        due = record.created >= self._last.get(record.msg, float("-inf")) + self._seconds
        if due:
            self._last[record.msg] = record.created
        return due


def configure_logging(level: str) -> None:
    """Everything to standard output, libraries included."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("psycopg.pool", "uvicorn.error"):  # they tell of every borrowed connection, and of Ctrl-C
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("psycopg.pool").addFilter(Calm())


class Metrics:
    """Names follow https://prometheus.io/docs/practices/naming; one registry for each application, so that tests can have many."""

    def __init__(self, version: str, digest: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second time series for each one, that nobody asks for
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.requests = Counter("http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry)
        self.seconds = Histogram(
            "http_request_duration_seconds",
            "Time from the request's headers to the end of the answer.",
            ["method", "route"],
            buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
            registry=self.registry,
        )
        self.in_flight = Gauge("http_requests_in_flight", "Requests being answered.", registry=self.registry)
        self.database_retries = Counter("hello_database_retries", "Queries tried again on a new connection.", registry=self.registry)
        self.cache_errors = Counter("hello_cache_errors", "Calls of the cache that failed.", ["operation"], registry=self.registry)
        self.cache_reads = Counter("hello_cache_reads", "Reads of the cache.", ["outcome"], registry=self.registry)
        Gauge("hello_build_info", "Always 1.", ["version", "digest"], registry=self.registry).labels(version, digest).set(1)


class Telemetry:
    """The outermost layer of the application: gives each request an id, measures it and logs it."""

    def __init__(self, app: ASGIApp, metrics: Metrics, health: Health, version: str) -> None:
        self._app = app
        self._metrics = metrics
        self._health = health
        self._version = version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, context = _identify(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        token = _context.set(context)
        status, started = 0, time.perf_counter()

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers["X-Version"] = self._version
                if self._health.draining:
                    headers["Connection"] = "close"  # keep-alive connections move to the other pods before this one stops listening
            await send(message)

        try:
            with self._metrics.in_flight.track_inprogress():
                await self._app(scope, receive, send_marked)
        except Exception:  # Starlette has answered it and raised it again
            logging.getLogger("hello").exception("unexpected error")
        finally:
            self._record(scope, status, time.perf_counter() - started)
            _context.reset(token)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's template, not the path: a label per path would be a time series per visitor.
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)
        if route not in PROBES:
            fields = {"method": method, "route": route, "status": status, "duration_ms": round(seconds * 1000, 2)}
            logger.log(logging.ERROR if status >= 500 else logging.INFO, "request", extra={"fields": fields})


def _identify(headers: Headers) -> tuple[str, dict[str, str]]:
    """The request's id (the caller's, if it is safe to log) and what all log lines of this request carry."""
    given = headers.get("x-request-id", "")
    request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    context = {"request_id": request_id}
    if trace := TRACEPARENT.fullmatch(headers.get("traceparent", "")):
        context |= {"trace_id": trace[1], "span_id": trace[2]}
    return request_id, context
