# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who we are to a registry: credentials from a file, and the two ways to show them (Basic, and Bearer with a token server).

Challenges: RFC 9110 section 11.6.1. Tokens: CNCF distribution, "Token Authentication Specification".
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, InvalidInput, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Request, Transport

_DEFAULT_LIFETIME = 60.0  # what the specification says where the server does not
_EARLY = 10.0
_TOKEN_USER = "<token>"  # Docker's name for "the password is an identity token"
_PART = re.compile(
    r"""\s*(?:,\s*)*(?:
        (?P<name>[A-Za-z0-9_.-]+)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]+))
        |(?P<scheme>[A-Za-z0-9_-]+)(?=\s|,|$)
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Credential:
    """A user and a password, or an identity token."""

    username: str
    password: str = field(repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


@dataclass(frozen=True)
class Keychain:
    """Credentials by registry or by ``registry/repository``, as Docker's config.json and podman's auth.json hold them."""

    entries: Mapping[str, Credential] = field(default_factory=dict)

    @classmethod
    def from_file(cls, path: Path) -> Keychain:
        try:
            auths = json.loads(path.read_bytes()).get("auths") or {}
            return cls({_key(name): _credential(value) for name, value in auths.items() if value})
        except OSError as error:
            raise InvalidInput(f"the credentials in {path} cannot be read: {error.strerror}") from error
        except (ValueError, AttributeError, KeyError) as error:
            # The content is left out: it is a credential.
            raise InvalidInput(f"{path} is not a file of credentials as Docker's config.json is: {type(error).__name__}") from None

    def find(self, registry: str, repository: str = "") -> Credential | None:
        """The credential with the longest key that covers the repository."""
        name = f"{registry}/{repository}".rstrip("/")
        while name:
            if name in self.entries:
                return self.entries[name]
            name = name.rpartition("/")[0]
        return None


def config_json(credentials: Mapping[str, Credential]) -> str:
    """Docker's config.json for these credentials by registry; also the content of a ``kubernetes.io/dockerconfigjson`` Secret."""
    auths = {host: {"auth": credential.basic.removeprefix("Basic ")} for host, credential in sorted(credentials.items())}
    return json.dumps({"auths": auths}, indent=1) + "\n"


@dataclass(frozen=True)
class Challenge:
    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """The challenges of one or several WWW-Authenticate headers; schemes and names in lower case."""
    found: list[Challenge] = []
    for value in values:
        position = 0
        while match := _PART.match(value, position):
            position = match.end()
            if match["scheme"]:
                found.append(Challenge(match["scheme"].lower(), {}))
            elif found:
                text = match["plain"] if match["quoted"] is None else re.sub(r"\\(.)", r"\1", match["quoted"])
                found[-1] = Challenge(found[-1].scheme, {**found[-1].parameters, match["name"].lower(): text})
    return found


def scope(repository: str, *actions: str) -> str:
    return f"repository:{repository}:{','.join(sorted(actions))}"


class Authorizer:
    """The Authorization headers for one registry; a token is kept per set of scopes until shortly before it ends."""

    def __init__(self, registry: str, transport: Transport, keychain: Keychain, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry, self._transport, self._keychain, self._clock = registry, transport, keychain, clock
        self._headers: dict[tuple[str, ...], tuple[str, float]] = {}
        self._lock = threading.Lock()

    def header(self, scopes: Sequence[str]) -> str | None:
        """The header that was good for these scopes before, if it still is."""
        with self._lock:
            value, ends = self._headers.get(tuple(sorted(scopes)), ("", 0.0))
        return value if value and self._clock() < ends else None

    def answer(self, challenges: Sequence[Challenge], scopes: Sequence[str], repository: str) -> str | None:
        """The header that answers a 401, or None if we have nothing to answer with."""
        credential = self._keychain.find(self._registry, repository)
        by_scheme = {challenge.scheme: challenge for challenge in reversed(challenges)}
        if "bearer" in by_scheme:
            value, lifetime = self._token(by_scheme["bearer"].parameters, scopes, credential)
        elif "basic" in by_scheme and credential:
            value, lifetime = credential.basic, float("inf")
        else:
            return None
        with self._lock:
            self._headers[tuple(sorted(scopes))] = (value, self._clock() + lifetime)
        return value

    def _token(self, parameters: Mapping[str, str], scopes: Sequence[str], credential: Credential | None) -> tuple[str, float]:
        realm = parameters.get("realm", "")
        host = urlsplit(realm).netloc
        if urlsplit(realm).scheme != "https" and not _is_loopback(host):
            raise Denied(f"{self._registry} sends us to {realm!r} for a token, which is not https: credentials are not sent there", host=self._registry)
        query = [("service", parameters["service"])] if "service" in parameters else []
        wanted = sorted(set(scopes) | set(parameters.get("scope", "").split()))
        if credential and (credential.identity_token or credential.username == _TOKEN_USER):
            form = [("grant_type", "refresh_token"), ("client_id", "slipway"), ("refresh_token", credential.identity_token or credential.password)]
            body = urlencode([*form, *query, ("scope", " ".join(wanted))]).encode()
            request = Request("POST", realm, {"Content-Type": "application/x-www-form-urlencoded"}, body)
        else:
            joint = "&" if urlsplit(realm).query else "?"
            headers = {"Authorization": credential.basic} if credential else {}
            request = Request("GET", f"{realm}{joint}{urlencode([*query, *(('scope', one) for one in wanted)])}", headers)
        response = self._transport.send(request)
        if response.status in (401, 403):
            who = f"user {credential.username}" if credential else "anonymous"
            raise Denied(f"the token server {host} of {self._registry} refuses {who} (status {response.status})", host=host, status=response.status)
        if response.status != 200:
            raise Unreachable(f"the token server {host} of {self._registry} answered with status {response.status}", host=host, status=response.status)
        return _read_token(response.body, host)


def _read_token(body: bytes, host: str) -> tuple[str, float]:
    try:
        value = json.loads(body)
        token = value.get("token") or value["access_token"]
        return f"Bearer {token}", max(float(value.get("expires_in") or _DEFAULT_LIFETIME) - _EARLY, 1.0)
    except (ValueError, KeyError, AttributeError):
        raise Unreachable(f"the token server {host} answered with something that holds no token", host=host) from None


def _credential(value: Mapping[str, str]) -> Credential:
    if value.get("auth"):
        username, _, password = base64.b64decode(value["auth"]).decode().partition(":")
    else:
        username, password = value.get("username", ""), value.get("password", "")
    return Credential(username, password.rstrip("\0"), value.get("identitytoken", ""))


def _key(name: str) -> str:
    """Docker writes some registries as URLs."""
    return name.removeprefix("https://").removeprefix("http://").rstrip("/")


def _is_loopback(netloc: str) -> bool:
    return netloc.rpartition(":")[0] in ("localhost", "127.0.0.1", "[::1]") or netloc in ("localhost", "127.0.0.1")
