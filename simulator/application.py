# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WSGI application: finds out what a request is, and who answers it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from moto.moto_server.werkzeug_app import BackendRequest, DomainDispatcherApplication, create_backend_app
from werkzeug.wrappers import Response

from simulator.backend import Backend, World
from simulator.backends import BACKENDS
from simulator.clock import Clock, ScaledClock

ACCOUNT_ID = "123456789012"


class Simulator:
    """One simulated AWS behind one WSGI application."""

    def __init__(self, clock: Clock | None = None, account_id: str = ACCOUNT_ID, backends: Mapping[str, type[Backend]] | None = None) -> None:
        self.world = World(clock or ScaledClock(), account_id)
        self.backends = {**BACKENDS, **(backends or {})}
        self.violations: list[str] = []
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.RLock()

    def reset(self) -> None:
        from moto.core.base_backend import BackendDict
        from moto.core.model_instances import reset_model_data

        with self._lock:
            BackendDict.reset()
            reset_model_data()
            self.world.reset()
            self.violations.clear()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        service = scope[1] if scope else ""
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self.world.account_id
        with self._lock:
            if service in self.backends:
                backend = self.backends[service]()
                backend.world = self.world
                status, headers, body = backend._dispatch(BackendRequest(environ))
                return Response(body, status, {key: str(value) for key, value in headers.items() if key != "status"})(environ, start_response)
            return self._moto(environ, start_response)  # type: ignore[no-any-return]
