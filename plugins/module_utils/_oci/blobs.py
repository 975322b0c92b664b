# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blobs of a registry: read, taken over from a repository beside it, sent, and streamed on with constant memory.

OCI distribution specification 1.1, "Pulling blobs", "Mounting a blob from another repository", "POST then PUT", "Pushing a blob in chunks".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, Denied, NotFound, SlipwayError, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci import auth, refusals
from ansible_collections.slipway.platform.plugins.module_utils._oci.client import TRIES, Client
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Body, Request, Response, Sink
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest

_DEADLINE = 600.0
_SLOWEST = 100_000  # bytes a second; slower is taken for broken
_PART = 8 << 20  # of an upload whose whole is refused as too large
_PUSH = ("pull", "push")
_BINARY = "application/octet-stream"
Marks = list[tuple[int, "hashlib._Hash"]]  # how many bytes were read, and their hash so far


class Blobs(Client):
    def has_blob(self, repository: str, digest: Digest) -> bool:
        request = self._request("HEAD", f"{self._base}{repository}/blobs/{digest}")
        return self._call(request, ("pull",), repository, f"look for blob {digest} of {repository}", allow=(404,)).status != 404

    def read_blob(self, repository: str, descriptor: Descriptor, sink: Sink) -> None:
        """Write a blob to ``sink`` (seekable) and check it against its digest and size."""
        output = _Checking(sink, descriptor.digest)
        request = Request("GET", f"{self._base}{repository}/blobs/{descriptor.digest}", deadline=_patience(descriptor.size))
        self._call(request, ("pull",), repository, f"read blob {descriptor.digest} of {repository}", sink=output)
        if output.size != descriptor.size or output.hex != descriptor.digest.hex:
            raise self._other_bytes(repository, descriptor.digest)

    def blob_chunks(self, repository: str, descriptor: Descriptor, start: int = 0, marks: Marks | None = None) -> Generator[bytes, None, None]:
        """The bytes of a blob from ``start`` on, in chunks of at most 1 MiB; a broken connection is taken up where it broke.

        The last chunk comes only if the whole has the digest, so that whoever passes the chunks on never completes a wrong blob.
        ``marks`` remembers how far an earlier reading came, so that a later one need not read all of it again.
        """
        marks = [] if marks is None else marks
        done, check = max((mark for mark in marks if mark[0] <= start), key=lambda mark: mark[0], default=(0, hashlib.new(descriptor.digest.algorithm)))
        check, held, broken = check.copy(), b"", 0
        while done < descriptor.size:
            try:
                with closing(self._blob_from(repository, descriptor, done)) as chunks:
                    for chunk in chunks:
                        broken = 0
                        check.update(chunk)
                        done += len(chunk)
                        marks.append((done, check.copy()))
                        if held:
                            yield held
                        # What lies before the start is read for the digest only.
                        held = chunk[max(0, len(chunk) - max(0, done - start)) :]
                if done < descriptor.size:
                    raise Unreachable(f"{self.host} ends blob {descriptor.digest} of {repository} after {done} of {descriptor.size} bytes", host=self.host)
            except Unreachable:
                broken += 1
                if broken >= TRIES:
                    raise
                self._pause(0.2 * broken)
        if done != descriptor.size or check.hexdigest() != descriptor.digest.hex:
            raise self._other_bytes(repository, descriptor.digest)
        if held:
            yield held

    def _blob_from(self, repository: str, descriptor: Descriptor, offset: int) -> Generator[bytes, None, None]:
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        request = Request("GET", f"{self._base}{repository}/blobs/{descriptor.digest}", headers, deadline=_patience(descriptor.size))
        stream = self._open(request, ("pull",), repository, f"read blob {descriptor.digest} of {repository}")
        skip = offset
        if stream.head.status == 206:
            first = re.match(r"bytes (\d+)-", stream.head.header("content-range"))
            skip = offset - int(first[1]) if first else 0
        try:
            for chunk in stream.chunks():
                part, skip = chunk[max(0, skip) :], max(0, skip - len(chunk))
                if part:
                    yield part
        finally:
            stream.close()

    def mount_blob(self, repository: str, digest: Digest, origin: str) -> bool:
        """Let the registry take a blob from another repository of its own; False if it would rather be sent the bytes."""
        location = self.mount_or_begin(repository, digest, origin)
        if location:
            what = f"take blob {digest} from {origin} into {repository}"
            self._call(self._request("DELETE", location), _PUSH, repository, what, allow=(400, 404, 405))
        return location is None

    def mount_or_begin(self, repository: str, digest: Digest, origin: str) -> str | None:
        """As ``mount_blob``: None if the blob is there now, else the location of the upload that the registry began instead, if it did."""
        query = urlencode({"mount": str(digest), "from": origin})
        what = f"take blob {digest} from {origin} into {repository}"
        request = self._request("POST", f"{self._base}{repository}/blobs/uploads/?{query}")
        try:
            # Some registries know no mount, and say so in many ways.
            response = self._call(request, _PUSH, repository, what, also=(auth.scope(origin, "pull"),), allow=(400, 404, 405))
        except Denied:
            return ""  # it may store here but not read there
        if response.status == 201:
            return None
        return _location(response) if response.status == 202 and response.header("location") else ""

    def upload_blob(self, repository: str, digest: Digest, source: bytes | Path | Body) -> None:
        """Store a blob; a file or ``Body`` is streamed. A broken upload begins anew."""
        what = f"store blob {digest} in {repository}"
        for attempt in range(1, TRIES + 1):
            try:
                self._put_blob(self._begin(repository, what), repository, digest, source, what)
                return
            except (Unreachable, NotFound):
                # How much the registry kept of a broken upload is unknown: begin a new one.
                if attempt == TRIES:
                    raise
                self._pause(0.2 * attempt)

    def copy_blob(self, origin: Blobs, origin_repository: str, repository: str, blob: Descriptor, location: str = "") -> None:
        """Stream a blob from another registry (or repository) to this one: 1 MiB at a time; both ends are taken up again where they broke.

        ``location`` is an upload that was begun already.
        """
        what = f"store blob {blob.digest} in {repository}"
        marks: Marks = []

        def part(start: int) -> Body:
            return Body(blob.size - start, lambda: origin.blob_chunks(origin_repository, blob, start, marks))

        location, offset = location or self._begin(repository, what), 0
        for attempt in range(1, TRIES + 1):
            try:
                self._put_blob(location, repository, blob.digest, part(offset), what, offset)
                return
            except (Unreachable, NotFound) as error:
                if attempt == TRIES or error.facts.get("host") not in (None, self.host, self._api):
                    raise
                self._pause(0.2 * attempt)
                location, offset = self._resume(location, repository, what, blob.size)
            except SlipwayError as error:
                if error.facts.get("status") not in (413, 416) or attempt == TRIES:
                    raise
                location, offset = self._send_parts(origin, origin_repository, repository, blob, what), blob.size

    def _begin(self, repository: str, what: str) -> str:
        started = self._call(self._request("POST", f"{self._base}{repository}/blobs/uploads/"), _PUSH, repository, what)
        return _location(started)

    def _put_blob(self, location: str, repository: str, digest: Digest, source: bytes | Path | Body, what: str, offset: int = 0) -> None:
        headers = {"Content-Type": _BINARY}
        size = source.size if isinstance(source, Body) else len(source) if isinstance(source, bytes) else source.stat().st_size
        if offset and size:
            headers["Content-Range"] = f"{offset}-{offset + size - 1}"
        body = None if offset and not size else source
        request = Request("PUT", _with_query(location, digest=str(digest)), headers, body, _patience(size))
        self._call(request, _PUSH, repository, what, tries=1)

    def _resume(self, location: str, repository: str, what: str, size: int) -> tuple[str, int]:
        """Where a broken upload goes on: what the registry says it has, else the start of a new one."""
        try:
            response = self._call(self._request("GET", location), _PUSH, repository, what, allow=tuple(range(400, 500)), tries=1)
        except Unreachable:
            return self._begin(repository, what), 0
        has = re.fullmatch(r"(?:bytes=)?0-(\d+)", response.header("range"))
        if response.status == 204 and has and 0 < int(has[1]) + 1 < size:
            return _location(response) if response.header("location") else location, int(has[1]) + 1
        return self._begin(repository, what), 0

    def _send_parts(self, origin: Blobs, origin_repository: str, repository: str, blob: Descriptor, what: str) -> str:
        """Send a blob in parts, for registries (or proxies before them) that refuse it in one; returns where to close the upload."""
        location, offset, part = self._begin(repository, what), 0, bytearray()

        def send() -> None:
            nonlocal location, offset
            headers = {"Content-Type": _BINARY, "Content-Range": f"{offset}-{offset + len(part) - 1}"}
            request = Request("PATCH", location, headers, bytes(part), _patience(len(part)))
            response = self._call(request, _PUSH, repository, what, tries=1)
            location, offset = _location(response), offset + len(part)
            part.clear()

        with closing(origin.blob_chunks(origin_repository, blob)) as chunks:
            for chunk in chunks:
                part += chunk
                if len(part) >= _PART:
                    send()
        if part:
            send()
        return location

    def _other_bytes(self, repository: str, digest: Digest) -> Conflict:
        message = f"{self.host} answers blob {digest} of {repository} with other bytes than that digest names; nothing was used"
        return Conflict(message, host=self.host, reason=refusals.DIGEST_MISMATCH)


def _patience(size: int) -> float:
    """Seconds for so many bytes."""
    return max(_DEADLINE, size / _SLOWEST)


def _location(response: Response) -> str:
    return urljoin(response.url, response.header("location"))


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
