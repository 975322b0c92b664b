# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service: what each path answers. Database and cache come from outside, so that tests bring their own."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from .cache import Cache
from .health import Health
from .page import SECURITY_HEADERS, render
from .problem import on_bug, on_http_error, on_store_unavailable
from .settings import Settings
from .store import Store, StoreUnavailableError
from .telemetry import Metrics, Telemetry

NAME_LENGTH = 40


@dataclass(frozen=True)
class Visits:
    """today is exact; total may be as old as the cache allows."""

    today: int
    total: int


@dataclass(frozen=True)
class Hello:
    """The two answers of the service and what they need."""

    settings: Settings
    store: Store
    cache: Cache
    metrics: Metrics

    async def page(self, request: Request) -> Response:
        """The HTML page for people."""
        greeting, visits = self._greet(request), await self._visit()
        return HTMLResponse(render(self.settings, greeting, visits.today, visits.total), headers=SECURITY_HEADERS)

    async def greeting(self, request: Request) -> Response:
        """The same for programs."""
        greeting, visits = self._greet(request), await self._visit()
        body = {"greeting": greeting, "visits": {"today": visits.today, "total": visits.total}, "version": self.settings.version}
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    def _greet(self, request: Request) -> str:
        name = unicodedata.normalize("NFC", request.query_params.get("name", "")).strip()
        if name and not is_name(name):
            raise HTTPException(400, f"name must be letters of any script, at most {NAME_LENGTH}; spaces, apostrophes, dots and hyphens may follow the first")
        return f"{self.settings.greeting}, {name or 'world'}!"

    async def _visit(self) -> Visits:
        today = await self.store.record_visit()
        total = await self.cache.get("visits")
        self.metrics.cache_reads.labels("miss" if total is None else "hit").inc()
        if total is None:
            total = await self.store.total_visits()
            await self.cache.put("visits", total, self.settings.cache_seconds)
        return Visits(today, max(today, total))


def is_name(text: str) -> bool:
    """Whether somebody could be called so. Letters and the marks on them, in any script; nothing that could be markup or a command."""
    classes = [unicodedata.category(character)[0] for character in text]
    return len(text) <= NAME_LENGTH and classes[0] == "L" and all(kind in "LM" or text[i] in " '\u2019.-" for i, kind in enumerate(classes))


def create_app(settings: Settings, store: Store, cache: Cache, health: Health, metrics: Metrics) -> ASGIApp:
    """The whole application for an ASGI server."""
    hello = Hello(settings, store, cache, metrics)
    application = Starlette(
        routes=[
            Route("/", hello.page),
            Route("/api/greeting", hello.greeting),
            Route("/startupz", health.startup),
            Route("/readyz", health.readiness),
            Route("/livez", health.liveness),
        ],
        exception_handlers={HTTPException: on_http_error, StoreUnavailableError: on_store_unavailable, Exception: on_bug},
    )
    return Telemetry(application, metrics, health, settings.release)
