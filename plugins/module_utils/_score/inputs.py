# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rendering needs beside the workloads: the inventory's say, the images, the bindings, the gateway.

Everything is parsed once, here, from the plain values that modules receive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._score import quantity
from ansible_collections.slipway.platform.plugins.module_utils._score.schema import HOST
from ansible_collections.slipway.platform.plugins.module_utils._score.validate import FILE_NAME, Source

Values = Mapping[str, Any]

_DIGEST = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")
_ITEM_KEYS = ("name", "source", "replicas", "host", "hosts", "resources", "variables")


@dataclass(frozen=True)
class Service:
    """One item of ``slipway_services``: what this environment says about a service. None means: as score.yaml says."""

    source: Source
    replicas: int | None
    host: str | None
    hosts: Mapping[str, str]
    requests: Mapping[str, str]
    limits: Mapping[str, str]
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Backing:
    """Where the pods (or the addresses) behind bindings are, so that a NetworkPolicy can let through exactly them."""

    host: str | None
    port: int | None
    namespace: str | None
    pod_labels: Mapping[str, str]
    cidrs: tuple[str, ...]


@dataclass(frozen=True)
class Binding:
    """A Secret by the Service Binding specification in the namespace of the service. ``version`` changes with it."""

    service: str
    resource: str
    secret: str
    version: str
    database: str | None
    backing: Backing


@dataclass(frozen=True)
class Gateway:
    name: str
    namespace: str
    section: str
    https_port: int
    pod_namespace: str
    pod_labels: Mapping[str, str]
    cidrs: tuple[str, ...] = ()

    @property
    def suffix(self) -> str:
        """What follows a host name in an address."""
        return "" if self.https_port == 443 else f":{self.https_port}"


@dataclass(frozen=True)
class Settings:
    """The environment, for all services. Amounts are Kubernetes quantities."""

    environment: str
    namespace: str
    domain: str = "localhost"
    part_of: str = ""
    replicas: int = 2
    requests: Mapping[str, str] = field(default_factory=lambda: {"cpu": "50m", "memory": "64Mi"})
    limits: Mapping[str, str] = field(default_factory=lambda: {"cpu": "1", "memory": "256Mi"})
    pull_secret: str = "registry-pull"
    user: int = 65532
    storage_class: str | None = None
    zone_spread: str = "required"
    leave_seconds: int = 5
    route_seconds: int = 30
    quota: Mapping[str, str] = field(default_factory=dict)
    dns: Sequence[str] = ()


@dataclass(frozen=True)
class Image:
    """An image by digest, and the version to show for it."""

    reference: str
    version: str


def services(items: Sequence[Values], project: Path) -> list[Service]:
    """The items of ``slipway_services``; ``source`` is a folder with a score.yaml, or the file itself, in ``project``."""
    return [_service(item, index, project) for index, item in enumerate(items)]


def _service(item: Values, index: int, project: Path) -> Service:
    where = f"slipway_services[{index}]" + (f" ({item['name']})" if item.get("name") else "")
    for key in item:
        if key not in _ITEM_KEYS:
            raise InvalidInput(f"{where}: unknown key `{key}`; {did_you_mean(key, _ITEM_KEYS)}")
    if not item.get("source"):
        raise InvalidInput(f"{where}: `source` is missing; it takes the folder that holds the service's {FILE_NAME}")
    path = project.absolute() / Path(str(item["source"])).expanduser()
    amounts = item.get("resources") or {}
    for kind, name, value in ((kind, name, value) for kind, values in amounts.items() for name, value in (values or {}).items()):
        if kind not in ("requests", "limits") or name not in ("cpu", "memory") or quantity.amount(name, str(value)) is None:
            raise InvalidInput(f"{where}: resources.{kind}.{name}: {value!r} is not an amount; write for example requests: {{cpu: 100m, memory: 128Mi}}")
    hosts = {key: str(value) for key, value in (item.get("hosts") or {}).items()}
    for host in (*([item["host"]] if item.get("host") else []), *hosts.values()):
        if not re.match(HOST, host):
            raise InvalidInput(f"{where}: {host!r} is not a host name")
    replicas = item.get("replicas")
    if replicas is not None and (isinstance(replicas, bool) or not str(replicas).isdigit() or int(replicas) < 1):
        raise InvalidInput(f"{where}: replicas: {replicas!r} is not a whole number of at least 1")
    return Service(
        source=Source(path if path.suffix in (".yaml", ".yml") else path / FILE_NAME, item.get("name")),
        replicas=None if replicas is None else int(replicas),
        host=item.get("host"),
        hosts=hosts,
        requests=_texts(amounts.get("requests")),
        limits=_texts(amounts.get("limits")),
        variables=_texts(item.get("variables")),
    )


