# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates in the API of Kubernetes. Lists are read page by page, and what can't be one (Helm's releases, tokens) is not even sent."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._certificates import inventory
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Found, Problem
from ansible_collections.slipway.platform.plugins.module_utils._certificates.options import KubernetesPart, Request
from ansible_collections.slipway.platform.plugins.module_utils._certificates.plan import Context
from ansible_collections.slipway.platform.plugins.module_utils._certificates.sources import bundles, content
from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, SlipwayError, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._k8s import listing
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN, Kind, Object

_NAMESPACE, _SECRET, _CONFIG_MAP = (BUILT_IN["", "v1", kind] for kind in ("Namespace", "Secret", "ConfigMap"))
_TLS = "kubernetes.io/tls"
# Helm keeps every release in a Secret of up to a megabyte; on a grown cluster these are most of all bytes.
_NEVER = (
    "helm.sh/release.v1",
    "kubernetes.io/service-account-token",
    "kubernetes.io/dockercfg",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/basic-auth",
    "kubernetes.io/ssh-auth",
    "bootstrap.kubernetes.io/token",
)
_FIELDS = {"Secret": ",".join(f"type!={each}" for each in _NEVER)}
# Put by a controller into every namespace, always the same: said once.
_PUBLISHED = {"kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"}
_MOST_PASSWORDS = 4

Read = Callable[[Object], Iterator[Found]]


class _StopError(Exception):
    """Nothing more of this cluster can be read."""


def collect(parts: Sequence[KubernetesPart], request: Request, context: Context) -> Iterator[Found]:
    """The certificates of the clusters. What may not be read is a row of its own, and the rest goes on."""
    for part in parts:
        where = {"cluster": part.context or part.kubeconfig} if len(parts) > 1 else {}
        row = Found("kubernetes", "", where, thresholds=part.thresholds)
        try:
            client = Client(connect(Path(part.kubeconfig), 1, part.context), clock=context.clock, sleep=context.sleep)
        except SlipwayError as error:
            yield replace(row, name=f"kubernetes {part.kubeconfig}", problems=(inventory.problem(error, part.kubeconfig),))
        else:
            client.until = context.clock() + request.timeout  # for its first answer; how long the rest takes is a matter of size
            yield from _Look(part, client, row).all()


