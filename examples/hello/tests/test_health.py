# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from fakes import Service


def test_all_is_well(service: Service) -> None:
    assert [service.get(path).status_code for path in ("/startupz", "/readyz", "/livez")] == [200, 200, 200]


def test_readiness_names_the_dependency(service: Service) -> None:
    service.store.broken = True
    answer = service.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "unavailable")
    service.store.broken = False
    assert service.get("/readyz").status_code == 200


def test_readiness_has_a_deadline(service: Service) -> None:
    service.store.slow = 5
    assert service.get("/readyz").json()["checks"]["database"] == "no answer within 0.05 s"


def test_cache_does_not_decide(service: Service) -> None:
    service.cache.down = True
    answer = service.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["cache"]) == (200, "degraded")


def test_liveness_asks_nobody(service: Service) -> None:
    service.store.broken, service.store.slow, service.cache.down = True, 5, True
    assert service.get("/livez").status_code == 200


def test_draining(service: Service) -> None:
    service.health.draining = True
    answer = service.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["process"]) == (503, "draining")
    answer = service.get("/api/greeting")
    assert (answer.status_code, answer.headers["connection"]) == (200, "close")


def test_broken_on_purpose(service: Service) -> None:
    service.health.marker.touch()
    assert service.get("/readyz").json()["checks"]["process"] == "broken on purpose"
    service.health.marker.unlink()
    assert service.get("/readyz").status_code == 200


@pytest.mark.parametrize(("schema", "status"), [(0, 503), (1, 503), (2, 200), (3, 200)])
def test_startup_wants_the_schema_or_a_newer_one(service: Service, schema: int, status: int) -> None:
    service.store.schema = schema
    assert service.get("/startupz").status_code == status


def test_started_once_is_started(service: Service) -> None:
    service.get("/startupz")
    service.store.broken = True
    assert service.get("/startupz").status_code == 200
