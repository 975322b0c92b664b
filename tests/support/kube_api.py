# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Kubernetes API server in this process: enough of it to apply sets, prune, wait and read logs against.

Server-side apply with field owners and conflicts, merge patch, create, delete with preconditions, lists by label, field and page, dry run,
the subresource status, discovery of definitions that were applied, container logs, refusals by namespace, and faults on demand.
Lists of objects that have a ``name`` are merged by it; other lists are atomic.
No admission, no validation, no controllers: a test plays controller with ``on_write``. Groups with ``example.`` in their name are served once defined.
"""

from __future__ import annotations

import copy
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from support.serving import serving

Object = dict[str, Any]


@dataclass
class Fault:
    """Answers the next ``times`` requests whose method and path contain these with a status and a body instead."""

    method: str
    path: str
    status: int
    body: Object = field(default_factory=dict)
    times: int = 1


class KubeApi:
    """``objects`` by path (``/api/v1/namespaces/x/configmaps/y``); ``log``: ``METHOD path?query`` of every request.

    ``forbidden``: whose reading is refused, as plural and namespace (``""`` for lists of all namespaces, and for what has none).
    """

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.log: list[str] = []
        self.bodies: list[Object] = []
        self.headers: list[dict[str, str]] = []
        self.logs: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.on_write: Callable[[KubeApi, str, Object], None] | None = None
        self.served: dict[str, list[Object]] = {}
        self.forbidden: set[tuple[str, str]] = set()
        self.url = ""
        self._pages: dict[str, str] = {}
        self._lock = threading.RLock()
        self._version = 0
        self.put("/api/v1/namespaces/default", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})

    # -- for tests

    def put(self, path: str, live: Object, manager: str = "someone") -> Object:
        """Store an object as ``manager`` would by an update; returns it as stored."""
        with self._lock:
            return self._store(path, copy.deepcopy(live), manager, "Update")

    def forget_pages(self) -> None:
        """From now on no list that has begun can go on, as after etcd was compacted."""
        self._pages.clear()

    def writes(self) -> list[str]:
        return [line for line in self.log if not line.startswith("GET") and "dryRun" not in line]

    def kubeconfig(self, folder: Path) -> Path:
        user = {"token": "a-token"}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": self.url}}],
            "users": [{"name": "test", "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "current-context": "test",
        }
        path = folder / "kubeconfig"
        path.write_text(json.dumps(content))
        return path

    # -- requests

    def answer(self, method: str, target: str, headers: dict[str, str], body: Object) -> tuple[int, Any]:
        url = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        with self._lock:
            self.log.append(f"{method} {target}")
            self.bodies.append(body)
            self.headers.append(headers)
            fault = next((f for f in self.faults if f.times and f.method in method and f.path in target), None)
            if fault:
                fault.times -= 1
                return fault.status, fault.body
            return self._dispatch(method, unquote(url.path), query, headers, body)

    def _dispatch(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: Object) -> tuple[int, Any]:
        if path.endswith("/log"):
            return (200, self.logs[path]) if path in self.logs else _status(404, "NotFound", "no log")
        discovered = self._discover(path) if method == "GET" else None
        if discovered:
            return discovered
        dry = query.get("dryRun") == "All" or "All" in body.get("dryRun", [])
        if method == "GET":
            return (200, self.objects[path]) if path in self.objects else self._list(path, query)
        if method == "POST":
            path = f"{path}/{body['metadata']['name']}"
            if path in self.objects:
                return _status(409, "AlreadyExists", "already exists")
        missing = self._namespace_missing(path)
        if missing:
            return missing
        if method == "DELETE":
            return self._delete(path, body, dry)
        if "apply-patch" in headers.get("content-type", ""):
            return self._apply(path, body, query, dry)
        if path.endswith("/scale"):
            path = path.removesuffix("/scale")
            return 200, self._store(path, _merge(copy.deepcopy(self.objects[path]), body), query.get("fieldManager", "someone"), "Update")
        if path.endswith("/status"):  # nothing but the status is written there
            path, body = path.removesuffix("/status"), {"status": body["status"]}
        live = body if method == "POST" else _merge(copy.deepcopy(self.objects[path]), body)
        return (201 if method == "POST" else 200), self._store(path, live, query.get("fieldManager", "someone"), "Update", dry)

    def _discover(self, path: str) -> tuple[int, Any] | None:
        parts = path.strip("/").split("/")
        if parts[0] != "apis" or len(parts) > 3 or len(parts) == 1:
            return None
        if len(parts) == 2:
            versions = [name.partition("/")[2] for name in self.served if name.startswith(f"{parts[1]}/")]
            return (200, {"preferredVersion": {"version": versions[0]}}) if versions else _status(404, "NotFound", "not found")
        resources = self.served.get("/".join(parts[1:]))
        return (200, {"resources": resources}) if resources else _status(404, "NotFound", "not found")

    def _list(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        parts = path.strip("/").split("/")
        place = parts[2:] if parts[0] == "api" else parts[3:]
        if len(place) % 2 == 0:  # plural/name or namespaces/x/plural/name: one object, and it is not there
            return _status(404, "NotFound", f'{place[-2]} "{place[-1]}" not found')
        root, scope, plural = "/" + "/".join(parts[: len(parts) - len(place)]), path.rpartition("/")[0], place[-1]
        if (plural, place[1] if len(place) == 3 else "") in self.forbidden:
            return _status(403, "Forbidden", f'{plural} is forbidden: User "test" cannot list resource "{plural}"')
        found = [
            (where, item)
            for where, item in sorted(self.objects.items())
            if where.startswith(f"{root}/") and where.rsplit("/", 2)[-2] == plural and (len(place) == 1 or where.startswith(f"{scope}/"))
        ]
        named = [(where, item) for where, item in found if _labelled(item, query) and _selected(item, query)]
        return self._page(named, query)

    def _page(self, named: list[tuple[str, Object]], query: dict[str, str]) -> tuple[int, Any]:
        """A list of at most ``limit``, with a token for the rest; 410 for a token that is not known (any more)."""
        metadata: Object = {}
        if "continue" in query:
            if self._pages.get(query["continue"], "") == "":
                return _status(410, "Expired", "The provided continue parameter is too old")
            named = [(where, item) for where, item in named if where > self._pages[query["continue"]]]
        limit = int(query.get("limit", "0")) or len(named)
        if len(named) > limit:
            metadata = {"continue": str(uuid.uuid4()), "remainingItemCount": len(named) - limit}
            self._pages[metadata["continue"]] = named[limit - 1][0]
        items = [{key: value for key, value in item.items() if key not in ("apiVersion", "kind")} for _, item in named[:limit]]
        return 200, copy.deepcopy({"items": items, "metadata": metadata})

    def _namespace_missing(self, path: str) -> tuple[int, Any] | None:
        _, found, rest = path.partition("/namespaces/")
        namespace, _, below = rest.partition("/")
        if found and below and f"/api/v1/namespaces/{namespace}" not in self.objects:
            return _status(404, "NotFound", f'namespaces "{namespace}" not found')
        return None

    def _delete(self, path: str, body: Object, dry: bool) -> tuple[int, Any]:
        live = self.objects.get(path)
        if live is None:
            return _status(404, "NotFound", "not found")
        uid = body.get("preconditions", {}).get("uid")
        if uid and uid != live["metadata"]["uid"]:
            return _status(409, "Conflict", "uid differs")
        if not dry:
            del self.objects[path]
        return 200, {"status": "Success"}

    def _apply(self, path: str, body: Object, query: dict[str, str], dry: bool) -> tuple[int, Any]:
        manager, live = query["fieldManager"], copy.deepcopy(self.objects.get(path))
        group_version = body["apiVersion"]
        if "example." in group_version and group_version not in self.served:
            return _status(404, "NotFound", "the server could not find the requested resource")
        fields = _fields(_owned(body))
        entries = (live or {}).get("metadata", {}).get("managedFields", [])
        if live and query.get("force") != "true":
            taken = [(e["manager"], leaf) for e in entries if e["manager"] != manager for leaf in _leaves(e["fieldsV1"]) & _leaves(fields)]
            clashes = [(who, leaf) for who, leaf in taken if _at(live, leaf) != _at(body, leaf)]
            if clashes:
                causes = [
                    {"reason": "FieldManagerConflict", "message": f'conflict with "{who}" using v1', "field": "".join(f".{k[2:]}" for k in leaf)}
                    for who, leaf in clashes
                ]
                return _status(409, "Conflict", "Apply failed with conflicts", causes)
        old = next((e["fieldsV1"] for e in entries if e["manager"] == manager and e["operation"] == "Apply"), {})
        result = _merge_apply(live or {}, copy.deepcopy(body))
        for leaf in _leaves(old) - _leaves(fields):
            _remove(result, leaf)
        return (200 if live else 201), self._store(path, result, manager, "Apply", dry, fields)

    def _store(self, path: str, live: Object, manager: str, operation: str, dry: bool = False, fields: Object | None = None) -> Object:
        self._version += 1
        old = self.objects.get(path, {}).get("metadata", {})
        metadata = live.setdefault("metadata", {})
        others = [e for e in old.get("managedFields", []) if (e["manager"], e["operation"]) != (manager, operation)]
        if operation == "Update" and fields is None:
            changed = {leaf for leaf in _leaves(_fields(_owned(live))) if _at(live, leaf) != _at(self.objects.get(path, {}), leaf)}
            fields = _tree(changed)
            others = [e | {"fieldsV1": _tree(_leaves(e["fieldsV1"]) - changed)} for e in others]
        entry = {"manager": manager, "operation": operation, "apiVersion": live["apiVersion"], "fieldsV1": fields}
        metadata["managedFields"] = [*others, entry] if fields else others
        metadata.setdefault("uid", old.get("uid", str(uuid.uuid4())))
        metadata.setdefault("creationTimestamp", old.get("creationTimestamp", "2026-11-21T12:00:00Z"))
        spec_changed = live.get("spec") != self.objects.get(path, {}).get("spec")
        metadata["generation"] = old.get("generation", 0) + (1 if spec_changed else 0)
        metadata["resourceVersion"] = str(self._version)
        if dry:
            return live
        self.objects[path] = live
        if live["kind"] == "CustomResourceDefinition":
            self._serve(live)
        if live["kind"] == "Namespace":
            live.setdefault("status", {"phase": "Active"})
        if self.on_write:
            self.on_write(self, path, live)
        return copy.deepcopy(live)

    def _serve(self, definition: Object) -> None:
        spec = definition["spec"]
        definition["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
        for version in spec["versions"]:
            names = {"name": spec["names"]["plural"], "kind": spec["names"]["kind"], "namespaced": spec["scope"] == "Namespaced"}
            self.served.setdefault(f"{spec['group']}/{version['name']}", []).append(names)


def _labelled(item: Object, query: dict[str, str]) -> bool:
    """By labels that have a value (``key=value``) or only are there (``key``)."""
    labels = item["metadata"].get("labels") or {}
    asked = [part.partition("=") for part in query.get("labelSelector", "").split(",") if part]
    return all(key in labels and (not equals or labels[key] == value) for key, equals, value in asked)


def _selected(item: Object, query: dict[str, str]) -> bool:
    """Whether an object fits ``fieldSelector``: ``type=x``, ``type!=x`` and ``metadata.name=x``, joined by commas."""
    for part in query.get("fieldSelector", "").split(","):
        field, operator, value = part.replace("==", "=").partition("!=" if "!=" in part else "=")
        actual = item["metadata"].get(field.removeprefix("metadata."), "") if field.startswith("metadata.") else item.get(field, "")
        if operator and (actual == value) != (operator == "="):
            return False
    return True


def _status(code: int, reason: str, message: str, causes: list[Object] | None = None) -> tuple[int, Object]:
    details = {"details": {"causes": causes}} if causes else {}
    return code, {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": code, **details}


# -- fields and their owners: FieldsV1, with lists of named objects merged by name and other lists atomic


def _owned(manifest: Object) -> Object:
    metadata = {key: value for key, value in manifest.get("metadata", {}).items() if key in ("labels", "annotations")}
    return {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind", "metadata", "status")} | (
        {"metadata": metadata} if metadata else {}
    )


def _named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and "name" in item for item in value)


def _fields(value: Any) -> Object:
    if isinstance(value, dict):
        return {f"f:{key}": _fields(item) for key, item in value.items()}
    if _named(value):
        return {"k:" + json.dumps({"name": item["name"]}, separators=(",", ":")): {".": {}, **_fields(item)} for item in value}
    return {}


def _leaves(fields: Object, prefix: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    below = {key: value for key, value in fields.items() if key != "."}
    if not below:
        return {prefix} if prefix else set()
    return {leaf for key, value in below.items() for leaf in _leaves(value, (*prefix, key))}


def _tree(leaves: set[tuple[str, ...]]) -> Object:
    tree: Object = {}
    for leaf in leaves:
        place = tree
        for key in leaf:
            place = place.setdefault(key, {})
    return tree


def _step(value: Any, key: str) -> Any:
    if key.startswith("k:"):
        name = json.loads(key[2:])["name"]
        return next((item for item in value or [] if item.get("name") == name), None)
    return value.get(key[2:]) if isinstance(value, dict) else None


def _at(value: Any, leaf: tuple[str, ...]) -> Any:
    for key in leaf:
        value = _step(value, key)
    return value


def _remove(value: Any, leaf: tuple[str, ...]) -> None:
    for key in leaf[:-1]:
        value = _step(value, key)
    if isinstance(value, dict):
        value.pop(leaf[-1][2:], None)


def _merge_apply(live: Any, wanted: Any) -> Any:
    if isinstance(live, dict) and isinstance(wanted, dict):
        return {**live, **{key: _merge_apply(live.get(key), value) for key, value in wanted.items()}}
    if _named(live) and _named(wanted):
        names = [item["name"] for item in wanted]
        kept = [item for item in live if item["name"] not in names]
        return kept + [_merge_apply(next((i for i in live if i["name"] == item["name"]), {}), item) for item in wanted]
    return wanted


def _merge(live: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(live) if isinstance(live, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged


# -- the server


@contextmanager
def running(api: KubeApi | None = None) -> Iterator[KubeApi]:
    """The API server on a free port of 127.0.0.1."""
    api = api or KubeApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            status, answer = api.answer(self.command, self.path, {key.lower(): value for key, value in self.headers.items()}, body)
            data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            self.wfile.flush()

        do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815  names of the standard library

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with serving(Handler) as url:
        api.url = url
        yield api
