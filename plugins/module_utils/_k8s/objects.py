# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests and live objects: reading them, comparing them, and showing them without their secrets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import yaml
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Object

_VOLATILE = ("managedFields", "resourceVersion", "generation")
_UNINTERESTING = (*_VOLATILE, "uid", "creationTimestamp", "selfLink")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"  # of a Secret it quotes the data
REDACTED = "(redacted)"
REDACTED_CHANGED = "(redacted, changed)"


def flatten(definitions: Iterable[Any], where: str = "definitions") -> list[Object]:
    """The manifests of a list of documents: empty ones left out, ``List`` objects taken apart, each checked for its identity."""
    manifests: list[Object] = []
    for number, document in enumerate(definitions, 1):
        place = f"{where}, object {number}"
        if document is None:
            continue
        if not isinstance(document, dict):
            raise InvalidInput(f"{place}: a manifest must be a mapping, not {type(document).__name__}")
        if str(document.get("kind", "")).endswith("List") and isinstance(document.get("items"), list):
            manifests += flatten(document["items"], place)
            continue
        missing = [key for key in ("apiVersion", "kind") if not document.get(key)]
        metadata = document.get("metadata")
        if not isinstance(metadata, dict) or not metadata.get("name"):
            raise InvalidInput(f"{place}: {', '.join([*missing, 'metadata.name'])} missing")
        if missing:
            raise InvalidInput(f"{place}: {', '.join(missing)} missing")
        manifests.append(plain(document, f"{document['kind']} {metadata['name']} ({place})"))
    return manifests


def plain(document: Object, where: str) -> Object:
    """The same in JSON's own types: what a template engine or YAML adds to them (tagged strings, dates) does not belong to a manifest."""
    try:
        copy: Object = json.loads(json.dumps(document))
    except TypeError as error:
        raise InvalidInput(f"{where}: {error}; quote dates and times") from None
    return copy


def load(text: str, where: str) -> list[Object]:
    """The manifests of a YAML stream."""
    try:
        return flatten(list(yaml.load_all(text, Loader=_LOADER)), where)
    except yaml.YAMLError as error:
        raise InvalidInput(f"{where} is not valid YAML: {error}") from None


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def comparable(live: Object | None) -> Object | None:
    """What counts as the object's content: without what the server writes for itself, and without its status."""
    if live is None:
        return None
    metadata = {key: value for key, value in live["metadata"].items() if key not in _VOLATILE}
    return {key: value for key, value in live.items() if key != "status"} | {"metadata": metadata}


def diff(title: str, before: Object | None, after: Object | None) -> dict[str, str]:
    """An entry of Ansible's diff; the values of Secrets never appear in it, only whether they changed."""
    return {
        "before_header": title,
        "after_header": title,
        "before": _text(_redact(before, None)),
        "after": _text(_redact(after, before)),
    }


def _text(shown: Object | None) -> str:
    return "" if shown is None else yaml.safe_dump(shown, sort_keys=True, default_flow_style=False, width=160)


def _redact(live: Object | None, before: Object | None) -> Object | None:
    if live is None:
        return None
    metadata = {key: value for key, value in live["metadata"].items() if key not in _UNINTERESTING}
    if _LAST_APPLIED in (metadata.get("annotations") or {}):
        metadata["annotations"] = {key: value for key, value in metadata["annotations"].items() if key != _LAST_APPLIED}
    shown = {key: value for key, value in live.items() if key != "status"} | {"metadata": metadata}
    if live.get("kind") == "Secret":
        for part in ("data", "stringData"):
            if part in live:
                old = (before or {}).get(part) or {}
                shown[part] = {key: REDACTED_CHANGED if before is not None and old.get(key) != value else REDACTED for key, value in (live[part] or {}).items()}
    return shown
