#!/usr/bin/env python3
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests at a constant rate, and an honest account of those that failed.

    python benchmarks/load/load.py https://hello.localhost:8443/api/greeting --rate 50 --seconds 30 --ca ca.crt

Open loop: requests start by the clock, whether or not the service keeps up, and a request's latency counts from the moment it was due.
A service that stands still for a second therefore shows in the figures (no coordinated omission).
A failure is any answer but 2xx, any broken or refused connection, and any timeout. There are no retries, with one exception that every
HTTP client makes (RFC 9112, section 9.3.1): a kept-alive connection that turns out closed before any byte of an answer is opened again;
these are counted as "reopened". Exit status: 0 without failures, 1 with, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import math
import queue
import signal
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FIRST_FAILURES = 20
# A request that starts so many seconds after it was due is counted as late: all clients were busy, and --clients should be higher.
LATE_SECONDS = 0.1


@dataclass(frozen=True)
class Target:
    """Where requests go. address is where to connect, if it isn't what the name resolves to."""

    host: str
    port: int
    path: str
    address: str
    headers: Mapping[str, str]
    timeout: float
    tls: ssl.SSLContext | None

    def connect(self) -> http.client.HTTPConnection:
        """A connection that is open; raises OSError."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        stream = socket.create_connection((self.address, self.port), self.timeout)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connection.sock = self.tls.wrap_socket(stream, server_hostname=self.host) if self.tls else stream
        except BaseException:
            stream.close()
            raise
        return connection


@dataclass
class Account:
    """What happened. Shared by the workers; each takes the lock for the moment of writing."""

    tally_header: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    latencies: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, str]] = field(default_factory=list)
    tally: dict[str, dict[str, Any]] = field(default_factory=dict)
    reopened: int = 0
    late: int = 0

    def ok(self, status: int, seconds: float, mark: str | None) -> None:
        """An answer with status 2xx."""
        with self.lock:
            self.outcomes[str(status)] += 1
            self.latencies.append(seconds)
            if mark is not None:
                seen = self.tally.setdefault(mark, {"requests": 0, "first": now()})
                seen["requests"] += 1
                seen["last"] = now()

    def failed(self, kind: str, detail: str, seconds: float) -> None:
        """Anything else. kind: a status, timeout, refused, reset, tls, or the name of the error."""
        with self.lock:
            self.outcomes[kind] += 1
            self.latencies.append(seconds)
            if len(self.failures) < FIRST_FAILURES:
                self.failures.append({"time": now(), "kind": kind, "detail": detail})

    def summary(self, seconds: float) -> dict[str, Any]:
        """Latencies in milliseconds, failed requests included."""
        requests = sum(self.outcomes.values())
        good = sum(count for kind, count in self.outcomes.items() if kind.startswith("2"))
        ordered = sorted(self.latencies)
        return {
            "requests": requests,
            "failed": requests - good,
            "seconds": round(seconds, 2),
            "rate": round(requests / seconds, 1) if seconds else 0.0,
            "latency_ms": {name: percentile(ordered, share) for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))},
            "outcomes": dict(sorted(self.outcomes.items())),
            "reopened": self.reopened,
            "late": self.late,
            **({"tally": {"header": self.tally_header, "values": self.tally}} if self.tally_header else {}),
            "first_failures": self.failures,
        }


def now() -> str:
    """UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Nearest rank, in milliseconds; None of nothing."""
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)] * 1000, 2) if ordered else None


def classify(error: Exception) -> str:
    """The kind of a failure, in one word."""
    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (TimeoutError, "timeout"),
        (ConnectionRefusedError, "refused"),
        ((ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected), "reset"),
        (ssl.SSLError, "tls"),
        (socket.gaierror, "unresolved"),
    )
    return next((word for kind, word in kinds if isinstance(error, kind)), type(error).__name__)


class Worker(threading.Thread):
    """One client with one kept-alive connection."""

    def __init__(self, target: Target, account: Account, due: queue.SimpleQueue[float | None]) -> None:
        super().__init__(daemon=True)
        self._target, self._account, self._due = target, account, due
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        while (moment := self._due.get()) is not None:
            if time.monotonic() - moment > LATE_SECONDS:
                with self._account.lock:
                    self._account.late += 1
            self._request(moment)
        self._close()

    def _request(self, moment: float) -> None:
        try:
            status, mark, excerpt = self._exchange()
        except (OSError, http.client.HTTPException) as error:
            self._close()
            self._account.failed(classify(error), str(error) or type(error).__name__, time.monotonic() - moment)
            return
        if 200 <= status < 300:
            self._account.ok(status, time.monotonic() - moment, mark)
        else:
            self._account.failed(str(status), excerpt, time.monotonic() - moment)

    def _exchange(self) -> tuple[int, str | None, str]:
        if self._connection is not None:
            try:
                return self._send(self._connection)
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self._close()
                with self._account.lock:
                    self._account.reopened += 1
        self._connection = self._target.connect()
        return self._send(self._connection)

    def _send(self, connection: http.client.HTTPConnection) -> tuple[int, str | None, str]:
        connection.request("GET", self._target.path, headers=dict(self._target.headers))
        response = connection.getresponse()
        body = response.read()
        if response.will_close:
            self._close()
        mark = response.headers.get(self._account.tally_header, "") if self._account.tally_header else None
        return response.status, mark, body[:200].decode(errors="replace")

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def run(target: Target, account: Account, rate: float, seconds: float | None, clients: int, stop: threading.Event) -> float:
    """Send until the time is over or stop is set; returns how long that was."""
    due: queue.SimpleQueue[float | None] = queue.SimpleQueue()
    workers = [Worker(target, account, due) for _ in range(clients)]
    for worker in workers:
        worker.start()
    started, sent = time.monotonic(), 0
    while not stop.is_set() and (seconds is None or sent < rate * seconds):
        moment = started + sent / rate
        if stop.wait(max(0.0, moment - time.monotonic())):
            break
        due.put(moment)
        sent += 1
    stop.wait(max(0.0, started + sent / rate - time.monotonic()))  # the last request, too, stands for its share of the time
    elapsed = time.monotonic() - started
    # Who stops early does not wait for what was due and not sent yet: those requests are neither good nor failed.
    if stop.is_set():
        with contextlib.suppress(queue.Empty):
            while True:
                due.get_nowait()
    for _ in workers:
        due.put(None)
    for worker in workers:
        worker.join()
    return elapsed


def parse(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, Target]:
    """Arguments and the target that they describe; exits with status 2 if they are wrong."""
    parser = argparse.ArgumentParser(description="Requests at a constant rate, and an honest account of those that failed.")
    parser.add_argument("url")
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second (default: %(default)s)")
    parser.add_argument("--seconds", type=float, help="for how long; without it until SIGTERM or Ctrl-C")
    parser.add_argument("--clients", type=int, default=16, help="connections (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS", help="for connecting and for each read (default: %(default)s)")
    parser.add_argument("--ca", type=Path, metavar="FILE", help="certificates to trust instead of the system's")
    parser.add_argument("--resolve", metavar="HOST:PORT:ADDRESS", help="connect there instead, as curl does")
    parser.add_argument("--header", action="append", default=[], metavar="NAME: VALUE")
    parser.add_argument("--tally-header", default="", metavar="NAME", help="count answers by this header of theirs, such as X-Version")
    parser.add_argument("--json", action="store_true", help="the account as JSON")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the account there")
    options = parser.parse_args(arguments)
    url = urlsplit(options.url)
    if url.scheme not in {"http", "https"} or not url.hostname:
        parser.error(f"not an http or https URL: {options.url}")
    if options.rate <= 0 or options.clients < 1:
        parser.error("--rate and --clients must be positive")
    port = url.port or (443 if url.scheme == "https" else 80)
    # Names below localhost are this machine (RFC 6761, section 6.3); glibc would ask a name server, and wait for one that does not answer.
    address = "127.0.0.1" if f".{url.hostname}".endswith(".localhost") else url.hostname
    if options.resolve:
        host, number, address = [*options.resolve.split(":", 2), "", ""][:3]
        if (host, number) != (url.hostname, str(port)) or not address:
            parser.error(f"--resolve must be {url.hostname}:{port}:ADDRESS")
    headers = {name.strip(): value.strip() for name, _, value in (header.partition(":") for header in options.header)}
    try:
        tls = ssl.create_default_context(cafile=options.ca) if url.scheme == "https" else None
    except OSError as error:
        parser.error(f"--ca {options.ca}: {error}")
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    return options, Target(url.hostname, port, path, address, headers, options.timeout, tls)


def report(summary: Mapping[str, Any]) -> str:
    """The account for people."""
    latency = summary["latency_ms"]
    lines = [
        f"{summary['requests']} requests in {summary['seconds']} s ({summary['rate']}/s), {summary['failed']} failed",
        f"latency ms: p50 {latency['p50']}  p90 {latency['p90']}  p99 {latency['p99']}  max {latency['max']}",
        "outcomes: " + ", ".join(f"{kind} {count}" for kind, count in summary["outcomes"].items()),
    ]
    lines += [f"{value}: {seen['requests']} ({seen['first']} to {seen['last']})" for value, seen in summary.get("tally", {}).get("values", {}).items()]
    lines += [f"{failure['time']} {failure['kind']}: {failure['detail']}" for failure in summary["first_failures"]]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """See the module's text."""
    options, target = parse(arguments)
    account, stop = Account(options.tally_header), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    started = now()
    elapsed = run(target, account, options.rate, options.seconds, options.clients, stop)
    summary = {"url": options.url, "started": started, "ended": now(), **account.summary(elapsed)}
    text = json.dumps(summary, indent=2) if options.json else report(summary)
    if options.output:
        options.output.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)
    return 1 if summary["failed"] or not summary["requests"] else 0


if __name__ == "__main__":
    sys.exit(main())
