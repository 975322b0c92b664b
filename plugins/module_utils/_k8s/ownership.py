# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Would a server-side apply change anything? Answered from the live object alone, without a request.

An object's ``managedFields`` say which fields our last apply owns
(https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management, format FieldsV1).
If these are exactly the fields of the manifest, and each still has the manifest's value, an apply is a no-op.
Every doubt (a value that the server writes in another form, a key it defaults) answers "no": then the server is asked.
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Object


def settled(manifest: Object, live: Object, manager: str) -> bool:
    """Whether applying ``manifest`` as ``manager`` over ``live`` certainly changes nothing."""
    entries = [
        e for e in live["metadata"].get("managedFields", []) if e.get("manager") == manager and e.get("operation") == "Apply" and not e.get("subresource")
    ]
    if len(entries) != 1 or entries[0].get("apiVersion") != manifest["apiVersion"]:
        return False
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in ("name", "namespace")}
    wanted = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind", "metadata")} | ({"metadata": metadata} if metadata else {})
    return _same(wanted, live, entries[0].get("fieldsV1", {}))


def _same(wanted: Any, live: Any, fields: dict[str, Any]) -> bool:
    owned = {key: value for key, value in fields.items() if key != "."}
    if not owned:
        return bool(wanted == live)
    if isinstance(wanted, dict) and isinstance(live, dict):
        return _same_map(wanted, live, owned)
    if isinstance(wanted, list) and isinstance(live, list):
        return _same_list(wanted, live, owned)
    return False


def _same_map(wanted: dict[str, Any], live: dict[str, Any], owned: dict[str, Any]) -> bool:
    present = {key: value for key, value in wanted.items() if value is not None}
    if {f"f:{key}" for key in present} != owned.keys():
        return False
    return all(key in live and _same(value, live[key], owned[f"f:{key}"]) for key, value in present.items())


def _same_list(wanted: list[Any], live: list[Any], owned: dict[str, Any]) -> bool:
    if len(wanted) != len(owned):
        return False
    if all(key.startswith("v:") for key in owned):
        values = [json.loads(key[2:]) for key in owned]
        return all(value in wanted and value in live for value in values)
    places: list[tuple[int, int]] = []
    for key, below in owned.items():
        if not key.startswith("k:"):
            return False
        keys = json.loads(key[2:])
        here = [i for i, item in enumerate(wanted) if all(item.get(k, v) == v for k, v in keys.items())]
        there = [i for i, item in enumerate(live) if all(item.get(k) == v for k, v in keys.items())]
        if len(here) != 1 or len(there) != 1 or not _same(wanted[here[0]], live[there[0]], below):
            return False
        places.append((here[0], there[0]))
    # The order of environment variables, containers and ports carries meaning.
    return [there for _, there in sorted(places)] == sorted(there for _, there in places)