def images(values: Values) -> dict[str, Image]:
    """``{service: reference}`` or the ``images`` of the image role's result; a reference without a digest is refused."""
    found = {}
    for name, value in values.items():
        details = value if isinstance(value, Mapping) else {"reference": value}
        reference = str(details.get("reference"))
        if not _DIGEST.fullmatch(reference):
            raise InvalidInput(f"the image of service {name} is {reference!r}; it must be given by digest: registry/repository@sha256:<64 hex digits>")
        digest = reference.rsplit(":", 1)[1][:12]
        found[name] = Image(reference, _label(str(details.get("tag") or digest)))
    return found


def bindings(results: Sequence[Values], delivered: Sequence[Values]) -> dict[tuple[str, str], Binding]:
    """Bindings by (service, resource) from the results of the roles that make them, and of the one that delivers them.

    ``results``: ``{host, port, namespace, pod_labels, cidrs, bindings: [{service, resource, secret, version}]}``;
    ``delivered``: ``{service, resource, secret, version}``. The version delivered counts: it is what pods will read.
    """
    found: dict[tuple[str, str], Binding] = {}
    for result in results:
        backing = Backing(
            result.get("host"),
            int(result["port"]) if result.get("port") else None,
            result.get("namespace"),
            result.get("pod_labels") or {},
            tuple(result.get("cidrs") or ()),
        )
        for item in result.get("bindings") or ():
            found[item["service"], item["resource"]] = _binding(item, backing)
    nowhere = Backing(None, None, None, {}, ())
    for item in delivered:
        if not (item.get("service") and item.get("resource")):
            continue  # a secret of the environment that no score.yaml asks for
        key = (item["service"], item["resource"])
        known = found.get(key)
        if known is None or known.secret == item["secret"]:
            found[key] = _binding(item, known.backing if known else nowhere, known)
    return found


def _binding(item: Values, backing: Backing, known: Binding | None = None) -> Binding:
    own = Backing(item.get("host") or backing.host, item.get("port") or backing.port, backing.namespace, backing.pod_labels, backing.cidrs)
    database = item.get("database") or (known.database if known else None)
    version = str(item.get("version") or (known.version if known else ""))
    return Binding(item["service"], item.get("resource") or "", item["secret"], version, database, own)


def gateway(value: Values | None) -> Gateway | None:
    """The ingress role's result: ``{gateway: {name, namespace, section}, https_port, namespace, pod_labels, cidrs}``."""
    if not value:
        return None
    target = value["gateway"]
    return Gateway(
        target["name"],
        target["namespace"],
        target.get("section") or "https",
        int(value.get("https_port") or 443),
        value.get("namespace") or target["namespace"],
        value.get("pod_labels") or {},
        tuple(value.get("cidrs") or ()),
    )


def settings(environment: str, namespace: str, values: Values | None = None) -> Settings:
    """The environment's settings; what is not given keeps its default."""
    given = {key: value for key, value in (values or {}).items() if value is not None}
    for address in given.get("dns") or ():
        try:
            ip_address(address)
        except ValueError:
            raise InvalidInput(f"settings.dns: {address!r} is no address; write where names are resolved, such as 172.20.0.10") from None
    return Settings(environment=environment, namespace=namespace, **{"part_of": namespace, **given})


def _texts(values: Values | None) -> dict[str, str]:
    """Inventory values as texts; YAML's true is ``true``, not Python's ``True``."""
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in (values or {}).items()}


def _label(text: str) -> str:
    """A valid label value (RFC 1123, 63 characters) made of any text."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", text)[:63].strip("._-")
