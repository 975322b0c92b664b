# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An OCI registry in the process of the test: it keeps what it is given, counts what it is asked, and fails on demand."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"


@dataclass
class Fault:
    """What goes wrong: the next ``times`` requests of this method whose path matches get this answer instead.

    ``reset`` closes the connection without an answer; ``cut`` sends that many bytes of the right answer and then closes it;
    ``corrupt`` changes the body of the right answer; ``take`` reads that many bytes of an upload and then closes the connection.
    """

    method: str
    path: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    reset: bool = False
    cut: int | None = None
    corrupt: bool = False
    take: int | None = None
    body: bytes = b""


@dataclass
class FakeRegistry:
    """The registry's content and behaviour; tests set the fields before or between requests."""

    users: dict[str, str] = field(default_factory=dict)
    lets_in: Callable[[str, str], bool] | None = None  # instead of users: by name and password
    auth: str = ""  # "", basic or bearer
    token_lifetime: int | None = 300
    token_key: str = "token"
    token_uses: int | None = None  # a token is forgotten after so many requests
    last_scope_only: bool = False  # as one token server had it: of several scopes only the last is granted
    most_scopes: int | None = None  # the token server refuses requests for more
    denied: set[tuple[str, str]] = field(default_factory=set)  # (repository, pull or push)
    listing: bool = True
    name_unknown: bool = False  # say NAME_UNKNOWN for repositories that are not there, as some registries do
    validates: bool = True  # look for the blobs of a manifest
    detail: bool = True  # name the blobs that are missing
    deletes: bool = True  # manifests, by digest, with their tags
    immutable: bool = False  # no tag is set twice, not even to the same
    keeps_partial: bool = True  # broken uploads can be resumed
    largest_put: int | None = None
    referrers_api: bool = False
    mounts: bool = True
    relative: bool = True
    page_size: int = 1000
    redirect_blobs_to: str = ""
    tag_is_digest: bool = False  # as some registries resolve sha256-<hex>
    after_put: Callable[[str, str], None] | None = None
    port: int = 0
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    tagged: dict[tuple[str, str], str] = field(default_factory=dict)
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    token_requests: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    connections: int = 0
    uploads: int = 0
    parts: dict[str, bytes] = field(default_factory=dict)
    uses: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, set[str]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def count(self, method: str = "", path: str = "") -> int:
        return sum(1 for m, p in self.requests if method in ("", m) and re.search(path, p))

    def add_manifest(self, repository: str, value: dict[str, Any], *tags: str) -> str:
        body = json.dumps(value).encode()
        return self.store(repository, value["mediaType"], body, *tags)

    def store(self, repository: str, media_type: str, body: bytes, *tags: str, algorithm: str = "sha256") -> str:
        digest = f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"
        self.manifests[repository, digest] = (media_type, body)
        for tag in tags:
            self.tagged[repository, tag] = digest
        return digest

    def take_fault(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and fault.method == method and re.search(fault.path, path):
                    fault.times -= 1
                    return fault
        return None


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # with 5, a client that opens 20 connections at once waits a second for some

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that is gone is what some tests are about; anything else is told."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serve(registry: FakeRegistry | None = None) -> Iterator[FakeRegistry]:
    """Run the registry on a free port of 127.0.0.1 while the block lasts."""
    fake = registry or FakeRegistry()
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": fake}))
    server.daemon_threads = True
    fake.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeRegistry
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        with self.fake.lock:
            self.fake.connections += 1

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.handle_one("GET")

    def do_HEAD(self) -> None:
        self.handle_one("HEAD")

    def do_PUT(self) -> None:
        self.handle_one("PUT")

    def do_POST(self) -> None:
        self.handle_one("POST")

    def do_PATCH(self) -> None:
        self.handle_one("PATCH")

    def do_DELETE(self) -> None:
        self.handle_one("DELETE")

    def handle_one(self, method: str) -> None:
        url = urlsplit(self.path)
        fault = self.fake.take_fault(method, self.path) if url.path != "/token" else None
        if fault and fault.take is not None:
            self.take_part(url, self.rfile.read(fault.take))
            return
        body = self.in_chunks() if "Transfer-Encoding" in self.headers else self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.fake.lock:
            self.fake.requests.append((method, self.path))
            self.fake.headers.append(dict(self.headers.items()))
        if url.path == "/token":
            self.token(method, url.query, body)
            return
        if fault and fault.reset:
            self.close_connection = True
            return
        if fault and fault.status:
            self.answer(fault.status, fault.body, fault.headers)
            return
        if not self.allowed(method, url):
            return
        self.cut = fault.cut if fault else None
        self.corrupt = bool(fault and fault.corrupt)
        self.route(method, url.path.removeprefix("/v2/"), parse_qs(url.query, keep_blank_values=True), body)

    def in_chunks(self) -> bytes:
        """A body of unknown length (RFC 9112 section 7.1)."""
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def take_part(self, url: Any, data: bytes) -> None:
        with self.fake.lock:
            self.fake.requests.append((self.command, self.path))
            self.fake.headers.append(dict(self.headers.items()))
            name = url.path.rpartition("/")[2]
            if self.fake.keeps_partial:
                self.fake.parts[name] = self.fake.parts.get(name, b"") + data
            else:
                self.fake.parts.pop(name, None)
        # What was sent and not read would make this a reset that hides everything: that is what is wanted.
        self.close_connection = True

    cut: int | None = None
    corrupt = False

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        if self.corrupt and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        self.send_response(status)
        for name, value in (headers or {}).items():
            for one in value.split("\n"):
                self.send_header(name, one)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if self.cut is None else body[: self.cut])
        if self.cut is not None:
            self.close_connection = True

    def error(self, status: int, code: str, message: str = "") -> None:
        self.answer(status, json.dumps({"errors": [{"code": code, "message": message}]}).encode())

    def token(self, method: str, query: str, body: bytes) -> None:
        values = parse_qs(query if method == "GET" else body.decode())
        self.fake.token_requests.append(query if method == "GET" else body.decode())
        if method == "GET" and self.fake.users and not self.is_user():
            self.error(401, "UNAUTHORIZED")
            return
        if method == "POST" and values["refresh_token"][0] not in self.fake.users.values():
            self.error(401, "UNAUTHORIZED")
            return
        asked = [scope for value in values.get("scope", []) for scope in value.split()]
        if self.fake.most_scopes is not None and len(asked) > self.fake.most_scopes:
            self.error(403, "DENIED")
            return
        scopes = set(asked[-1:] if self.fake.last_scope_only else asked)
        name = f"t{len(self.fake.tokens)}"
        self.fake.tokens[name] = scopes
        value = {self.fake.token_key: name}
        if self.fake.token_lifetime is not None:
            value["expires_in"] = self.fake.token_lifetime  # type: ignore[assignment]
        self.answer(200, json.dumps(value).encode())

    def is_user(self) -> bool:
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        name, _, password = base64.b64decode(value if kind == "Basic" else "").decode().partition(":")
        if self.fake.lets_in:
            return self.fake.lets_in(name, password)
        return name in self.fake.users and self.fake.users[name] == password

    def allowed(self, method: str, url: Any) -> bool:
        if not self.is_known(method, url):
            return False
        match = re.match(r"/v2/(.+?)/(?:manifests|blobs|tags|referrers)/", url.path)
        action = "pull" if method in ("GET", "HEAD") else "push"
        if match and (match[1], action) in self.fake.denied:
            self.error(403, "DENIED", f"no {action} here")
            return False
        return True

    def is_known(self, method: str, url: Any) -> bool:
        if self.fake.auth == "basic" and not self.is_user():
            self.answer(401, b"", {"WWW-Authenticate": 'Basic realm="fake"'})
            return False
        if self.fake.auth == "bearer":
            match = re.match(r"/v2/(.+?)/(?:manifests|blobs|tags|referrers)/", url.path)
            wanted = f"repository:{match[1]}:{'pull' if method in ('GET', 'HEAD') else 'pull,push'}" if match else ""
            name = self.headers.get("Authorization", "").removeprefix("Bearer ")
            known = self.fake.tokens.get(name)
            with self.fake.lock:
                self.fake.uses[name] = self.fake.uses.get(name, 0) + 1
                if self.fake.token_uses is not None and self.fake.uses[name] > self.fake.token_uses:
                    known = None
            if known is None or (wanted and not any(_covers(scope, wanted) for scope in known)):
                realm = f'Bearer realm="http://{self.fake.host}/token",service="fake, with a comma",scope="{wanted}"'
                self.answer(401, b"", {"WWW-Authenticate": f'Negotiate\n{realm}, Basic realm="fake"'})
                return False
        return True

    def route(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> None:
        if not path:
            self.answer(200)
            return
        match = re.fullmatch(r"(.+?)/(manifests|blobs|tags|referrers)/(.+)", path)
        if not match:
            self.error(404, "NAME_UNKNOWN")
            return
        repository, kind, target = match.groups()
        getattr(self, f"on_{kind}")(method, repository, target, query, body)

    def on_tags(self, method: str, repository: str, target: str, query: dict[str, list[str]], body: bytes) -> None:
        if not self.fake.listing:
            self.error(405, "UNSUPPORTED")
            return
        tags = sorted(tag for name, tag in self.fake.tagged if name == repository)
        if not tags:
            self.error(404, "NAME_UNKNOWN")
            return
        start = tags.index(query["last"][0]) + 1 if "last" in query else 0
        page = tags[start : start + self.fake.page_size]
        more = start + self.fake.page_size < len(tags)
        headers = {"Link": f'</v2/{repository}/tags/list?n=1000&last={page[-1]}>; rel="next"'} if more else {}
        self.answer(200, json.dumps({"name": repository, "tags": page}).encode(), headers)

    def on_referrers(self, method: str, repository: str, target: str, query: dict[str, list[str]], body: bytes) -> None:
        if not self.fake.referrers_api:
            self.answer(404, b"404 page not found")
            return
        found = []
        for (name, digest), (media_type, data) in self.fake.manifests.items():
            value = json.loads(data)
            if name == repository and value.get("subject", {}).get("digest") == target:
                found.append({"mediaType": media_type, "digest": digest, "size": len(data), "artifactType": value.get("artifactType", "")})
        self.answer(200, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": found}).encode(), {"Content-Type": INDEX})

    def on_manifests(self, method: str, repository: str, target: str, query: dict[str, list[str]], body: bytes) -> None:
        if method == "PUT":
            self.put_manifest(repository, target, body)
            return
        if method == "DELETE":
            self.delete_manifest(repository, target)
            return
        digest = target if ":" in target else self.fake.tagged.get((repository, target), "")
        if self.fake.tag_is_digest and target.startswith("sha256-"):
            digest = target.replace("-", ":")
        media_type, data = self.fake.manifests.get((repository, digest), ("", b""))
        if not media_type or media_type not in self.headers.get("Accept", ""):
            there = any(name == repository for name, _ in (*self.fake.manifests, *self.fake.blobs))
            self.error(404, "NAME_UNKNOWN" if self.fake.name_unknown and not there else "MANIFEST_UNKNOWN", "unknown")
            return
        # A wrong header on purpose: nobody should believe it.
        self.answer(200, data, {"Content-Type": media_type, "Docker-Content-Digest": "sha256:" + "0" * 64})

    def delete_manifest(self, repository: str, digest: str) -> None:
        if not self.fake.deletes or (repository, digest) not in self.fake.manifests:
            self.error(405 if not self.fake.deletes else 404, "UNSUPPORTED" if not self.fake.deletes else "MANIFEST_UNKNOWN")
            return
        del self.fake.manifests[repository, digest]
        self.fake.tagged = {key: value for key, value in self.fake.tagged.items() if key[0] != repository or value != digest}
        self.answer(202)

    def put_manifest(self, repository: str, target: str, body: bytes) -> None:
        value = json.loads(body)
        if self.fake.immutable and (repository, target) in self.fake.tagged:
            self.error(400, "TAG_INVALID", f"the tag {target} already exists and cannot be overwritten")
            return
        blobs = [d for d in [value.get("config"), *value.get("layers", [])] if d and not d.get("urls")]
        missing = [d["digest"] for d in blobs if (repository, d["digest"]) not in self.fake.blobs]
        missing += [d["digest"] for d in value.get("manifests", []) if "layers" not in value and (repository, d["digest"]) not in self.fake.manifests]
        is_list = "manifests" in value and target.startswith("sha256-")  # the index under a fallback tag may list what is gone
        if missing and self.fake.validates and not is_list:
            errors = [{"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown to registry", **({"detail": d} if self.fake.detail else {})} for d in missing]
            self.answer(400, json.dumps({"errors": errors if self.fake.detail else errors[:1]}).encode())
            return
        algorithm = target.partition(":")[0] if ":" in target else "sha256"
        digest = self.fake.store(repository, self.headers["Content-Type"], body, *([] if ":" in target else [target]), algorithm=algorithm)
        if ":" in target and target != digest:
            self.error(400, "DIGEST_INVALID")
            return
        if self.fake.after_put:
            self.fake.after_put(repository, target)
        self.answer(201, b"", {"OCI-Subject": value["subject"]["digest"]} if self.fake.referrers_api and "subject" in value else {})

    def on_blobs(self, method: str, repository: str, target: str, query: dict[str, list[str]], body: bytes) -> None:
        if target.startswith("uploads"):
            self.upload(method, repository, target.partition("/")[2], query, body)
            return
        data = self.fake.blobs.get((repository, target))
        if data is None:
            self.error(404, "BLOB_UNKNOWN")
        elif self.fake.redirect_blobs_to and method == "GET":
            self.answer(307, b"", {"Location": f"{self.fake.redirect_blobs_to}/v2/{repository}/blobs/{target}"})
        elif match := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            start = int(match[1])
            self.answer(206, data[start:], {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"})
        else:
            self.answer(200, data)

    def upload(self, method: str, repository: str, name: str, query: dict[str, list[str]], body: bytes) -> None:
        if method == "DELETE":
            self.answer(204)
        elif method == "GET":
            size = len(self.fake.parts.get(name, b""))
            if name in self.fake.parts:
                self.answer(204, b"", {"Range": f"0-{size - 1}", "Location": self.location(repository, name)})
            else:
                self.error(404, "BLOB_UPLOAD_UNKNOWN")
        elif method == "PATCH":
            self.fake.parts[name] = self.fake.parts.get(name, b"") + body
            self.answer(202, b"", {"Location": self.location(repository, name)})
        elif method == "PUT":
            self.close_upload(repository, name, query["digest"][0], body)
        else:
            self.start_upload(repository, query)

    def close_upload(self, repository: str, name: str, digest: str, body: bytes) -> None:
        if self.fake.largest_put is not None and len(body) > self.fake.largest_put:
            self.error(413, "SIZE_INVALID")
            return
        whole = self.fake.parts.pop(name, b"") + body
        if f"{digest.partition(':')[0]}:{hashlib.new(digest.partition(':')[0], whole).hexdigest()}" != digest:
            self.error(400, "DIGEST_INVALID")
            return
        self.fake.blobs[repository, digest] = whole
        self.answer(201)

    def start_upload(self, repository: str, query: dict[str, list[str]]) -> None:
        origin = (query.get("from", [""])[0], query.get("mount", [""])[0])
        if self.fake.mounts and origin in self.fake.blobs:
            self.fake.blobs[repository, origin[1]] = self.fake.blobs[origin]
            self.answer(201)
            return
        with self.fake.lock:
            self.fake.uploads += 1
            name = str(self.fake.uploads)
        self.answer(202, b"", {"Location": self.location(repository, name)})

    def location(self, repository: str, name: str) -> str:
        base = "" if self.fake.relative else f"http://{self.fake.host}"
        return f"{base}/v2/{repository}/blobs/uploads/{name}?_state=a%2Fb"


def _covers(scope: str, wanted: str) -> bool:
    name, _, actions = scope.rpartition(":")
    wanted_name, _, wanted_actions = wanted.rpartition(":")
    return name == wanted_name and set(wanted_actions.split(",")) <= set(actions.split(","))
