# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL as the superuser, through ``psql`` inside the server's pod.

The superuser exists on the unix socket only (peer authentication): whoever may exec into the pod is it, and there is no password
that could leak. SQL goes through standard input, so it is in no argument list and in no audit log of the API server.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._k8s import execute
from ansible_collections.slipway.platform.plugins.module_utils._postgres import scram

COMMAND = ("psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--username=postgres", "--dbname=postgres")
SECONDS = 30.0


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


def in_pod(pod: Pod, run: execute.Execute | None = None, seconds: float = SECONDS) -> Psql:
    """``psql`` in a pod; ``run`` is how a program is run in one."""
    started = run or execute.connect(pod.kubeconfig)
    target = execute.Target(pod.namespace, pod.name, pod.container)

    def psql(script: str) -> str:
        try:
            # An API server older than 1.30 cannot end standard input; \q does.
            return started(target, COMMAND, seconds, f"{script}\\q\n".encode())
        except CommandFailed as error:
            lines = [scram.redact(line) for line in error.facts.get("last_lines", [])]
            raise CommandFailed(scram.redact(error.message), pod=pod.name, last_lines=lines) from None
        except Unreachable as error:
            raise Unreachable(f"{error.message}; is the pod running, and does a lock hold it (pg_locks)?", pod=pod.name) from None

    return psql
