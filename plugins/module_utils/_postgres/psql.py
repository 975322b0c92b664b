# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL as the superuser, through ``psql`` inside the server's pod.

The superuser exists on the unix socket only (peer authentication): whoever may exec into the pod is it, and there is no password
that could leak. SQL goes through standard input, so it is in no argument list and in no audit log of the API server.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, InvalidInput, Missing, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._postgres import scram

try:
    import websocket
    from kubernetes.client import ApiClient, ApiException, Configuration, CoreV1Api
    from kubernetes.config import kube_config
    from kubernetes.stream import stream
except ImportError as error:  # reported when a pod is needed
    _MISSING: ImportError | None = error
else:
    _MISSING = None

COMMAND = ("psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--username=postgres", "--dbname=postgres")
SECONDS = 30.0
_OUT, _ERR, _STATUS = 1, 2, 3


class Psql(Protocol):
    """Runs a script within a deadline and returns what it printed; raises ``CommandFailed`` with the server's words."""

    def __call__(self, script: str) -> str: ...


@dataclass(frozen=True)
class Pod:
    """Where ``psql`` runs."""

    kubeconfig: Path
    namespace: str
    name: str
    container: str = "postgres"


def in_pod(pod: Pod, clock: Callable[[], float] = time.monotonic, seconds: float = SECONDS) -> Psql:
    """``psql`` in a pod, by the exec subresource (websocket, protocol v5.channel.k8s.io or v4)."""
    if _MISSING is not None:
        raise Missing(f"the Python package {_MISSING.name} is missing; install it with: pip install kubernetes", package="kubernetes")
    if not pod.kubeconfig.is_file():
        raise InvalidInput(f"kubeconfig {pod.kubeconfig} does not exist: create the cluster first, or name another file", kubeconfig=str(pod.kubeconfig))

    def run(script: str) -> str:
        configuration = Configuration()
        try:
            kube_config.load_kube_config(config_file=str(pod.kubeconfig), client_configuration=configuration, persist_config=False)
            return _exchange(pod, configuration, script, clock, seconds)
        finally:
            kube_config._cleanup_temp_files()

    return run


def _exchange(pod: Pod, configuration: Any, script: str, clock: Callable[[], float], seconds: float) -> str:
    where = f"psql in pod {pod.namespace}/{pod.name}"
    until = clock() + seconds
    websocket.setdefaulttimeout(seconds)
    try:
        session = stream(
            CoreV1Api(ApiClient(configuration)).connect_get_namespaced_pod_exec,
            pod.name,
            pod.namespace,
            container=pod.container,
            command=list(COMMAND),
            stdin=True,
            stdout=True,
            stderr=True,
            _preload_content=False,
        )
    except (ApiException, OSError, websocket.WebSocketException) as error:
        reason = getattr(error, "reason", None) or error
        raise Unreachable(f"{where} could not be started: {str(reason).splitlines()[0]}; is the pod running?", pod=pod.name) from None
    try:
        session.write_stdin(script + "\\q\n")  # standard input cannot be closed before protocol v5
        while session.is_open():
            if clock() >= until:
                raise Unreachable(f"{where} did not end within {seconds:.0f} s; look for locks in pg_stat_activity", pod=pod.name)
            session.update(timeout=max(0.1, until - clock()))
        out, err = session.read_channel(_OUT), session.read_channel(_ERR)
        status = json.loads(session.read_channel(_STATUS) or "{}")
    except (OSError, websocket.WebSocketException) as error:
        raise Unreachable(f"{where}: the connection broke ({error})", pod=pod.name) from None
    finally:
        session.close()
    if status.get("status") != "Success":
        said = scram.redact(err.strip() or str(status.get("message", "no reason given")))
        raise CommandFailed(f"{where} failed: {said}", pod=pod.name, last_lines=said.splitlines()[-20:])
    return str(out)