class _Look:
    def __init__(self, part: KubernetesPart, client: Client, row: Found) -> None:
        self._part, self._client, self._row = part, client, row
        self._answered = False
        self._published: set[int] = set()
        self._all: list[str] | None = None

    def all(self) -> Iterator[Found]:
        part = self._part
        try:
            namespaces: list[str] | None = None
            if part.namespaces:
                namespaces = yield from self._given()
            for wanted, kind, read in ((part.secrets, _SECRET, self._secret), (part.config_maps, _CONFIG_MAP, self._config_map)):
                if wanted:
                    yield from self._everywhere(kind, read) if namespaces is None else self._in(namespaces, kind, read)
            for kind in bundles.KINDS if part.ca_bundles else ():
                yield from self._list(kind, None, partial(self._bundles, kind), bundles.page_size(kind, part.page_size))
            if part.signing_requests:
                yield from self._list(bundles.SIGNING_REQUEST, None, partial(self._bundles, bundles.SIGNING_REQUEST), part.page_size)
        except _StopError:
            return

    def _given(self) -> Generator[Found, None, list[str]]:
        """The namespaces that were named and are there. In one that is not a list is empty, and a typing error would look like good news."""
        there = []
        for name in self._part.namespaces:
            try:
                if self._client.get(_NAMESPACE, None, name) is not None:
                    there.append(name)
                    continue
                yield self._failed(f"namespace {name}", {"namespace": name}, Problem("missing", f"there is no namespace {name}"))
            except Denied:
                there.append(name)  # who may read in it need not be allowed to see it
            except SlipwayError as error:
                yield self._failed(f"namespace {name}", {"namespace": name}, inventory.problem(error, name))
                self._stop_if_it_is_no_use(error)
        return there

    def _everywhere(self, kind: Kind, read: Read) -> Iterator[Found]:
        """All at once; whoever may not do that asks in each namespace."""
        try:
            yield from self._objects(kind, None, read, self._part.page_size)
        except Denied as error:
            if error.facts.get("status") == 401:
                yield self._failed(f"{kind.kind}s", {"kind": kind.kind}, inventory.problem(error, kind.plural))
                raise _StopError from None
            namespaces = self._namespaces()
            if namespaces is None:
                text = f"{error.message}; nor may the namespaces be listed, to ask in each: name those to look at as namespaces"
                yield self._failed(f"{kind.kind}s", {"kind": kind.kind}, Problem("forbidden", text))
            else:
                yield from self._in(namespaces, kind, read)
        except SlipwayError as error:
            yield self._failed(f"{kind.kind}s", {"kind": kind.kind}, inventory.problem(error, kind.plural))
            self._stop_if_it_is_no_use(error)

    def _in(self, namespaces: Sequence[str], kind: Kind, read: Read) -> Iterator[Found]:
        for namespace in namespaces:
            yield from self._list(kind, namespace, read, self._part.page_size)

    def _list(self, kind: Kind, namespace: str | None, read: Read, limit: int) -> Iterator[Found]:
        try:
            yield from self._objects(kind, namespace, read, limit)
        except SlipwayError as error:
            labels = {"kind": kind.kind, **({"namespace": namespace} if namespace else {})}
            yield self._failed(f"{kind.kind}s{f' of namespace {namespace}' if namespace else ''}", labels, inventory.problem(error, kind.plural))
            self._stop_if_it_is_no_use(error)

    def _objects(self, kind: Kind, namespace: str | None, read: Read, limit: int) -> Iterator[Found]:
        labels = self._part.label_selector if kind.namespaced else ""
        for item in listing.each(self._client, kind, namespace, labels=labels, fields=_FIELDS.get(kind.kind, ""), limit=limit):
            self._has_answered()
            yield from read(item)
        self._has_answered()

    def _has_answered(self) -> None:
        self._answered, self._client.until = True, None

    def _namespaces(self) -> list[str] | None:
        if self._all is None:
            try:
                self._all = [item["metadata"]["name"] for item in listing.each(self._client, _NAMESPACE)]
            except Denied:
                return None
        return self._all

    def _stop_if_it_is_no_use(self, error: SlipwayError) -> None:
        """A server that never answered is not asked for the other kinds too: each time it would take its whole time."""
        if (isinstance(error, Unreachable) and not self._answered) or error.facts.get("status") == 401:
            raise _StopError

    def _failed(self, name: str, labels: Mapping[str, str], problem: Problem) -> Found:
        return replace(self._row, name=name, labels={**self._row.labels, **labels}, problems=(problem,))

    # -- what is in objects

    def _secret(self, secret: Object) -> Iterator[Found]:
        values: Mapping[str, str] = secret.get("data") or {}
        certificates = [key for key in ("tls.crt", "ca.crt") if secret.get("type") == _TLS]
        passwords = partial(_passwords, values)
        for key in dict.fromkeys([*certificates, *values]):
            if key == "tls.crt" and key in certificates:
                yield from self._value("Secret", secret, key, _decoded(values.get(key, "")), passwords, True)
            elif values.get(key) if key in certificates else self._matches(key):  # ca.crt may be empty, and mostly is
                yield from self._value("Secret", secret, key, _decoded(values[key]), passwords, False)

    def _config_map(self, config_map: Object) -> Iterator[Found]:
        texts, binaries = config_map.get("data") or {}, config_map.get("binaryData") or {}
        for key in (*texts, *binaries):
            if self._matches(key):
                data = texts[key].encode() if key in texts else _decoded(binaries[key])
                if config_map["metadata"]["name"] in _PUBLISHED:
                    known = hash((config_map["metadata"]["name"], key, data))
                    if known in self._published:
                        continue
                    self._published.add(known)
                yield from self._value("ConfigMap", config_map, key, data, content.none, False)

    def _bundles(self, kind: Kind, item: Object) -> Iterator[Found]:
        name = item["metadata"]["name"]
        for key, value in bundles.of(kind, item):
            row = self._named(f"{kind.kind} {name} {key}", {"kind": kind.kind, "object": name, "key": key})
            yield from content.rows(_parsed(_decoded(value), content.none), row)

    def _value(self, kind: str, item: Object, key: str, data: bytes | None, passwords: content.Passwords, chosen: bool) -> Iterator[Found]:
        metadata = item["metadata"]
        found = _parsed(data, passwords)
        if chosen or content.meant(found, key):
            labels = {"kind": kind, "namespace": metadata["namespace"], "object": metadata["name"], "key": key}
            yield from content.rows(found, self._named(f"{kind} {metadata['namespace']}/{metadata['name']} {key}", labels))

    def _named(self, name: str, labels: Mapping[str, str]) -> Found:
        return Found("kubernetes", name, {**self._row.labels, **labels}, thresholds=self._row.thresholds)

    def _matches(self, key: str) -> bool:
        return any(fnmatchcase(key.lower(), pattern.lower()) for pattern in self._part.keys)


def _parsed(data: bytes | None, passwords: content.Passwords) -> content.Content:
    if data is None:
        return content.Content("", problems=(Problem("damaged", "its value is no base64"),))
    return content.parse(data, passwords)


def _decoded(value: str) -> bytes | None:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None


def _passwords(values: Mapping[str, str]) -> Sequence[bytes]:
    """What may be the password of a key store in a Secret: it mostly lies beside it, under a key that says so."""
    likely = [_decoded(value) for key, value in values.items() if "pass" in key.lower() and len(value) < 4096]
    return [value.rstrip(b"\r\n") for value in likely if value][:_MOST_PASSWORDS]
