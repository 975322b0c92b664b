# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three questions of the platform, each with another consequence.

/startupz  started?         no: keep waiting, then restart     the schema is new enough
/readyz    send requests?   no: leave the Service              not draining, the database answers
/livez     still sane?      no: restart                        the event loop turns; never a dependency: a restart heals no database
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .cache import Cache
from .store import Store, StoreUnavailableError

logger = logging.getLogger("hello.health")

# Below the second that Kubernetes waits for a probe by default, so that the answer can still name the culprit.
DEADLINE_SECONDS = 0.8


def broken_marker() -> Path:
    """While this file exists, the pod says that it isn't ready: to show what then happens, from inside the pod only."""
    return Path(tempfile.gettempdir()) / "hello-readiness-broken"


@dataclass
class Health:
    """What the probes answer."""

    store: Store
    cache: Cache
    required_schema: int
    marker: Path = field(default_factory=broken_marker)
    deadline: float = DEADLINE_SECONDS
    draining: bool = False
    started: bool = False
    _last: str = ""

    async def startup(self, _: Request) -> Response:
        """200 as soon as the database was seen with the schema that this version needs; from then on without asking again."""
        reason = "" if self.started else await self._schema()
        self.started = not reason
        return self._answer("startup", {"schema": reason or "ok"}, ready=not reason)

    async def readiness(self, _: Request) -> Response:
        """200 if requests may come; else 503, with the dependency that is the reason."""
        checks = {"database": await self._database(), "cache": self.cache.state}
        if self.draining:
            checks["process"] = "draining"
        if self.marker.exists():
            checks["process"] = "broken on purpose"
        return self._answer("readiness", checks, ready=checks["database"] == "ok" and "process" not in checks)

    async def liveness(self, _: Request) -> Response:
        """Being able to answer is the answer."""
        return JSONResponse({"status": "ok"})

    async def _database(self) -> str:
        try:
            async with asyncio.timeout(self.deadline):
                await self.store.ping()
        except (StoreUnavailableError, TimeoutError) as error:
            logger.warning("database", extra={"fields": {"reason": str(error) or "timeout"}})
            return "unavailable" if str(error) else f"no answer within {self.deadline:g} s"
        return "ok"

    async def _schema(self) -> str:
        try:
            async with asyncio.timeout(self.deadline):
                found = await self.store.schema_version()
        except (StoreUnavailableError, TimeoutError) as error:
            logger.warning("database", extra={"fields": {"reason": str(error) or "timeout"}})
            return "the database does not answer"
        # A newer schema is fine: that is a rollback, and migrations only add (README: Migrations).
        return "" if found >= self.required_schema else f"at {found}, this version needs {self.required_schema}: run the migrations"

    def _answer(self, probe: str, checks: dict[str, str], *, ready: bool) -> Response:
        state = f"{probe} {'ok' if ready else 'failing'}"
        if state != self._last:
            logger.info(state, extra={"fields": {"checks": checks}})
            self._last = state
        return JSONResponse({"status": "ok" if ready else "unavailable", "checks": checks}, status_code=200 if ready else 503)
