# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an ExternalSecret and the values that were read to the Secret that there should be."""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterable, Mapping
from typing import Any

from simulator.world.eso import hashes
from simulator.world.eso.templates import filled
from simulator.world.eso.wanted import Wanted

Object = dict[str, Any]
API_VERSION = "external-secrets.io/v1"
MANAGED = "reconcile.external-secrets.io/managed"
CREATED_BY = "reconcile.external-secrets.io/created-by"
DATA_HASH = "reconcile.external-secrets.io/data-hash"
_MANAGER_LENGTH = 63


class TargetError(Exception):
    """``message``: that of the condition; the text: the event's."""

    def __init__(self, message: str, text: str) -> None:
        super().__init__(text)
        self.message = message


def manager_of(name: str) -> str:
    """The field manager by which the operator knows what of a Secret is its own."""
    plain = f"externalsecrets.external-secrets.io/{name}"
    return plain if len(plain) <= _MANAGER_LENGTH else f"externalsecrets.external-secrets.io/sha3/{hashes.of_text(name)}"


def owner_label(namespace: str, name: str) -> str:
    return hashes.of_text(f"{namespace}/{name}")


def is_intact(secret: Object | None, wanted: Wanted) -> bool:
    """Whether nobody has touched it since it was written."""
    if wanted.creation == "Orphan":
        return True
    if secret is None or (secret["metadata"].get("labels") or {}).get(MANAGED) != "true":
        return False
    return (secret["metadata"].get("annotations") or {}).get(DATA_HASH) == hashes.of_data(data_of(secret))


def data_of(secret: Object) -> dict[str, bytes]:
    return {key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()}


def mutated(live: Object | None, wanted: Wanted, data: Mapping[str, bytes]) -> Object:
    """The Secret as it should be. Raises TargetError, TemplateError."""
    secret: Object = copy.deepcopy(live) if live else {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": wanted.target, "namespace": wanted.namespace}}
    metadata = secret["metadata"]
    owners = _owners(metadata.pop("ownerReferences", None) or [], wanted)
    metadata |= {"ownerReferences": owners} if owners else {}  # an empty list is none to the API server
    labels, annotations = dict(metadata.get("labels") or {}), dict(metadata.get("annotations") or {})
    kept = data_of(secret)
    if live is None or not wanted.immutable:
        own = _owned(metadata.get("managedFields") or (), manager_of(wanted.name))
        labels = {key: value for key, value in labels.items() if ("metadata", "labels", key) not in own}
        annotations = {key: value for key, value in annotations.items() if ("metadata", "annotations", key) not in own}
        kept = {key: value for key, value in kept.items() if ("data", key) not in own} if wanted.creation == "Merge" else {}
        kept |= _filled(secret, wanted, data, labels, annotations)
    if wanted.immutable:
        secret["immutable"] = True
    labels.pop(CREATED_BY, None)
    labels |= {CREATED_BY: owner_label(wanted.namespace, wanted.name)} if wanted.creation == "Owner" else {}
    metadata["labels"] = labels | {MANAGED: "true"}
    metadata["annotations"] = annotations | {DATA_HASH: hashes.of_data(kept)}
    secret["data"] = {key: base64.b64encode(value).decode() for key, value in kept.items()}
    if live and live.get("immutable") and (secret["data"], secret.get("type")) != (live.get("data") or {}, live.get("type")):
        raise TargetError("could not update secret, target is immutable", f"unable to update secret {wanted.target}: secret is immutable")
    return secret


def patch(before: Any, after: Any) -> Any:
    """The JSON merge patch from one to the other (RFC 7386); {} if they are the same."""
    found: Object = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            below = patch(old, value)
            found |= {name: below} if below else {}
        elif old != value:
            found[name] = value
    return found


def _filled(secret: Object, wanted: Wanted, data: Mapping[str, bytes], labels: dict[str, str], annotations: dict[str, str]) -> dict[str, bytes]:
    """The data of the template, or what was read; type, labels and annotations go where they are given."""
    template = wanted.template
    if template is None:
        labels |= wanted.metadata.get("labels") or {}
        annotations |= wanted.metadata.get("annotations") or {}
        return dict(data)
    if template.type:
        secret["type"] = template.type
    labels |= {key: filled(text, data) for key, text in template.labels.items()}
    annotations |= {key: filled(text, data) for key, text in template.annotations.items()}
    found = dict(data) if template.merge or not template.data else {}
    return found | {key: filled(text, data).encode() for key, text in template.data.items()}


def _owners(owners: list[Object], wanted: Wanted) -> list[Object]:
    controller = next((each for each in owners if each.get("controller")), None)
    is_ours = controller is not None and controller["kind"] == "ExternalSecret" and controller["apiVersion"].startswith("external-secrets.io/")
    if controller is not None and is_ours and controller["name"] != wanted.name:
        raise TargetError("target is owned by another ExternalSecret", f"secret is owned by another ExternalSecret: {controller['name']}")
    if controller is not None and not is_ours and wanted.creation == "Owner":
        text = f"could not set controller reference on secret: it is already owned by another {controller['kind']} controller {controller['name']}"
        raise TargetError("failed to take ownership of target secret", text)
    others = [each for each in owners if not (is_ours and each is controller)]
    if wanted.creation != "Owner":
        return others
    reference = {"apiVersion": API_VERSION, "kind": "ExternalSecret", "name": wanted.name, "uid": wanted.metadata["uid"]}
    return [*others, {**reference, "controller": True, "blockOwnerDeletion": True}]


def _owned(entries: Iterable[Object], manager: str) -> set[tuple[str, ...]]:
    """Paths of the fields that a manager has, without the letters of FieldsV1."""
    found: set[tuple[str, ...]] = set()
    for entry in entries:
        fields = entry.get("fieldsV1") or {}
        if entry.get("manager") == manager:
            found |= {("data", name[2:]) for name in fields.get("f:data") or {}}
            for part in ("labels", "annotations"):
                found |= {("metadata", part, name[2:]) for name in (fields.get("f:metadata") or {}).get(f"f:{part}") or {}}
    return found
