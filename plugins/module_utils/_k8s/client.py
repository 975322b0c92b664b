# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain JSON requests to a Kubernetes API server: verbs, discovery of what is not built in, and the error tree.

Server-side apply: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from ansible_collections.slipway.platform.plugins.module_utils._errors import (
    Busy,
    Conflict,
    InvalidInput,
    NotFound,
    Unreachable,
)
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import Answer, Transport
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Kind, Object, split_api_version
from ansible_collections.slipway.platform.plugins.module_utils._k8s.responses import error_of

MANAGER = "slipway"
REQUEST_SECONDS = 30.0
_PAUSES = (0.2, 0.6)
_APPLY = "application/apply-patch+yaml"  # JSON is YAML; the server parses it as such
_MERGE = "application/merge-patch+json"


T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True)
class Applied:
    """What an apply left behind: the object as the server holds it, and whether it was made by this request."""

    object: Object
    created: bool


class Client:
    """A connection to one API server. Thread-safe; ``requests`` counts every request that was sent.

    ``until`` is the time (of ``clock``, seconds) at which the whole work must be done: no request outlives it.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        threads: int = 8,
    ) -> None:
        self.host = transport.host
        self.requests = 0
        self.clock = clock
        self.sleep = sleep
        self.until: float | None = None
        self._transport = transport
        self._threads = threads
        self._lock = threading.Lock()
        self._kinds: dict[tuple[str, str], dict[str, Kind] | None] = {}

    # -- verbs

    def get(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        """The object, or None if the server says that it does not exist (404 and nothing else)."""
        try:
            return self.request("GET", kind.path(namespace, name), what=_what(kind, namespace, name))
        except NotFound:
            return None

    def find(self, kind: Kind, namespace: str | None = None, labels: str = "", fields: str = "", optional: bool = False) -> list[Object]:
        """The objects of a kind in one namespace or in all; with ``optional`` a kind that is not served has none."""
        query = {key: value for key, value in (("labelSelector", labels), ("fieldSelector", fields)) if value}
        items: list[Object] = []
        while True:
            try:
                page = self.request("GET", kind.path(namespace), query={**query, "limit": "500"}, what=f"list of {kind.plural}")
            except NotFound:
                if optional:
                    return []
                raise
            items += [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in page["items"]]
            token = page["metadata"].get("continue")
            if not token:
                return items
            query["continue"] = token

    def apply(self, kind: Kind, manifest: Object, *, force: bool = False, dry_run: bool = False) -> Applied:
        """Server-side apply with our field manager. Idempotent, hence repeated after a transport error."""
        metadata = manifest["metadata"]
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
        query |= {"force": "true"} if force else {}
        query |= {"dryRun": "All"} if dry_run else {}
        namespace, name = metadata.get("namespace"), metadata["name"]
        what = _what(kind, namespace, name)
        answer = self._exchange("PATCH", kind.path(namespace, name), query, manifest, _APPLY, what, kind.kind == "Secret")
        return Applied(json.loads(answer.body), answer.status == 201)

    def create(self, kind: Kind, manifest: Object) -> Object:
        """Create; ``Conflict`` if it exists."""
        metadata = manifest["metadata"]
        query = {"fieldManager": MANAGER}
        what = _what(kind, metadata.get("namespace"), metadata["name"])
        return self.request("POST", kind.path(metadata.get("namespace")), query=query, body=manifest, what=what, secret=kind.kind == "Secret")

    def merge(self, kind: Kind, namespace: str | None, name: str, patch: Object) -> Object:
        """JSON merge patch (RFC 7386)."""
        query = {"fieldManager": MANAGER}
        return self.request("PATCH", kind.path(namespace, name), query=query, body=patch, content_type=_MERGE, what=_what(kind, namespace, name))

    def delete(self, kind: Kind, namespace: str | None, name: str, *, uid: str = "", dry_run: bool = False) -> bool:
        """Delete the object (and, in the background, what it owns); False if it is not there, or is another one than ``uid``."""
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        options |= {"preconditions": {"uid": uid}} if uid else {}
        options |= {"dryRun": ["All"]} if dry_run else {}
        try:
            self.request("DELETE", kind.path(namespace, name), body=options, what=_what(kind, namespace, name))
        except (NotFound, Conflict):
            return False
        return True

    def log(self, namespace: str, pod: str, container: str, *, lines: int = 20, previous: bool = False) -> list[str]:
        """The last lines of a container; empty if there are none (yet)."""
        query = {"container": container, "tailLines": str(lines), "limitBytes": "65536"} | ({"previous": "true"} if previous else {})
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        try:
            answer = self._exchange("GET", path, query, None, "application/json", f"log of {pod}", False)
        except (NotFound, InvalidInput):
            return []
        return answer.body.decode(errors="replace").splitlines()[-lines:]

    # -- discovery

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """How a kind is served; None if the server does not know it. One request for each group that is not built in."""
        group, version = split_api_version(api_version)
        known = BUILT_IN.get((group, version, kind))
        if known:
            return known
        with self._lock:
            cached = (group, version) in self._kinds
        if not cached:
            served = self._discover(group, version)
            with self._lock:
                self._kinds[group, version] = served
        return (self._kinds[group, version] or {}).get(kind)

    def forget_kinds(self) -> None:
        """Look again at what is served: definitions were just applied."""
        with self._lock:
            self._kinds.clear()

    def preferred_version(self, group: str) -> str | None:
        """The version in which the server prefers to serve a group; None if it does not serve it."""
        if not group:
            return "v1"
        known = next((version for name, version, _ in BUILT_IN if name == group), None)
        if known:
            return known
        try:
            version: str = self.request("GET", f"/apis/{group}", what=f"API group {group}")["preferredVersion"]["version"]
        except NotFound:
            return None
        return version

    def _discover(self, group: str, version: str) -> dict[str, Kind] | None:
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        try:
            resources = self.request("GET", path, what=f"API {path}")["resources"]
        except NotFound:
            return None
        return {r["kind"]: Kind(group, version, r["kind"], r["name"], r["namespaced"]) for r in resources if "/" not in r["name"]}

    # -- requests

    def map(self, work: Callable[[S], T], items: Iterable[S]) -> list[T]:
        """``work`` on every item, several at a time, results in order. All are finished before the first error is raised."""
        todo = list(items)
        if len(todo) < 2:
            return [work(item) for item in todo]
        with ThreadPoolExecutor(min(self._threads, len(todo))) as pool:
            return [future.result() for future in [pool.submit(work, item) for item in todo]]

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
        what: str = "",
        secret: bool = False,
    ) -> Object:
        """One request, answered with a JSON object; errors from the tree in ``_errors``, with ``what`` in their text."""
        parsed: Object = json.loads(self._exchange(method, path, query or {}, body, content_type, what or path, secret).body)
        return parsed

    def _exchange(self, method: str, path: str, query: Mapping[str, str], body: Object | None, content_type: str, what: str, secret: bool) -> Answer:
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {"Accept": "application/json", "User-Agent": MANAGER} | ({"Content-Type": content_type} if data is not None else {})
        url = f"{path}?{urlencode(query)}" if query else path
        repeatable = method in ("GET", "DELETE") or content_type == _APPLY
        for pause in (*_PAUSES, None):
            final = pause is None or not repeatable
            with self._lock:
                self.requests += 1
            try:
                answer = self._transport.send(method, url, headers=headers, body=data, timeout=self._timeout())
            except Unreachable:
                if final:
                    raise
            else:
                if answer.status < 300:
                    return answer
                error = error_of(answer, method, what, self.host, secret)
                if final or not isinstance(error, Busy | Unreachable):
                    raise error
                pause = answer.retry_after or pause
            self.sleep(pause or 0)
        raise AssertionError("unreachable")

    def _timeout(self) -> float:
        if self.until is None:
            return REQUEST_SECONDS
        return max(1.0, min(REQUEST_SECONDS, self.until - self.clock()))


def _what(kind: Kind, namespace: str | None, name: str) -> str:
    return f"{kind.kind} {namespace}/{name}" if namespace else f"{kind.kind} {name}"
