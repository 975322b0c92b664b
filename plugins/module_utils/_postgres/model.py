# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a database for a service, and what its binding holds (Service Binding for Kubernetes 1.0, well-known entries)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._secrets.content import Generator
from ansible_collections.slipway.platform.plugins.module_utils._secrets.model import Stored, Wanted

TYPE = "postgresql"
SECRET_TYPE = f"servicebinding.io/{TYPE}"
PASSWORD = "password"
URI = "postgresql://${username|urlencode}:${password|urlencode}@${host}:${port}/${database}?sslmode=verify-full"


@dataclass(frozen=True)
class Binding:
    """A database for one resource of one service. Its names differ from others' because a DNS label has no underscore."""

    service: str
    resource: str
    namespace: str

    @property
    def secret(self) -> str:
        return f"{self.service}-{self.resource}"

    @property
    def database(self) -> str:
        return self.secret.replace("-", "_")

    @property
    def owner(self) -> str:
        return f"{self.database}_owner"

    @property
    def logins(self) -> tuple[str, str]:
        """The two login roles, of which one is in use and the other takes over at the next rotation."""
        return f"{self.database}_a", f"{self.database}_b"


@dataclass(frozen=True)
class Server:
    """Where the services find the server, and the certificate authority (PEM) they verify it with."""

    host: str
    port: int
    authority: str
    provider: str = "local"


@dataclass(frozen=True)
class Policy:
    """What every login role is held to. ``settings`` become its session defaults."""

    connection_limit: int = 40
    settings: Mapping[str, str] = field(default_factory=dict)
    monitor: str = ""


@dataclass(frozen=True)
class Credential:
    username: str
    password: str = field(repr=False)


def check(bindings: Sequence[Binding]) -> None:
    """Refuse bindings whose derived names meet: ``hello`` + ``db-owner`` would take over the owner of ``hello`` + ``db``."""
    names = [name for binding in bindings for name in (binding.database, binding.owner, *binding.logins)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"two database resources would share the names {', '.join(twice)}; rename one of the resources", names=twice)


def credential(binding: Binding, stored: Stored) -> Credential:
    """The credential in use: what the store says. The store decides, the server follows."""
    username = stored.data.get("username", "")
    if username not in binding.logins:
        raise Conflict(
            f"the secret {binding.secret} names the user {username or '(none)'}, which is neither {' nor '.join(binding.logins)}; "
            "delete that secret to have a new one made, or correct it",
            secret=binding.secret,
        )
    return Credential(username, stored.data.get(PASSWORD, ""))


def wanted(binding: Binding, server: Server, username: str, renew: bool = False) -> Wanted:
    """The binding as a secret of the store; its password is made once, or now with ``renew``."""
    return Wanted(
        name=binding.secret,
        type=SECRET_TYPE,
        values={
            "type": TYPE,
            "provider": server.provider,
            "host": server.host,
            "port": str(server.port),
            "database": binding.database,
            "username": username,
            "ca.crt": server.authority,
        },
        generate={PASSWORD: Generator()},
        compose={"uri": URI},
        labels={"slipway.platform/service": binding.service, "slipway.platform/resource": binding.resource},
        renew=frozenset({PASSWORD}) if renew else frozenset(),
    )
