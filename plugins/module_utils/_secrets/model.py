# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the secret store: what is wanted, what is there, and the Kubernetes objects that hold it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._secrets import content

NAMESPACE = "slipway-secrets"
"""The store where a cluster has one environment; those that share a cluster have one each."""
MANAGED_BY = {"app.kubernetes.io/managed-by": "slipway"}
STORE = "slipway.platform/secret-store"
SET = "slipway.platform/secret-set"
FROM = "slipway.platform/secret-store-namespace"
"""On copies, the store that they are of; none says it is NAMESPACE."""
NAME = "slipway.platform/secret-name"
VERSION = "slipway.platform/secret-version"
SALT = ".salt"


@dataclass(frozen=True)
class Wanted:
    """A secret of the store. ``renew`` lists generated keys that get a new value now."""

    name: str
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    generate: Mapping[str, content.Generator] = field(default_factory=dict)
    compose: Mapping[str, str] = field(default_factory=dict)
    type: str = "Opaque"
    labels: Mapping[str, str] = field(default_factory=dict)
    renew: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Delivery:
    """A copy of a secret of the store for one namespace.

    With ``compose`` the copy has those entries only (each filled in from the secret), without it all of them.
    An empty ``type`` takes over the type of the secret. ``service`` and ``resource`` say whose it is.
    """

    name: str
    namespace: str
    secret: str
    type: str = ""
    compose: Mapping[str, str] = field(default_factory=dict)
    service: str = ""
    resource: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.namespace, self.secret


@dataclass(frozen=True)
class Stored:
    """A Secret as the cluster has it. Its entries never appear in ``repr``, so that no traceback shows them."""

    namespace: str
    name: str
    type: str
    data: Mapping[str, str] = field(repr=False)
    salt: bytes = field(default=b"", repr=False)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    resource_version: str = ""

    @property
    def version(self) -> str:
        return self.annotations.get(VERSION, "")

    @property
    def store(self) -> str:
        """Of a copy, the namespace of the store that it is of."""
        return self.labels.get(FROM, NAMESPACE)

    def same_as(self, other: Stored | None) -> bool:
        """Whether the other has this content, and at least these labels and annotations."""
        return (
            other is not None
            and (self.type, dict(self.data), self.salt) == (other.type, dict(other.data), other.salt)
            and self.labels.items() <= other.labels.items()
            and self.annotations.items() <= other.annotations.items()
        )


def from_object(item: Mapping[str, Any]) -> Stored:
    """A Secret of the Kubernetes API (core/v1) as a value."""
    meta = item["metadata"]
    data = {key: base64.b64decode(value) for key, value in (item.get("data") or {}).items()}
    salt = data.pop(SALT, b"")
    return Stored(
        namespace=meta["namespace"],
        name=meta["name"],
        type=item.get("type", "Opaque"),
        data={key: value.decode(errors="surrogateescape") for key, value in data.items()},
        salt=salt,
        labels=meta.get("labels") or {},
        annotations=meta.get("annotations") or {},
        resource_version=meta.get("resourceVersion", ""),
    )


def to_object(secret: Stored) -> dict[str, Any]:
    """The Secret as the Kubernetes API takes it. A resource version makes a write fail if someone else wrote in between."""
    data = {key: value.encode(errors="surrogateescape") for key, value in secret.data.items()}
    if secret.salt:
        data[SALT] = secret.salt
    meta: dict[str, Any] = {"namespace": secret.namespace, "name": secret.name, "labels": dict(secret.labels), "annotations": dict(secret.annotations)}
    if secret.resource_version:
        meta["resourceVersion"] = secret.resource_version
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": meta,
        "type": secret.type,
        "data": {key: base64.b64encode(value).decode() for key, value in sorted(data.items())},
    }
