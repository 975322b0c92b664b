# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry: manifests, tags and referrers of the OCI distribution specification 1.1 (blobs: ``blobs``; how it is asked: ``client``).

A digest is what we computed over the bytes, never what a header says.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, NotFound, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._oci import ecr, names, refusals
from ansible_collections.slipway.platform.plugins.module_utils._oci.blobs import Blobs
from ansible_collections.slipway.platform.plugins.module_utils._oci.credentials import Keychain
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.messages import Response
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest
from ansible_collections.slipway.platform.plugins.module_utils._oci.transport import Pool, trust

_ACCEPT = ", ".join([*names.MANIFEST_TYPES, *names.SCHEMA_1])


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


class Registry(Blobs):
    """One registry. Threads may share it: connections, tokens and pauses are shared too."""

    referrers_api: bool | None = None  # not known before it was asked

    @classmethod
    def connect(
        cls,
        host: str,
        ca_file: Path | None = None,
        auth_file: Path | None = None,
        keychain: Keychain | None = None,
        sleep: Callable[[float], None] = time.sleep,
        aws_profile: str = "",
    ) -> Registry:
        """A registry by host, the certificates to trust, and credentials or the file of them. Those for Amazon ECR need not be given: AWS is asked for them."""
        known = Keychain.from_file(auth_file) if auth_file else keychain or Keychain({})
        return cls(host, Pool(lambda: trust(ca_file)), ecr.keychain_of(known, host, aws_profile), sleep=sleep)

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def ping(self) -> None:
        """Ask whether a registry answers and lets us in."""
        self._call(self._request("GET", self._base), (), "", "reach the registry")

    def exists(self, repository: str, target: str) -> bool:
        """Whether a manifest is there, by tag or digest, without reading it."""
        request = self._request("HEAD", f"{self._base}{repository}/manifests/{target}", {"Accept": _ACCEPT})
        return self._call(request, ("pull",), repository, f"look for {repository} at {target}", allow=(404,)).status != 404

    def manifest(self, repository: str, target: str) -> Manifest:
        """Read a manifest by tag or digest. Raises ``NotFound`` if it is not there and ``Conflict`` if it is not what was asked for."""
        request = self._request("GET", f"{self._base}{repository}/manifests/{target}", {"Accept": _ACCEPT})
        response = self._call(request, ("pull",), repository, f"read {repository} at {target}")
        digest = Digest.parse(target) if ":" in target else Digest.of(response.body)
        if not digest.matches(response.body):
            message = f"{self.host} answers {repository}@{digest} with other bytes than that digest names; nothing was used"
            raise Conflict(message, host=self.host, reason=refusals.DIGEST_MISMATCH)
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
        request = self._request("PUT", f"{self._base}{repository}/manifests/{target}", {"Content-Type": media_type}, body)
        return self._call(request, ("pull", "push"), repository, f"store {repository} at {target}")

    def tags(self, repository: str, most: int | None = None) -> list[str]:
        """All tags of a repository, page by page. Raises ``NotFound`` if it is not there, ``Conflict`` if there are more than ``most``."""
        found: list[str] = []
        url = f"{self._base}{repository}/tags/list?n=1000"
        while url:
            response = self._call(self._request("GET", url), ("pull",), repository, f"list the tags of {repository}")
            found += self._json(response, repository).get("tags") or []
            url = _next_page(response)
            if url and most is not None and len(found) >= most:
                raise Conflict(f"{self.host}/{repository} has more than {most} tags", host=self.host)
        return found

    def referrers_page(self, repository: str, digest: Digest) -> Response:
        """What the referrers API answers; 404 and the like mean that the registry does not have it."""
        response = self._referrers(f"{self._base}{repository}/referrers/{digest}", repository, digest)
        if response.status in (404, 405, 501, 303):
            # A registry with the API answers 200 also where there is nothing.
            self.referrers_api = False
        return response

    def referrers_pages(self, repository: str, digest: Digest) -> list[Response]:
        """The answers of the referrers API, all pages."""
        pages = [self.referrers_page(repository, digest)]
        while pages[-1].status == 200 and (url := _next_page(pages[-1])):
            pages.append(self._referrers(url, repository, digest))
        return pages

    def _referrers(self, url: str, repository: str, digest: Digest) -> Response:
        what = f"list what refers to {repository}@{digest}"
        return self._call(self._request("GET", url, {"Accept": names.INDEX}), ("pull",), repository, what, allow=(303, 400, 404, 405, 501))

    def _json(self, response: Response, repository: str) -> dict[str, Any]:
        try:
            value = json.loads(response.body)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Unreachable(f"{self.host} answers about {repository} with something that is not JSON; is it a registry?", host=self.host)
        return value


def _next_page(response: Response) -> str:
    """The address of the page after this one (RFC 8288, rel="next"), or an empty text."""
    following = [link.partition(">")[0].lstrip(" <") for link in response.header("link").split(",") if re.search('rel="?next"?', link)]
    return urljoin(response.url, following[0]) if following else ""
