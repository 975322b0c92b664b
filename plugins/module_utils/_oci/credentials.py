# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who we are to a registry: credentials given, from the files of docker and podman, from credential helpers, or from AWS for ECR.

Files: docker's config.json and containers-auth.json(5) (``auths`` by registry or registry/repository, ``credHelpers``, ``credsStore``).
Helpers: the program ``docker-credential-<name> get`` reads the registry's name and writes JSON with Username and Secret.
"""

from __future__ import annotations

import base64
import json
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils import _command
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, InvalidInput, Missing

TOKEN_USER = "<token>"  # Docker's name for "the password is an identity token"
_HELPER_DEADLINE = 30.0
_DOCKER_HUB = ("docker.io", "index.docker.io/v1", "index.docker.io", "registry-1.docker.io")


@dataclass(frozen=True)
class Credential:
    """A user and a password, or an identity token."""

    username: str
    password: str = field(repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


Ask = Callable[[str], Credential | None]


@dataclass(frozen=True)
class Keychain:
    """Credentials by registry or by ``registry/repository``; ``helpers`` by registry, with ``""`` for every registry that no key names.

    A helper is asked once per registry.
    """

    entries: Mapping[str, Credential] = field(default_factory=dict)
    helpers: Mapping[str, Ask] = field(default_factory=dict)
    _known: dict[str, Credential | None] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def from_file(cls, path: Path) -> Keychain:
        try:
            value = json.loads(path.read_bytes())
            entries = {_key(name): _credential(one) for name, one in (value.get("auths") or {}).items() if one}
            programs = {_key(name): str(program) for name, program in (value.get("credHelpers") or {}).items()}
            if value.get("credsStore"):
                programs[""] = str(value["credsStore"])
            # An entry without content says that the helper has the credential.
            return cls({name: one for name, one in entries.items() if one != Credential("", "")}, {name: _helper(p) for name, p in programs.items()})
        except OSError as error:
            raise InvalidInput(f"the credentials in {path} cannot be read: {error.strerror}") from error
        except (ValueError, AttributeError, KeyError) as error:
            # The content is left out: it is a credential.
            raise InvalidInput(f"{path} is not a file of credentials as Docker's config.json is: {type(error).__name__}") from None

    def find(self, registry: str, repository: str = "") -> Credential | None:
        """The credential with the longest key that covers the repository, else what a helper has for the registry."""
        for host in _DOCKER_HUB if registry in _DOCKER_HUB else (registry,):
            name = f"{host}/{repository}".rstrip("/")
            while name != host and name not in self.entries:
                name = name.rpartition("/")[0]
            if name == host and host in self.helpers:
                return self._ask(host, host)
            if name in self.entries:
                return self.entries[name]
        return self._ask("", "https://index.docker.io/v1/" if registry in _DOCKER_HUB else registry) if "" in self.helpers else None

    def of(self, registry: str) -> Keychain:
        """What can concern this registry."""
        hosts = _DOCKER_HUB if registry in _DOCKER_HUB else (registry,)
        entries = {name: one for name, one in self.entries.items() if name.startswith(tuple(f"{host}/" for host in hosts)) or name in hosts}
        return replace(
            self, entries=entries, helpers={name: ask for name, ask in self.helpers.items() if name in ("", *hosts)}, _known={}, _lock=threading.Lock()
        )

    def over(self, other: Keychain) -> Keychain:
        """Both; what is here wins."""
        helpers = {**{name: ask for name, ask in other.helpers.items() if name not in self.entries}, **self.helpers}
        return replace(self, entries={**other.entries, **self.entries}, helpers=helpers, _known={}, _lock=threading.Lock())

    def _ask(self, key: str, registry: str) -> Credential | None:
        with self._lock:
            if registry not in self._known:
                self._known[registry] = self.helpers[key](registry)
            return self._known[registry]


def default_files(environment: Mapping[str, str], home: Path) -> list[Path]:
    """Where podman and docker keep credentials, the first to be looked at first; only files that exist."""
    candidates = []
    if environment.get("REGISTRY_AUTH_FILE"):
        candidates.append(Path(environment["REGISTRY_AUTH_FILE"]))
    if environment.get("XDG_RUNTIME_DIR"):
        candidates.append(Path(environment["XDG_RUNTIME_DIR"]) / "containers" / "auth.json")
    candidates.append(Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "containers" / "auth.json")
    candidates.append(Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json")
    return [path for path in candidates if path.is_file()]


def config_json(credentials: Mapping[str, Credential]) -> str:
    """Docker's config.json for these credentials by registry; also the content of a ``kubernetes.io/dockerconfigjson`` Secret."""
    auths = {host: {"auth": credential.basic.removeprefix("Basic ")} for host, credential in sorted(credentials.items())}
    return json.dumps({"auths": auths}, indent=1) + "\n"


def _helper(name: str) -> Ask:
    program = f"docker-credential-{name}"

    def ask(registry: str) -> Credential | None:
        path = shutil.which(program)
        if path is None:
            raise Missing(f"the credentials for {registry} are kept by {program}, which is not on this machine; install it or give auth_file", program=program)
        try:
            value = json.loads(_command.run([path, "get"], deadline=_HELPER_DEADLINE, stdin=registry.encode()).stdout)
            user, secret = value["Username"], value["Secret"]
        except CommandFailed as error:
            if "credentials not found" in error.message:
                return None
            # What it printed is left out: it may be a credential.
            raise InvalidInput(f"{program} has no credentials for {registry}: it ended with status {error.facts.get('status')}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(f"{program} answered for {registry} with something that is no credential: {type(error).__name__}") from None
        return Credential(user, secret, secret if user == TOKEN_USER else "")

    return ask


def _credential(value: Mapping[str, str]) -> Credential:
    if value.get("auth"):
        username, _, password = base64.b64decode(value["auth"]).decode().partition(":")
    else:
        username, password = value.get("username", ""), value.get("password", "")
    return Credential(username, password.rstrip("\0"), value.get("identitytoken", ""))


def _key(name: str) -> str:
    """Docker writes some registries as URLs."""
    return name.removeprefix("https://").removeprefix("http://").rstrip("/")
