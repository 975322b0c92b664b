# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry: the wire format of the OCI distribution specification 1.1 and nothing else.

Only 404 means absent. 401 and 403 are ``Denied``; 429, 5xx and silence are ``Unreachable`` after three tries. A digest is what we
computed over the bytes, never what a header says.
"""

from __future__ import annotations

import email.utils
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied, NotFound, SlipwayError, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci import auth, names
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, Request, Response, Sink, Transport, trust

_ACCEPT = ", ".join(names.MANIFEST_TYPES)
_TRIES = 3
_LONGEST_PAUSE = 30.0
_REDIRECTS = 5
_BLOB_DEADLINE = 600.0


@dataclass(frozen=True)
class Manifest:
    """A manifest or index as the registry keeps it, byte for byte."""

    descriptor: Descriptor
    body: bytes

    @property
    def digest(self) -> Digest:
        return self.descriptor.digest

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value

    @property
    def annotations(self) -> Mapping[str, str]:
        return self.json.get("annotations") or {}


class Registry:
    """One registry. Threads may share it: connections, tokens and pauses are shared too."""

    def __init__(
        self,
        host: str,
        transport: Transport,
        keychain: auth.Keychain | None = None,
        *,
        scheme: str = "https",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.host = host
        self._base = f"{scheme}://{host}/v2/"
        self._transport, self._sleep = transport, sleep
        self._authorizer = auth.Authorizer(host, transport, keychain or auth.Keychain(), clock)

    @classmethod
    def connect(
        cls,
        host: str,
        ca_file: Path | None = None,
        auth_file: Path | None = None,
        keychain: auth.Keychain | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Registry:
        """A registry by host, the certificates to trust, and credentials or the file of them."""
        return cls(host, Pool(lambda: trust(ca_file)), auth.Keychain.from_file(auth_file) if auth_file else keychain, sleep=sleep)

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def ping(self) -> None:
        """Ask whether a registry answers and lets us in."""
        self._call(Request("GET", self._base), (), "", "reach the registry")

    def exists(self, repository: str, target: str) -> bool:
        """Whether a manifest is there, by tag or digest, without reading it."""
        request = Request("HEAD", f"{self._base}{repository}/manifests/{target}", {"Accept": _ACCEPT})
        return self._call(request, ("pull",), repository, f"look for {repository} at {target}", allow=(404,)).status != 404

    def manifest(self, repository: str, target: str) -> Manifest:
        """Read a manifest by tag or digest. Raises ``NotFound`` if it is not there and ``Conflict`` if it is not what was asked for."""
        request = Request("GET", f"{self._base}{repository}/manifests/{target}", {"Accept": _ACCEPT})
        response = self._call(request, ("pull",), repository, f"read {repository} at {target}")
        digest = Digest.parse(target) if ":" in target else Digest.of(response.body)
        if not digest.matches(response.body):
            raise Conflict(f"{self.host} answers {repository}@{digest} with other bytes than that digest names; nothing was used", host=self.host)
        media_type = response.header("content-type").partition(";")[0].strip()
        return Manifest(Descriptor(media_type, digest, len(response.body)), response.body)

    def find(self, repository: str, target: str) -> Manifest | None:
        """As ``manifest``, with None if it is not there."""
        try:
            return self.manifest(repository, target)
        except NotFound:
            return None

    def put_manifest(self, repository: str, target: str, body: bytes, media_type: str) -> Response:
        """Store a manifest under a tag or its digest, byte for byte."""
        request = Request("PUT", f"{self._base}{repository}/manifests/{target}", {"Content-Type": media_type}, body)
        return self._call(request, ("pull", "push"), repository, f"store {repository} at {target}")

    def has_blob(self, repository: str, digest: Digest) -> bool:
        request = Request("HEAD", f"{self._base}{repository}/blobs/{digest}")
        return self._call(request, ("pull",), repository, f"look for blob {digest} of {repository}", allow=(404,)).status != 404

    def read_blob(self, repository: str, descriptor: Descriptor, sink: Sink) -> None:
        """Write a blob to ``sink`` (seekable) and check it against its digest and size."""
        output = _Checking(sink, descriptor.digest)
        request = Request("GET", f"{self._base}{repository}/blobs/{descriptor.digest}", deadline=_BLOB_DEADLINE)
        self._call(request, ("pull",), repository, f"read blob {descriptor.digest} of {repository}", sink=output)
        if output.size != descriptor.size or output.hex != descriptor.digest.hex:
            raise Conflict(f"{self.host} answers blob {descriptor.digest} of {repository} with other bytes than that digest names", host=self.host)

    def mount_blob(self, repository: str, digest: Digest, origin: str) -> bool:
        """Let the registry take a blob from another repository of its own; False if it would rather be sent the bytes."""
        query = urlencode({"mount": str(digest), "from": origin})
        what = f"take blob {digest} from {origin} into {repository}"
        try:
            request = Request("POST", f"{self._base}{repository}/blobs/uploads/?{query}")
            response = self._call(request, ("pull", "push"), repository, what, also=(auth.scope(origin, "pull"),))
        except Denied:
            return False  # it may store here but not read there
        if response.status == 202 and response.header("location"):
            cancel = Request("DELETE", urljoin(response.url, response.header("location")))
            self._call(cancel, ("pull", "push"), repository, what, allow=(400, 404, 405))
        return response.status == 201

    def upload_blob(self, repository: str, digest: Digest, source: bytes | Path) -> None:
        """Store a blob; a file is streamed."""
        what = f"store blob {digest} in {repository}"
        for attempt in range(1, _TRIES + 1):
            started = self._call(Request("POST", f"{self._base}{repository}/blobs/uploads/"), ("pull", "push"), repository, what)
            location = _with_query(urljoin(started.url, started.header("location")), digest=str(digest))
            headers = {"Content-Type": "application/octet-stream"}
            try:
                self._call(Request("PUT", location, headers, source, _BLOB_DEADLINE), ("pull", "push"), repository, what, tries=1)
                return
            except (Unreachable, NotFound):
                # How much the registry kept of a broken upload is unknown: begin a new one.
                if attempt == _TRIES:
                    raise
                self._sleep(_pause(attempt))

    def tags(self, repository: str) -> list[str]:
        """All tags of a repository, page by page. Raises ``NotFound`` if the repository is not there."""
        found: list[str] = []
        url = f"{self._base}{repository}/tags/list?n=1000"
        while url:
            response = self._call(Request("GET", url), ("pull",), repository, f"list the tags of {repository}")
            found += json.loads(response.body).get("tags") or []
            following = [link.partition(">")[0].lstrip(" <") for link in response.header("link").split(",") if 'rel="next"' in link]
            url = urljoin(response.url, following[0]) if following else ""
        return found

    def referrers_page(self, repository: str, digest: Digest) -> Response:
        """What the referrers API answers; 404 and the like mean that the registry does not have it."""
        request = Request("GET", f"{self._base}{repository}/referrers/{digest}", {"Accept": names.INDEX})
        return self._call(request, ("pull",), repository, f"list what refers to {repository}@{digest}", allow=(303, 400, 404, 405, 501))

    def _call(
        self,
        request: Request,
        actions: Sequence[str],
        repository: str,
        what: str,
        *,
        allow: Sequence[int] = (),
        sink: Sink | None = None,
        tries: int = _TRIES,
        also: Sequence[str] = (),
    ) -> Response:
        """Send with authorization, redirects and retries; anything but success or ``allow`` is raised as what it means."""
        scopes = [auth.scope(repository, *actions)] if repository else []
        for attempt in range(1, tries + 1):
            try:
                response = self._send(request, [*scopes, *also], repository, allow, sink)
            except Unreachable as error:
                if attempt == tries:
                    raise Unreachable(f"could not {what}: {error.message}", **error.facts) from error
                self._sleep(_pause(attempt))
                continue
            if response.status < 300 or response.status in allow:
                return response
            passing = response.status == 429 or response.status >= 500
            pause = _pause(attempt, response.header("retry-after"))
            if not passing or attempt == tries or pause > _LONGEST_PAUSE:
                raise self._error(response, what, pause if passing else 0.0)
            self._sleep(pause)
        raise AssertionError

    def _send(self, request: Request, scopes: Sequence[str], repository: str, allow: Sequence[int], sink: Sink | None) -> Response:
        response = self._follow(request, self._authorizer.header(scopes), allow, sink)
        if response.status == 401:
            challenges = auth.parse_challenges(response.headers.get("www-authenticate", ()))
            answer = self._authorizer.answer(challenges, scopes, repository)
            if answer:
                response = self._follow(request, answer, allow, sink)
        return response

    def _follow(self, request: Request, authorization: str | None, allow: Sequence[int], sink: Sink | None) -> Response:
        for _ in range(_REDIRECTS):
            # Another host gets no credential of this one.
            ours = urlsplit(request.url).netloc == self.host
            headers = {**request.headers, "Authorization": authorization} if authorization and ours else request.headers
            if sink is not None:
                sink.seek(0)
                sink.truncate()
            response = self._transport.send(replace(request, headers=headers), sink)
            if response.status not in (301, 302, 303, 307, 308) or response.status in allow or request.method not in ("GET", "HEAD"):
                return response
            request = replace(request, url=urljoin(request.url, response.header("location")))
        raise Unreachable(f"{request.method} {urlsplit(request.url).netloc}: more than {_REDIRECTS} redirects", host=self.host)

    def _error(self, response: Response, what: str, retry_after: float) -> SlipwayError:
        codes, detail = _read_errors(response.body)
        facts: dict[str, Any] = {"host": self.host, "status": response.status, "codes": codes}
        said = f": {detail}" if detail else ""
        message = f"could not {what}: {self.host} answered with status {response.status}{said}"
        if response.status in (401, 403):
            return Denied(f"{message}; check the credentials for this registry and what they may do", **facts)
        if response.status == 404:
            return NotFound(message, **facts)
        if response.status in (409, 412):
            return Conflict(message, **facts)
        if response.status == 429 or response.status >= 500:
            return Unreachable(f"{message}; it asks to wait {retry_after:.0f} s" if response.header("retry-after") else message, **facts)
        return SlipwayError(message, **facts)


def _read_errors(body: bytes) -> tuple[list[str], str]:
    """The error codes and messages of an answer (distribution specification, "Error Codes")."""
    try:
        errors = json.loads(body)["errors"]
        return [str(e.get("code")) for e in errors], "; ".join(f"{e.get('code')} {e.get('message', '')}".strip() for e in errors[:3])
    except (ValueError, KeyError, TypeError, AttributeError):
        return [], ""


def _pause(attempt: int, retry_after: str = "") -> float:
    """Seconds to wait: what the server asks for (RFC 9110 section 10.2.3: seconds or a date), else 0.2, 0.4, ..."""
    if retry_after.strip().isdigit():
        return float(retry_after)
    if retry_after:
        try:
            return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
        except ValueError:
            pass
    return 0.1 * float(2**attempt)


def _with_query(url: str, **more: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query, keep_blank_values=True), *more.items()])))


class _Checking:
    """A writer that hashes what passes; going back to the start begins anew."""

    def __init__(self, output: Sink, digest: Digest) -> None:
        self._output, self._algorithm = output, digest.algorithm
        self._hash, self.size = hashlib.new(digest.algorithm), 0

    def write(self, data: bytes, /) -> int:
        self._hash.update(data)
        self.size += len(data)
        return self._output.write(data)

    def seek(self, position: int, /) -> int:
        self._hash, self.size = hashlib.new(self._algorithm), 0
        return self._output.seek(position)

    def truncate(self) -> int:
        return self._output.truncate()

    @property
    def hex(self) -> str:
        return self._hash.hexdigest()
