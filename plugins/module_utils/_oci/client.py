# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a registry is asked: authorization, redirects, retries, pauses and deadlines; and what its refusals mean.

Only 404 means absent. 401 and 403 are ``Denied``; 429, 5xx and silence are ``Unreachable`` after some tries.
"""

from __future__ import annotations

import email.utils
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci import auth, refusals
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Keychain
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Request, Response, Sink, Stream, Transport

TRIES = 3
_PATIENCE = 8  # how often a registry may ask us to come back later
_LONGEST_PAUSE = 30.0
_REDIRECTS = 5
_EPOCH = 1e9  # a number of seconds that is no pause


@dataclass(frozen=True)
class Limits:
    """Seconds for one request (blobs get more, by their size), the time of the client's clock at which all work ends,
    and how many requests may be under way at the same time."""

    request: float = 30.0
    ends: float | None = None
    slots: int | None = None


class Client:
    """One registry. Threads may share it: connections, tokens and pauses are shared too."""

    def __init__(
        self,
        host: str,
        transport: Transport,
        keychain: Keychain | None = None,
        *,
        scheme: str = "https",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        limits: Limits | None = None,
    ) -> None:
        self.host = host
        self._api = "registry-1.docker.io" if host == "docker.io" else host
        self._base = f"{scheme}://{self._api}/v2/"
        self._transport, self._sleep, self._clock, self._limits = transport, sleep, clock, limits or Limits()
        self._authorizer = auth.Authorizer(host, transport, keychain or Keychain(), clock)
        self._slots: AbstractContextManager[object] = threading.BoundedSemaphore(self._limits.slots) if self._limits.slots else nullcontext()
        # Who has credentials will be challenged: the first request goes alone, so that only one is.
        self._greeting, self._greeted = threading.Lock(), keychain is None or not (keychain.entries or keychain.helpers)
        self._expected: dict[str, tuple[str, ...]] = {}
        self._paused_until = 0.0

    def expect(self, wanted: Mapping[str, Iterable[str]]) -> None:
        """Say what will be asked of these repositories together (repository: actions), so that one token serves it all."""
        scopes = tuple(auth.joined(auth.scope(repository, *actions) for repository, actions in wanted.items()))
        self._expected |= dict.fromkeys(wanted, scopes)

    def _request(self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Request:
        return Request(method, url, headers or {}, body, self._limits.request)

    def _call(
        self,
        request: Request,
        actions: Sequence[str],
        repository: str,
        what: str,
        *,
        allow: Sequence[int] = (),
        sink: Sink | None = None,
        tries: int = TRIES,
        also: Sequence[str] = (),
    ) -> Response:
        """Send with authorization, redirects and retries; anything but success or ``allow`` is raised as what it means."""
        broken = asked = 0
        while True:
            self._rest()
            try:
                with self._slots:
                    if sink is not None:
                        sink.seek(0)
                        sink.truncate()
                    response = self._stream(request, actions, repository, also, allow).receive(sink)
            except Unreachable as error:
                broken += 1
                if broken >= tries or self._left() <= 0:
                    raise Unreachable(f"could not {what}: {error.message}", **error.facts) from error
                self._pause(_backoff(broken))
                continue
            if response.status < 300 or response.status in allow:
                self._heed(response)
                return response
            asked, broken = self._judge(response, what, asked, broken, tries)

    def _open(self, request: Request, actions: Sequence[str], repository: str, what: str) -> Stream:
        """As ``_call``, once, with the body of the success still to be read."""
        self._rest()
        stream = self._stream(request, actions, repository, (), ())
        if stream.head.status < 300:
            return stream
        response = stream.receive()
        self._judge(response, what, 0, 0, TRIES)
        raise refusals.error(self.host, response, what)

    def _judge(self, response: Response, what: str, asked: int, broken: int, tries: int) -> tuple[int, int]:
        """Wait before the next try after a refusal that passes; raise any other."""
        after = response.header("retry-after")
        if response.status == 429 or (response.status == 503 and after):
            after = after or response.header("ratelimit-reset")
            # The whole host rests, not only this request.
            asked += 1
            pause = wait_of(after, time.time()) if after else _backoff(asked) * 5
            if asked > (_PATIENCE if tries > 1 else 0) or pause > self._patience():
                raise refusals.error(self.host, response, what, pause)
            self._leave_alone(pause)
            return asked, broken
        broken += 1
        if response.status < 500 or broken >= tries or self._left() <= 0:
            raise refusals.error(self.host, response, what)
        self._pause(_backoff(broken))
        return asked, broken

    def _heed(self, response: Response) -> None:
        """Rest when nothing is left until a time that is said, before the registry has to refuse (IETF draft "RateLimit header fields for HTTP")."""
        reset = response.header("ratelimit-reset")
        if reset and response.header("ratelimit-remaining").strip() == "0" and (pause := wait_of(reset, time.time())) <= self._patience():
            self._leave_alone(pause)

    def _leave_alone(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _stream(self, request: Request, actions: Sequence[str], repository: str, also: Sequence[str], allow: Sequence[int]) -> Stream:
        if not self._greeted:
            with self._greeting:
                if not self._greeted:
                    stream = self._authorized(request, actions, repository, also, allow)
                    self._greeted = True
                    return stream
        return self._authorized(request, actions, repository, also, allow)

    def _authorized(self, request: Request, actions: Sequence[str], repository: str, also: Sequence[str], allow: Sequence[int]) -> Stream:
        """Ask with the token for all that is expected, with a new one, and with one for just this request, until one is good enough."""
        own = auth.joined([*([auth.scope(repository, *actions)] if repository else []), *also])
        wide = list(self._expected.get(repository, ())) or own
        header = self._known(wide, own, repository)
        stream = self._follow(request, header, allow)
        for scopes in (wide, wide, own) if wide != own else (own, own):
            status = stream.head.status
            if status == 403 and wide != own:
                scopes = own  # a token for much may hold less than what it was asked for
            elif status != 401:
                break
            stream.receive()  # so that the connection can serve the next question
            challenges = auth.parse_challenges(stream.head.headers.get("www-authenticate", ())) or self._authorizer.challenges
            again = self._answer(challenges, scopes, own, repository, header)
            if again is None or again == header:
                continue
            header = again
            stream = self._follow(request, header, allow)
            if scopes is own and wide != own:
                break
        return stream

    def _known(self, wide: Sequence[str], own: Sequence[str], repository: str) -> str | None:
        try:
            return self._authorizer.header(wide, repository)
        except Denied:
            if wide == own:
                raise
            self._expected.pop(repository, None)
            return self._authorizer.header(own, repository)

    def _answer(self, challenges: Sequence[auth.Challenge], scopes: Sequence[str], own: Sequence[str], repository: str, refused: str | None) -> str | None:
        try:
            return self._authorizer.answer(challenges, scopes, repository, refused)
        except Denied:
            if scopes == own:
                raise
            self._expected.pop(repository, None)  # some token servers refuse everything where one scope is too much
            return self._authorizer.answer(challenges, own, repository, refused)

    def _follow(self, request: Request, authorization: str | None, allow: Sequence[int]) -> Stream:
        for _ in range(_REDIRECTS):
            # Another host gets no credential of this one.
            ours = urlsplit(request.url).netloc == self._api
            headers = {**request.headers, "Authorization": authorization} if authorization and ours else request.headers
            stream = self._transport.open(replace(request, headers=headers, deadline=max(0.001, min(request.deadline, self._left()))))
            status = stream.head.status
            if status not in (301, 302, 303, 307, 308) or status in allow or request.method not in ("GET", "HEAD"):
                return stream
            stream.receive()
            request = replace(request, url=urljoin(request.url, stream.head.header("location")))
        raise Unreachable(f"{request.method} {urlsplit(request.url).netloc}: more than {_REDIRECTS} redirects", host=self.host)

    def _left(self) -> float:
        """Seconds until all work has to end."""
        return float("inf") if self._limits.ends is None else self._limits.ends - self._clock()

    def _patience(self) -> float:
        return _LONGEST_PAUSE if self._limits.ends is None else self._left()

    def _pause(self, seconds: float) -> None:
        self._sleep(max(0.0, min(seconds, self._left())))

    def _rest(self) -> None:
        """Wait while the registry wants to be left alone."""
        pause = self._paused_until - self._clock()
        if pause > 0:
            self._sleep(pause)


def _backoff(attempt: int) -> float:
    """Seconds to wait after a failed attempt: 0.2, 0.4, ..."""
    return 0.1 * float(2**attempt)


def wait_of(retry_after: str, now: float) -> float:
    """Seconds that a server asks to wait (RFC 9110 section 10.2.3: seconds or a date; some say the time as seconds since 1970); 1 if it cannot be read."""
    if retry_after.strip().isdigit():
        return max(0.0, float(retry_after) - now) if float(retry_after) > _EPOCH else float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - now)
    except ValueError:
        return 1.0
