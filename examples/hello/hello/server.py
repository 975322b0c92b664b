# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serving, and stopping without a failed request."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Callable
from types import FrameType

import uvicorn
from prometheus_client import start_http_server

from . import migrate
from .app import create_app
from .binding import CacheServer, Database
from .cache import NoCache, RedisCache
from .health import Health
from .settings import Settings
from .store import PostgresStore
from .telemetry import Metrics, configure_logging

logger = logging.getLogger("hello.server")


class DrainingServer(uvicorn.Server):
    """On SIGTERM: say that no more requests should come, answer those that come all the same, then finish what is running and exit 0.

    Kubernetes takes a pod out of the Service while it stops it; for some seconds the gateway and the other nodes don't know yet.
    Whoever stops listening at once, as servers do by default, refuses their connections.
    """

    def __init__(self, config: uvicorn.Config, on_drain: Callable[[], None], drain_seconds: float) -> None:
        super().__init__(config)
        self._on_drain = on_drain
        self._drain_seconds = drain_seconds
        self._terminated = False

    def handle_exit(self, sig: int, _frame: FrameType | None) -> None:
        """The first SIGTERM drains; a second one, or Ctrl-C, stops listening now."""
        first, self._terminated = not self._terminated, True
        if first and sig == signal.SIGTERM:
            asyncio.get_running_loop().call_soon_threadsafe(self._drain)
        else:
            self.should_exit = True

    def _drain(self) -> None:
        logger.info("draining", extra={"fields": {"seconds": self._drain_seconds}})
        self._on_drain()
        asyncio.get_running_loop().call_later(self._drain_seconds, setattr, self, "should_exit", True)


def serve() -> None:
    """Raises SettingsError before anything is opened."""
    settings = Settings.from_environment(os.environ)
    database, cache_server = Database.locate(os.environ), CacheServer.locate(os.environ)
    configure_logging(settings.log_level)
    asyncio.run(_serve(settings, database, cache_server))


async def _serve(settings: Settings, database: Database, cache_server: CacheServer | None) -> None:
    metrics = Metrics(settings.version, settings.digest)
    cache = RedisCache(cache_server, on_error=lambda operation: metrics.cache_errors.labels(operation).inc()) if cache_server else NoCache()
    async with PostgresStore(database.parameters, on_retry=metrics.database_retries.inc) as store:
        health = Health(store, cache, required_schema=migrate.newest())
        # A port of its own: the gateway never routes to it, so figures stay inside the cluster.
        start_http_server(settings.metrics_port, registry=metrics.registry)
        config = uvicorn.Config(
            create_app(settings, store, cache, health, metrics),
            host="0.0.0.0",
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            lifespan="off",
            timeout_keep_alive=120,  # longer than the gateway keeps idle connections, or it would meet one that is just being closed
            timeout_graceful_shutdown=settings.shutdown_seconds,
        )
        logger.info("serving", extra={"fields": {"port": settings.port, "version": settings.version, "digest": settings.digest}})
        await DrainingServer(config, lambda: setattr(health, "draining", True), settings.drain_seconds).serve()
    logger.info("stopped")
