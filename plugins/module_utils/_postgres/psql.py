# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL through ``psql`` in a pod: as the superuser of the server that runs there, or as whoever may log in to one that is elsewhere.

The superuser of a server of ours exists on the unix socket only (peer authentication): whoever may exec into the pod is it, and there is no
password that could leak. A server elsewhere has a password; the pod gets it with the script and keeps it as long as ``psql`` runs. Both go
through standard input, so neither is in an argument list, in an object of the cluster or in an audit log of the API server.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._k8s import execute
from ansible_collections.slipway.platform.plugins.module_utils._postgres import scram

COMMAND = ("psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1")
SECONDS = 30.0
_CONNECT_SECONDS = 10
# The shell reads one line and leaves the rest to psql. The environment of a process can be read by its own user alone.
_WITH_PASSWORD = ("sh", "-c", 'IFS= read -r PGPASSWORD && export PGPASSWORD && exec "$@"', "psql")
# Words of the server (src/backend/libpq/auth.c, utils/init/miscinit.c): this login can't be had with this password.
_REFUSED = ("password authentication failed", "is not permitted to log in", "does not exist")
_FULL = "too many connections for role"


class Psql(Protocol):
    """Runs a script within a deadline and returns what it printed; raises ``CommandFailed`` with the server's words."""

    def __call__(self, script: str) -> str: ...


class Administrator(Psql, Protocol):
    """``psql`` as somebody who may make roles and databases, and who can see whether a login of a service works."""

    def accepts(self, username: str, password: str, database: str) -> bool: ...


@dataclass(frozen=True)
class Pod:
    """Where ``psql`` runs."""

    kubeconfig: Path
    namespace: str
    name: str
    container: str = "postgres"


@dataclass(frozen=True)
class Login:
    """As whom, and to which server: without a ``host`` the one in the pod. ``authority``: file in the pod that the server is verified with (PEM)."""

    user: str = "postgres"
    password: str = field(default="", repr=False)
    host: str = ""
    port: int = 5432
    authority: str = ""
    database: str = "postgres"

    def connection(self) -> str:
        """The connection string (manual, section 34.1.1), without the password."""
        parts: dict[str, str | int] = {"user": self.user, "dbname": self.database}
        if self.host:
            parts |= {"host": self.host, "port": self.port, "sslmode": "verify-full", "sslrootcert": self.authority, "connect_timeout": _CONNECT_SECONDS}
        return " ".join(f"{key}={_quoted(str(value))}" for key, value in parts.items())


@dataclass(frozen=True)
class InPod:
    """``psql`` in a pod; ``run`` is how a program is run in one."""

    pod: Pod
    login: Login
    run: execute.Execute
    seconds: float = SECONDS

    def __call__(self, script: str) -> str:
        pod, login = self.pod, self.login
        # An API server older than 1.30 cannot end standard input; \q does.
        command: tuple[str, ...] = (*COMMAND, f"--dbname={login.connection()}")
        text = f"{script}\\q\n"
        if login.host:
            command, text = (*_WITH_PASSWORD, *command), f"{login.password}\n{text}"
        try:
            return self.run(execute.Target(pod.namespace, pod.name, pod.container), command, self.seconds, text.encode())
        except CommandFailed as error:
            lines = [scram.redact(line) for line in error.facts.get("last_lines", [])]
            raise CommandFailed(_told(scram.redact(error.message)), pod=pod.name, last_lines=lines) from None
        except Unreachable as error:
            raise Unreachable(f"{_told(error.message)}; is the pod running, and does a lock hold it (pg_locks)?", pod=pod.name) from None

    def accepts(self, username: str, password: str, database: str) -> bool:
        """Whether somebody can log in so. Any other refusal than of the login itself is an error."""
        other = replace(self, login=replace(self.login, user=username, password=password, database=database))
        try:
            other("SELECT 1;\n")
        except CommandFailed as error:
            said = "\n".join([error.message, *error.facts["last_lines"]])
            if _FULL in said:  # which is looked at when the password was right
                return True
            if any(words in said for words in _REFUSED):
                return False
            raise
        return True


def in_pod(pod: Pod, login: Login | None = None, run: execute.Execute | None = None, seconds: float = SECONDS) -> InPod:
    return InPod(pod, login or Login(), run or execute.connect(pod.kubeconfig), seconds)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _told(message: str) -> str:
    """A message names the program that was started; for people it is psql either way."""
    return message.replace("sh in ", "psql in ", 1) if message.startswith("sh in ") else message
