# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from fakes import Service


def test_greets_and_counts(service: Service) -> None:
    assert service.get("/api/greeting").json()["greeting"] == "Hello, world!"
    answer = service.get("/api/greeting?name=Ada")
    assert answer.json() == {"greeting": "Hello, Ada!", "visits": {"today": 2, "total": 1001}, "version": "1.2.3"}
    assert answer.headers["cache-control"] == "no-store"


def test_total_comes_from_the_cache(service: Service) -> None:
    for _ in range(3):
        service.get("/api/greeting")
    assert service.store.totals_asked == 1


def test_without_cache_it_still_serves(service: Service) -> None:
    service.cache.down = True
    assert [service.get("/api/greeting").json()["visits"]["total"] for _ in range(2)] == [1001, 1002]
    assert 'hello_cache_reads_total{outcome="miss"} 2.0' in service.figures()


@pytest.mark.parametrize("name", ["Ada", "Anne-Marie", "D'Arcy", "José", "नमिता", "Łukasz Jr.", "李"])
def test_names(service: Service, name: str) -> None:
    assert service.get(f"/api/greeting?name={name}").json()["greeting"] == f"Hello, {name}!"


@pytest.mark.parametrize("name", ["<b>", "a" * 41, "1", "-x", "a%0Ab", "a%00", "Robert'); DROP"])
def test_bad_names_are_a_problem(service: Service, name: str) -> None:
    answer = service.get(f"/api/greeting?name={name}", {"X-Request-Id": "r-1"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["title"], problem["request_id"]) == (400, "Bad Request", "r-1")
    assert problem["detail"].startswith("name must be")
    assert service.store.visits == 0


def test_unknown_path_and_method(service: Service) -> None:
    assert service.get("/nothing").json()["status"] == 404
    answer = service.request("POST", "/api/greeting")
    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


def test_without_database(service: Service) -> None:
    service.store.broken = True
    answer = service.get("/api/greeting")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "10.1.2.3" not in answer.text


def test_a_bug_is_a_problem_too(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    service.store.bug = True
    answer = service.get("/api/greeting", {"X-Request-Id": "r-2"})
    assert answer.status_code == 500
    assert answer.json()["request_id"] == "r-2"
    assert "mistake in the code" not in answer.text
    assert "mistake in the code" in caplog.text


def test_page(service: Service) -> None:
    answer = service.get("/?name=Zoë")
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>Hello, Zoë!</h1>" in answer.text
    assert "1,001" in answer.text
    assert "hello-&lt;1&gt;" in answer.text
    assert "$" not in answer.text
    assert "script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
