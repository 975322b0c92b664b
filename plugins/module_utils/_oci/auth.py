# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Showing a registry who we are: its challenges, and the two ways to answer them (Basic, and Bearer with a token server).

Challenges: RFC 9110 section 11.6.1. Tokens: CNCF distribution, "Token Authentication Specification".
"""

from __future__ import annotations

import ipaddress
import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import TOKEN_USER, Credential, Keychain
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Request, Transport

_DEFAULT_LIFETIME = 60.0  # what the specification says where the server does not
_EARLY = 10.0
_PART = re.compile(
    r"""\s*(?:,\s*)*(?:
        (?P<name>[A-Za-z0-9_.-]+)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]+))
        |(?P<scheme>[A-Za-z0-9_-]+)(?=\s|,|$)
    )""",
    re.VERBOSE,
)


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


def joined(scopes: Iterable[str]) -> list[str]:
    """The same scopes, each repository once with all of its actions."""
    actions: dict[str, set[str]] = {}
    for one in scopes:
        name, _, listed = one.rpartition(":")
        actions.setdefault(name, set()).update(listed.split(","))
    return sorted(f"{name}:{','.join(sorted(listed))}" for name, listed in actions.items())


class Authorizer:
    """The Authorization headers for one registry; a token is kept per set of scopes until shortly before it ends.

    Threads that need the same token wait for one request. What a registry challenged with once is answered before it asks again.
    """

    def __init__(self, registry: str, transport: Transport, keychain: Keychain, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry, self._transport, self._keychain, self._clock = registry, transport, keychain, clock
        self._headers: dict[tuple[str, ...], tuple[str, float]] = {}
        self._asking: dict[tuple[str, ...], threading.Lock] = {}
        self._challenges: Sequence[Challenge] = ()
        self._lock = threading.Lock()

    @property
    def challenges(self) -> Sequence[Challenge]:
        """What the registry challenged with before."""
        with self._lock:
            return self._challenges

    def header(self, scopes: Sequence[str], repository: str = "") -> str | None:
        """The header for these scopes: the one that was good before, else one that answers what the registry challenged with before."""
        with self._lock:
            value, ends = self._headers.get(_set(scopes), ("", 0.0))
            known = self._challenges
        if value and self._clock() < ends:
            return value
        return self.answer(known, scopes, repository) if known else None

    def answer(self, challenges: Sequence[Challenge], scopes: Sequence[str], repository: str, refused: str | None = None) -> str | None:
        """The header that answers a 401, or None if we have nothing to answer with. ``refused`` is the header that was not good enough."""
        with self._lock:
            asking = self._asking.setdefault(_set(scopes), threading.Lock())
        with asking:
            with self._lock:
                value, ends = self._headers.get(_set(scopes), ("", 0.0))
            if value and value != refused and self._clock() < ends:
                return value
            return self._fresh(challenges, scopes, repository)

    def _fresh(self, challenges: Sequence[Challenge], scopes: Sequence[str], repository: str) -> str | None:
        credential = self._keychain.find(self._registry, repository)
        by_scheme = {challenge.scheme: challenge for challenge in reversed(challenges)}
        if "bearer" in by_scheme:
            value, lifetime = self._token(by_scheme["bearer"].parameters, scopes, credential)
        elif "basic" in by_scheme and credential:
            value, lifetime = credential.basic, float("inf")
        else:
            return None
        with self._lock:
            self._headers[_set(scopes)] = (value, self._clock() + lifetime)
            # The scope that was asked for is of that one request.
            self._challenges = [Challenge(c.scheme, {k: v for k, v in c.parameters.items() if k not in ("scope", "error")}) for c in challenges]
        return value

    def _token(self, parameters: Mapping[str, str], scopes: Sequence[str], credential: Credential | None) -> tuple[str, float]:
        realm = parameters.get("realm", "")
        host = urlsplit(realm).netloc
        if not _is_safe(realm):
            raise Denied(f"{self._registry} sends us to {realm!r} for a token, which is not https: credentials are not sent there", host=self._registry)
        query = [("service", parameters["service"])] if "service" in parameters else []
        wanted = joined([*scopes, *parameters.get("scope", "").split()])
        identity = (credential.identity_token or (credential.password if credential.username == TOKEN_USER else "")) if credential else ""
        joint = "&" if urlsplit(realm).query else "?"
        basic = {"Authorization": credential.basic} if credential else {}
        request = Request("GET", f"{realm}{joint}{urlencode([*query, *(('scope', one) for one in wanted)])}", basic)
        if identity:
            form = [("grant_type", "refresh_token"), ("client_id", "slipway"), ("refresh_token", identity)]
            body = urlencode([*form, *query, ("scope", " ".join(wanted))]).encode()
            exchange = Request("POST", realm, {"Content-Type": "application/x-www-form-urlencoded"}, body)
            response = self._transport.send(exchange)
            if response.status in (404, 405):  # a token server that knows GET only
                response = self._transport.send(request)
        else:
            response = self._transport.send(request)
        if response.status in (401, 403):
            who = f"user {credential.username}" if credential else "anonymous"
            said = f"the token server {host} of {self._registry} refuses {who} (status {response.status})"
            what = "its password in auth_file or credentials is wrong, or has ended" if credential else "give a user in auth_file or credentials"
            raise Denied(f"{said}; {what}", host=host, status=response.status)
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


def _set(scopes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(scopes)))


def _is_safe(realm: str) -> bool:
    """Whether credentials may go there: https, and no address that only this machine's network can mean (metadata services live there)."""
    parts = urlsplit(realm)
    host = parts.hostname or ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return parts.scheme == "https" or host == "localhost"
    return not address.is_link_local and (parts.scheme == "https" or address.is_loopback)
