# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import logging

import pytest
from fakes import Service

from hello.telemetry import Calm, JsonFormatter

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_request_id_is_kept(service: Service) -> None:
    assert service.get("/livez", {"X-Request-Id": "from-the-gateway.1"}).headers["x-request-id"] == "from-the-gateway.1"


@pytest.mark.parametrize("given", ["", "a b", 'x","level":"error', "a" * 65])
def test_unsafe_request_id_is_replaced(service: Service, given: str) -> None:
    answer = service.get("/livez", {"X-Request-Id": given})
    assert len(answer.headers["x-request-id"]) == 32


def test_version_is_told(service: Service) -> None:
    assert service.get("/livez").headers["x-version"] == "1.2.3@" + "a" * 12


def test_figures_go_by_route(service: Service) -> None:
    for path in ("/api/greeting?name=Ada", "/api/greeting?name=Bob", "/x/1", "/x/2"):
        service.get(path)
    figures = service.figures()
    assert 'http_requests_total{method="GET",route="/api/greeting",status="200"} 2.0' in figures
    assert 'http_requests_total{method="GET",route="unmatched",status="404"} 2.0' in figures
    assert 'http_request_duration_seconds_count{method="GET",route="/api/greeting"} 2.0' in figures
    assert "Ada" not in figures


def test_made_up_methods_make_no_series(service: Service) -> None:
    service.request("BREW", "/")
    assert 'method="OTHER"' in service.figures()


def lines(service: Service, caplog: pytest.LogCaptureFixture, path: str, headers: dict[str, str] | None = None) -> list[dict[str, object]]:
    """What the request wrote to the log, formatted while its context was there."""
    caplog.handler.setFormatter(JsonFormatter())
    with caplog.at_level(logging.INFO, logger="hello"):
        service.get(path, headers)
    return [json.loads(line) for line in caplog.text.splitlines()]


def test_access_log(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"X-Request-Id": "r-1", "traceparent": TRACE, "User-Agent": "agent", "X-Forwarded-For": "192.0.2.1"}
    (line,) = lines(service, caplog, "/api/greeting?name=Ada", headers)
    assert (line["request_id"], line["trace_id"], line["route"], line["status"]) == ("r-1", TRACE.split("-")[1], "/api/greeting", 200)
    assert not any(personal in caplog.text for personal in ("Ada", "agent", "192.0.2.1"))


@pytest.mark.parametrize("given", ["ff" + TRACE[2:], "00-" + "0" * 32 + TRACE[35:], "nonsense"])
def test_invalid_traceparent_is_ignored(service: Service, caplog: pytest.LogCaptureFixture, given: str) -> None:
    (line,) = lines(service, caplog, "/api/greeting", {"traceparent": given})
    assert "trace_id" not in line


def test_probes_are_logged_when_the_answer_changes(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    assert [line["message"] for line in lines(service, caplog, "/readyz")] == ["readiness ok"]
    caplog.clear()
    assert lines(service, caplog, "/readyz") == []


def test_exceptions_stay_on_one_line() -> None:
    record = logging.makeLogRecord({"name": "x", "levelname": "ERROR", "msg": "two\nlines", "exc_info": (ValueError, ValueError("why"), None)})
    text = JsonFormatter().format(record)
    assert "\n" not in text
    assert "ValueError: why" in json.loads(text)["exception"]


def test_calm() -> None:
    calm = Calm(seconds=5)
    record = [logging.makeLogRecord({"msg": message, "created": moment}) for message, moment in (("a", 0.0), ("a", 4.9), ("b", 4.9), ("a", 5.0))]
    assert [calm.filter(item) for item in record] == [True, False, True, True]
