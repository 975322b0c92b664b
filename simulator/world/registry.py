# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ECR's registry: the API of OCI registries in front of a real one, with ECR's rules and ECR's refusals.

What it says, as users quote it: "no basic auth credentials" is 401 with a challenge, an expired token is 403 DENIED, an unknown repository NAME_UNKNOWN,
a tag that can't be overwritten TAG_INVALID. Repositories are never made by a push.
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci import names
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest

from simulator.world.forward import body_of, forwarded
from simulator.world.hosts import Registry, registry_of
from simulator.world.images import Images
from simulator.world.repositories import Entry, Repositories, Repository
from simulator.world.threads import Server

_TARGET = re.compile(r"/v2/(?P<name>.+?)/(?P<kind>manifests|blobs|tags|referrers)/(?P<rest>.*)")
_READ = ("GET", "HEAD")


@dataclass(frozen=True)
class Front:
    """``anonymous``: for nodes, whose right to pull is that of their role: they need no token, and may only read. ``others``: the image that stands for
    one of another registry, "repository@digest" by "host/name", whatever tag is asked for."""

    repositories: Repositories
    images: Images
    anonymous: bool = False
    others: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def serving(front: Front, address: str = "127.0.0.1", port: int = 0, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Gives the port. ``context``: TLS; without it, somebody before it has ended that."""
    with Server.running((address, port), type("Handler", (_Handler,), {"front": front}), context) as number:
        yield number


class _Handler(BaseHTTPRequestHandler):
    front: Front
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 600
    _unread = False

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        self._unread = self.headers.get("Content-Length", "0") != "0" or "Transfer-Encoding" in self.headers
        registry = self._registry()
        if registry is None and not self.front.anonymous:
            self._error(404, "NAME_INVALID", f"Could not resolve registry id from host {self.headers.get('Host', '')}")
        elif self._let_in(registry):
            path = urlsplit(self.path).path
            match = _TARGET.fullmatch(path)
            if path.rstrip("/") == "/v2":
                self._answer(200, b"{}")
            elif path == "/v2/_catalog" and registry and self.command == "GET":
                self._answer(200, json.dumps({"repositories": self.front.repositories.names(registry)}).encode())
            elif match is None:
                self._error(404, "UNSUPPORTED", "There is no such resource")
            elif self._other(match["name"]):
                repository, _, digest = self._other(match["name"]).partition("@")
                self._pass(f"/v2/{repository}/{match['kind']}/{match['rest'] if ':' in match['rest'] else digest}")
            else:
                self._in_repository(registry, match)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815  names of the standard library

    def _registry(self) -> Registry | None:
        """The one that was asked for; containerd says it in the query when it asks a mirror."""
        named = self._mirrored() if self.front.anonymous else self.headers.get("Host", "")
        return registry_of(named.partition(":")[0])

    def _mirrored(self) -> str:
        return parse_qs(urlsplit(self.path).query).get("ns", [""])[0]

    def _other(self, name: str) -> str:
        return self.front.others.get(f"{self._mirrored()}/{name}", "")

    def _let_in(self, registry: Registry | None) -> bool:
        if self.front.anonymous:
            if self.command not in _READ:
                self._error(405, "UNSUPPORTED", "Nodes only pull")
            return self.command in _READ
        entry = self.front.repositories.entry(registry.region if registry else "", self.headers.get("Authorization", ""))
        if entry is Entry.EXPIRED:
            self._error(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")
        elif entry is Entry.NONE:
            realm = f'Basic realm="https://{self.headers.get("Host", "")}/",service="ecr.amazonaws.com"'
            self._answer(401, b"Not Authorized\n", {"Www-Authenticate": realm, "Content-Type": "text/plain; charset=utf-8"})
        return entry is Entry.GOOD

    def _in_repository(self, registry: Registry | None, match: re.Match[str]) -> None:
        name, kind, rest = match["name"], match["kind"], match["rest"]
        repository = self.front.repositories.find(registry, name)
        if repository is None:
            account = registry.account if registry else "*"
            self._error(404, "NAME_UNKNOWN", f"The repository with name '{name}' does not exist in the registry with id '{account}'")
            return
        try:
            if kind == "manifests":
                self._manifest(repository, rest)
            elif kind == "referrers":
                self._referrers(name, rest)
            elif kind == "tags":
                tags = sorted(tag for image in self.front.images.all(name) for tag in image.tags)
                self._answer(200, json.dumps({"name": name, "tags": tags}).encode())
            elif self.command == "DELETE" and not rest.startswith("uploads/"):
                self._error(405, "UNSUPPORTED", "The operation is unsupported.")
            else:
                self._pass(self._blob_target())
        except (SlipwayError, OSError) as error:
            self._error(503, "UNAVAILABLE", f"The registry behind the simulated ECR: {getattr(error, 'message', error)}")

    def _manifest(self, repository: Repository, target: str) -> None:
        images = self.front.images
        if self.command == "PUT":
            self._put(repository, target)
        elif self.command not in _READ:
            self._error(405, "UNSUPPORTED", "The operation is unsupported.")
        elif images.deleted(repository.name, target):
            self._error(404, "MANIFEST_UNKNOWN", "Requested image not found")
        else:
            self._pass(self.path)

    def _put(self, repository: Repository, target: str) -> None:
        body = b"".join(body_of(self) or ())
        self._unread = False
        images = self.front.images
        with images.pushing:
            if ":" not in target and repository.immutable(target) and images.holds(repository.name, target):
                self._error(400, "TAG_INVALID", overwritten(repository.name, target))
                return
            digest = Digest.of(body, target.partition(":")[0] if ":" in target else "sha256")
            subject = _subject(body)
            if forwarded(self, images.upstream, self.path, body, {"OCI-Subject": subject} if subject else {}) == 201:
                images.noted(repository.name, target, str(digest))

    def _referrers(self, repository: str, digest: str) -> None:
        """OCI distribution specification 1.1, "Listing Referrers": ECR has it, whatever the registry behind has."""
        wanted = parse_qs(urlsplit(self.path).query).get("artifactType")
        found = [image for image in self.front.images.all(repository) if image.subject == digest and (not wanted or image.artifact_type in wanted)]
        listed = [
            {"mediaType": image.media_type, "digest": image.digest, "size": len(image.body), "artifactType": image.artifact_type}
            | ({"annotations": image.json["annotations"]} if image.json.get("annotations") else {})
            for image in found
        ]
        filtered = {"OCI-Filters-Applied": "artifactType"} if wanted else {}
        body = json.dumps({"schemaVersion": 2, "mediaType": names.INDEX, "manifests": listed}).encode()
        self._answer(200, body, {"Content-Type": names.INDEX, **filtered})

    def _blob_target(self) -> str:
        """A blob is not taken over from another repository: an upload begins instead (blob mounting is an option of a registry that nobody set)."""
        path, _, query = self.path.partition("?")
        return path if self.command == "POST" and "mount=" in query else self.path

    def _pass(self, target: str) -> None:
        self._unread = False
        forwarded(self, self.front.images.upstream, target)

    def _error(self, status: int, code: str, message: str) -> None:
        self._answer(status, json.dumps({"errors": [{"code": code, "message": message}]}).encode())

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.close_connection = self.close_connection or self._unread  # what was not read would be taken for the next request
        given = {"Content-Type": "application/json; charset=utf-8", "Docker-Distribution-Api-Version": "registry/2.0", **(headers or {})}
        self.send_response(status)
        for name, value in {**given, "Content-Length": str(len(body)), **({"Connection": "close"} if self.close_connection else {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def overwritten(repository: str, tag: str) -> str:
    """ECR's words; in its own API they belong to ImageTagAlreadyExistsException."""
    return f"The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten because the tag is immutable."


def _subject(manifest: bytes) -> str:
    try:
        return str(json.loads(manifest)["subject"]["digest"])
    except (ValueError, KeyError, TypeError):
        return ""
