# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of ACME (RFC 8555 §6): a directory, nonces, signed posts; whoever is asked to wait waits, as long as there is time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._acme import jws, problem
from ansible_collections.slipway.platform.plugins.module_utils._errors import NotReady, SlipwayError, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci.client import wait_of
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Request, Response, Transport
from ansible_collections.slipway.platform.plugins.module_utils._tls.issue import Key

_ONE = 30.0  # seconds for one request
_TRIES = 6
_BUSY = 5.0  # seconds to wait for a CA that is busy and does not say how long


@dataclass(frozen=True)
class Clock:
    """``monotonic``: seconds, for deadlines; ``now``: aware, UTC."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True)
class Signer:
    """Who asks; ``account`` is empty until the CA gave one."""

    key: Key
    account: str = ""


class Client:
    """One CA, until a deadline. Texts of errors are the CA's own."""

    def __init__(self, directory: str, transport: Transport, clock: Clock, timeout: float) -> None:
        self.url, self._transport, self.clock = directory, transport, clock
        self._timeout, self._ends = timeout, clock.monotonic() + timeout
        self._directory: dict[str, Any] | None = None
        self._nonce = ""

    def begin(self) -> None:
        """The deadline counts from now on: each certificate has its own."""
        self._ends = self.clock.monotonic() + self._timeout

    def place(self, what: str) -> str:
        """Where the directory says that something is (§7.1.1); empty if the CA does not offer it."""
        if self._directory is None:
            self._directory = self.get(self.url, "the directory")
        found = self._directory.get(what, "")
        return found if isinstance(found, str) else ""

    def meta(self, what: str) -> Any:
        self.place("meta")
        return ((self._directory or {}).get("meta") or {}).get(what)

    def get(self, url: str, what: str) -> dict[str, Any]:
        """A JSON object that needs no signature."""
        return content(self._answered(self._send(Request("GET", url)), what), what)

    def ask(self, url: str, what: str) -> Response:
        """As ``get``, with its headers."""
        return self._answered(self._send(Request("GET", url)), what)

    def post(self, signer: Signer, url: str, payload: Mapping[str, Any] | None, what: str) -> Response:
        """The answer to a signed request; POST-as-GET without a payload. Raises what ``problem.error`` says."""
        identity = {"kid": signer.account} if signer.account else {"jwk": jws.jwk(signer.key)}
        for attempt in range(_TRIES):
            header = {"nonce": self._fresh_nonce(), "url": url, **identity}
            answer = self._send(Request("POST", url, {"Content-Type": "application/jose+json"}, jws.signed(signer.key, header, payload)))
            if answer.status < 400:
                return answer
            last = attempt == _TRIES - 1
            refused = problem.error(answer, what, self._when(answer))
            if last or not (refused.facts["problem"] == "badNonce" or self._waited(answer)):
                raise refused
        raise AssertionError("the last try returns or raises")

    def pause(self, answer: Response, attempt: int, what: str) -> None:
        """Wait before something under way is looked at again: as long as the CA says, or ever longer. Raises ``NotReady`` at the deadline."""
        said = answer.header("retry-after")
        wait = wait_of(said, self.clock.now().timestamp()) if said else min(0.25 * 2.0**attempt, 10.0)
        if self.clock.monotonic() + wait > self._ends:
            raise NotReady(f"{what}: the CA was not done within {self._timeout:.0f} s; the order is kept, and the next run goes on with it")
        self.clock.sleep(wait)

    def close(self) -> None:
        self._transport.close()

    def _waited(self, answer: Response) -> bool:
        """Whether there was time to wait as long as a busy CA wants (RFC 8555 §6.6, RFC 9110 §10.2.3)."""
        if answer.status not in (429, 503) or (answer.status == 429 and not answer.header("retry-after")):
            return False
        wait = wait_of(answer.header("retry-after"), self.clock.now().timestamp()) if answer.header("retry-after") else _BUSY
        if self.clock.monotonic() + wait > self._ends:
            return False
        self.clock.sleep(wait)
        return True

    def _when(self, answer: Response) -> str:
        said = answer.header("retry-after")
        if not said:
            return ""
        now = self.clock.now()
        return f"{now + timedelta(seconds=wait_of(said, now.timestamp())):%Y-%m-%dT%H:%M:%SZ}"

    def _fresh_nonce(self) -> str:
        if not self._nonce:
            self._answered(self._send(Request("HEAD", self.place("newNonce"))), "a nonce")
        nonce, self._nonce = self._nonce, ""
        return nonce

    def _answered(self, answer: Response, what: str) -> Response:
        if answer.status >= 400:
            raise problem.error(answer, what, self._when(answer))
        return answer

    def _send(self, request: Request) -> Response:
        left = self._ends - self.clock.monotonic()
        if left <= 0:
            raise NotReady(f"{request.method} {request.url}: {self._timeout:.0f} s are over")
        answer = self._transport.send(Request(request.method, request.url, request.headers, request.body, min(left, _ONE)))
        self._nonce = answer.header("replay-nonce") or self._nonce
        return answer


def content(answer: Response, what: str) -> dict[str, Any]:
    """The JSON object of an answer. Raises ``Unreachable`` if it is none."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unreachable(f"{what}: what {answer.url} answers is no JSON object; is it an ACME directory?")
    return found


def is_problem(error: SlipwayError, *kinds: str) -> bool:
    return error.facts.get("problem") in kinds
