# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's own hands and eyes in a registry: past the proxy, so that nothing of it is counted, and without any code that is measured."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import threading
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from promotion.images import CHUNK, INDEX, MANIFEST, Image, Manifest, fallback_index, fallback_tag

_ACCEPT = f"{MANIFEST}, {INDEX}"


class Store:
    """A registry at ``http://host:port``; threads may share it, each has a connection of its own."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._local = threading.local()

    def _ask(self, method: str, url: str, body: bytes | Path | None = None, **headers: str) -> http.client.HTTPResponse:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=120, blocksize=CHUNK)
        target = urlsplit(urljoin(self.address, url))
        if isinstance(body, Path):
            headers["Content-Length"] = str(body.stat().st_size)
            with body.open("rb") as source:
                connection.request(method, f"{target.path}?{target.query}", source, headers)
        else:
            connection.request(method, f"{target.path}?{target.query}", body, headers)
        answer: http.client.HTTPResponse = connection.getresponse()
        return answer

    def _done(self, status: int, method: str, url: str, body: bytes | Path | None = None, **headers: str) -> http.client.HTTPResponse:
        answer = self._ask(method, url, body, **headers)
        said = answer.read()
        if answer.status != status:
            raise RuntimeError(f"{method} {url} was answered with {answer.status}: {said[:300]!r}")
        return answer

    # --- what has to be there before something is measured

    def put_blob(self, repository: str, name: str, data: bytes | Path) -> None:
        begun = self._done(202, "POST", f"/v2/{repository}/blobs/uploads/")
        place = begun.headers["Location"]
        self._done(201, "PUT", f"{place}{'&' if '?' in place else '?'}digest={name}", data, **{"Content-Type": "application/octet-stream"})

    def mount(self, repository: str, name: str, origin: str) -> None:
        self._done(201, "POST", f"/v2/{repository}/blobs/uploads/?mount={name}&from={origin}")

    def put_manifest(self, repository: str, target: str, manifest: Manifest) -> None:
        self._done(201, "PUT", f"/v2/{repository}/manifests/{target}", manifest.body, **{"Content-Type": manifest.media_type})

    def put(self, repository: str, tag: str, image: Image, origin: str = "", only: Collection[str] | None = None) -> None:
        """An image with all that is attached to it; its blobs from ``origin`` if that repository has them. ``only`` these blobs, and no manifest."""
        for name, data in image.blobs.items():
            if only is None or name in only:
                if origin:
                    self.mount(repository, name, origin)
                else:
                    self.put_blob(repository, name, data)
        if only is not None:
            return
        for manifest in (*image.manifests, *image.attached):
            self.put_manifest(repository, manifest.digest, manifest)
        for subject, found in image.referrers.items():
            self.put_manifest(repository, fallback_tag(subject), fallback_index(found))
        for signature, manifest in image.signatures.items():
            self.put_manifest(repository, signature, manifest)
        self.put_manifest(repository, tag, image.root)

    # --- what is there afterwards

    def _digest(self, url: str) -> str:
        """The digest of what is really sent, or an empty text where nothing is."""
        answer = self._ask("GET", url, Accept=_ACCEPT)
        hashed = hashlib.sha256()
        while chunk := answer.read(CHUNK):
            hashed.update(chunk)
        return f"sha256:{hashed.hexdigest()}" if answer.status == 200 else ""

    def _listed(self, repository: str, subject: str) -> set[str]:
        answer = self._ask("GET", f"/v2/{repository}/manifests/{fallback_tag(subject)}", Accept=_ACCEPT)
        body = answer.read()
        listed: list[dict[str, Any]] = json.loads(body)["manifests"] if answer.status == 200 else []
        return {entry["digest"] for entry in listed}

    def lost(self, repository: str, tag: str, image: Image) -> Counter[str]:
        """What of an image is not there, byte for byte, by its sort; empty if all is."""
        lost: Counter[str] = Counter()
        path = f"/v2/{repository}"

        def expect(what: str, url: str, wanted: str) -> None:
            found = self._digest(f"{path}/{url}")
            if found != wanted:
                lost[f"changed {what}" if found else what] += 1

        expect("tag", f"manifests/{tag}", image.root.digest)
        for manifest in image.manifests:
            expect("manifest", f"manifests/{manifest.digest}", manifest.digest)
        attached = {name for manifest in (*image.attached, *image.signatures.values()) for name in blobs_of(manifest)}
        for name in image.blobs:
            expect("attached blob" if name in attached else "blob", f"blobs/{name}", name)
        for signature, manifest in image.signatures.items():
            expect("signature", f"manifests/{signature}", manifest.digest)
        for subject, found in image.referrers.items():
            listed = self._listed(repository, subject)
            for entry in found:
                # A referrer that nobody can find by its subject did not arrive.
                expect("referrer", f"manifests/{entry['digest']}" if entry["digest"] in listed else "manifests/none", entry["digest"])
        return lost


def blobs_of(manifest: Manifest) -> set[str]:
    value = json.loads(manifest.body)
    return {entry["digest"] for entry in (value["config"], *value["layers"])}


def free_space(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
