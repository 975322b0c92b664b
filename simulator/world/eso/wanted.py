# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ExternalSecret asks for, by the published schema (external-secrets.io/v1); and what of it can't be had here, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.world.eso import templates

Object = Mapping[str, Any]
ANY: Mapping[str, Any] = {}  # all below is taken as it is
_STORE = {"kind": ANY, "name": ANY}
_REMOTE = {"key": ANY, "property": ANY, "version": ANY, "conversionStrategy": ANY, "decodingStrategy": ANY, "metadataPolicy": ANY}
_SOURCE = {"storeRef": _STORE}
# Of the schema, what is understood; lists are as their items.
_UNDERSTOOD: Mapping[str, Any] = {
    "secretStoreRef": _STORE,
    "refreshInterval": ANY,
    "refreshPolicy": ANY,
    "data": {"secretKey": ANY, "remoteRef": _REMOTE, "sourceRef": _SOURCE},
    "dataFrom": {"extract": _REMOTE, "sourceRef": _SOURCE},
    "target": {
        "name": ANY,
        "creationPolicy": ANY,
        "deletionPolicy": ANY,
        "immutable": ANY,
        "template": {"type": ANY, "engineVersion": ANY, "mergePolicy": ANY, "metadata": {"labels": ANY, "annotations": ANY}, "data": ANY},
    },
}
_VALUES = {
    "target.creationPolicy": ("Owner", "Merge", "Orphan", "None"),
    "target.deletionPolicy": ("Retain", "Delete", "Merge"),
    "target.template.engineVersion": ("v2",),
    "target.template.mergePolicy": ("Replace", "Merge"),
    "refreshPolicy": ("Periodic", "OnChange", "CreatedOnce"),
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@dataclass(frozen=True)
class StoreRef:
    kind: str
    name: str


@dataclass(frozen=True)
class Item:
    """One secret to be read. ``secret_key``: where it goes, "" if its members go where they are called. ``where``: in the operator's words."""

    where: str
    secret_key: str
    store: StoreRef
    key: str
    property: str
    version: str
    conversion: str
    decoding: str


@dataclass(frozen=True)
class Template:
    type: str
    merge: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    data: Mapping[str, str]


@dataclass(frozen=True)
class Wanted:
    """``refresh``: seconds; 0 is never again. ``metadata``: of the ExternalSecret."""

    metadata: Object
    items: tuple[Item, ...]
    target: str
    creation: str
    deletion: str
    immutable: bool
    template: Template | None
    refresh: float
    policy: str

    @property
    def name(self) -> str:
        return str(self.metadata["name"])

    @property
    def namespace(self) -> str:
        return str(self.metadata["namespace"])


def read(manifest: Object) -> Wanted:
    """With the defaults of the schema. What ``problems`` says is wrong with it has to be looked at first."""
    spec, metadata = manifest["spec"], manifest["metadata"]
    target = spec.get("target") or {}
    items = [_item(f"error processing spec.dataFrom[{at}].extract", "", each["extract"], each, spec) for at, each in enumerate(spec.get("dataFrom") or ())]
    for at, each in enumerate(spec.get("data") or ()):
        items.append(_item(f"error processing spec.data[{at}] (key: {each['remoteRef']['key']})", each["secretKey"], each["remoteRef"], each, spec))
    return Wanted(
        metadata,
        tuple(items),
        str(target.get("name") or metadata["name"]),
        str(target.get("creationPolicy") or "Owner"),
        str(target.get("deletionPolicy") or "Retain"),
        bool(target.get("immutable")),
        _template(target["template"]) if target.get("template") is not None else None,
        seconds(str(spec.get("refreshInterval") or "1h0m0s")),
        str(spec.get("refreshPolicy") or "Periodic"),
    )


def problems(manifest: Object) -> list[str]:
    """Why this can't be done: what the operator would refuse, and what it knows and this doesn't."""
    spec = manifest["spec"]
    target = spec.get("target") or {}
    found = [f"spec.{path} is not understood by the simulator" for path in unknown(spec, _UNDERSTOOD)]
    if not spec.get("data") and not spec.get("dataFrom"):
        found.append("either data or dataFrom should be specified")
    if target.get("deletionPolicy") == "Delete" and target.get("creationPolicy") in ("Merge", "None"):
        found.append("deletionPolicy=Delete must not be used when the controller doesn't own the secret. Please set creationPolicy=Owner")
    if target.get("deletionPolicy") == "Merge" and target.get("creationPolicy") == "None":
        found.append("deletionPolicy=Merge must not be used with creationPolicy=None. There is no Secret to merge with")
    keys = [str(each.get("secretKey")) for each in spec.get("data") or ()]
    found += [f"duplicate secretKey found: {key}" for key in sorted({key for key in keys if keys.count(key) > 1})]
    for path, values in _VALUES.items():
        value = _at(spec, path)
        if value and value not in values:
            found.append(f"spec.{path} is {value}; there are {', '.join(values)}")
    for remote in (*(each.get("remoteRef") or {} for each in spec.get("data") or ()), *(each.get("extract") or {} for each in spec.get("dataFrom") or ())):
        if remote.get("metadataPolicy", "None") != "None":
            found.append(f"metadataPolicy {remote['metadataPolicy']} is not understood by the simulator")
    interval = str(spec.get("refreshInterval") or "0s")
    if interval != "0" and _DURATION.sub("", interval):
        found.append(f"spec.refreshInterval is {interval}; write it as 1h0m0s")
    template = target.get("template") or {}
    metadata = template.get("metadata") or {}
    for text in (*(template.get("data") or {}).values(), *(metadata.get("labels") or {}).values(), *(metadata.get("annotations") or {}).values()):
        found += templates.problems(str(text))
    return list(dict.fromkeys(found))


def unknown(given: Any, known: Mapping[str, Any], path: str = "") -> list[str]:
    """Paths that are not among the known ones."""
    if not known:
        return []
    if isinstance(given, list):
        return [each for at, item in enumerate(given) for each in unknown(item, known, f"{path}[{at}]")]
    found = []
    for name, value in given.items() if isinstance(given, dict) else ():
        inside = f"{path}.{name}".lstrip(".")
        found += unknown(value, known[name], inside) if name in known else [inside] if value not in (None, {}, [], "") else []
    return found


def seconds(duration: str) -> float:
    """A duration as Go writes it."""
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(duration))


def store_ref(given: Object) -> StoreRef:
    return StoreRef(str(given.get("kind") or "SecretStore"), str(given.get("name") or ""))


def _item(where: str, secret_key: str, remote: Object, entry: Object, spec: Object) -> Item:
    given = (entry.get("sourceRef") or {}).get("storeRef") or spec.get("secretStoreRef") or {}
    version = str(remote.get("version") or "AWSCURRENT")
    strategies = (str(remote.get("conversionStrategy") or "Default"), str(remote.get("decodingStrategy") or "None"))
    return Item(where, secret_key, store_ref(given), str(remote["key"]), str(remote.get("property") or ""), version, *strategies)


def _template(given: Object) -> Template:
    metadata = given.get("metadata") or {}
    return Template(
        str(given.get("type") or ""),
        given.get("mergePolicy") == "Merge",
        metadata.get("labels") or {},
        metadata.get("annotations") or {},
        given.get("data") or {},
    )


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = (value or {}).get(part)
    return value
