# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets, compared in three places without showing them: in the pod, in the namespace's Secret, in the store.

Digests are keyed with a salt that is thrown away (HMAC-SHA256), so that the evidence can't be used to guess a value.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._verify import judge, programs
from ansible_collections.slipway.platform.plugins.module_utils._verify.evidence import Judgement
from ansible_collections.slipway.platform.plugins.module_utils._verify.subject import SECRET, Cluster, Object, Subject

CLAIM = "the pod holds what the Secret and the store hold"
EXEC_SECONDS = 20.0
# A mounted Secret follows the API within the kubelet's sync period and the lifetime of its cache, about a minute each way.
SYNC_SECONDS = 90.0
SHOWN = 12


@dataclass(frozen=True)
class Use:
    """One use of a Secret in a container: of one key, or of all (None). ``place`` is a file or a variable; for all keys, a folder or a prefix."""

    secret: str
    key: str | None
    place: str
    variable: bool = False
    optional: bool = False


def check(cluster: Cluster, subject: Subject, store: str, python: Sequence[str]) -> tuple[Judgement, dict[str, Any]]:
    """Compare every Secret that the container uses with what its pod sees and with the Secret of the same name in the store's namespace."""
    salt = secrets.token_bytes(32)
    used = list(uses(subject.deployment["spec"]["template"]["spec"], subject.container))
    unread: list[str] = []
    found = {name: _read(cluster, subject.namespace, name, unread) for name in sorted({use.secret for use in used})}
    absent = sorted({use.secret for use in used if found[use.secret] is None and not use.optional})
    held = {name: data or {} for name, data in found.items()}
    kept = {name: _read(cluster, store, name, unread) or {} for name in held}
    files, variables, wanted = {}, {}, {}
    for use in used:
        for key in [use.key] if use.key else sorted(held[use.secret]):
            name = f"{use.secret}/{key}" + (" (variable)" if use.variable else "")
            wanted[name] = (use.secret, key)
            if use.variable:
                variables[name] = use.place if use.key else f"{use.place}{key}"
            else:
                files[name] = use.place if use.key else f"{use.place}/{key}"
    asked = {"salt": salt.hex(), "files": files, "variables": variables}
    in_namespace, in_store = _digests(held, wanted, salt), _digests(kept, wanted, salt)
    in_pod: dict[str, str | None] = {}

    def settled() -> bool:
        in_pod.update(json.loads(cluster.execute(subject.target, [*python, "-c", programs.DIGEST, json.dumps(asked)], EXEC_SECONDS)))
        return all(in_pod[name] == in_namespace[name] for name in files)

    waited = cluster.wait(settled, SYNC_SECONDS, 5.0) if wanted else 0.0
    names = sorted(wanted)
    seen = {name: {"pod": _short(in_pod.get(name)), "namespace": _short(in_namespace.get(name)), "store": _short(in_store.get(name))} for name in names}
    return judge.secrets(judge.Secrets(in_pod, in_namespace, in_store, unread, absent)), {
        "keyed_digests": seen,
        "absent": absent,
        "unread": unread,
        "settled_after_seconds": waited,
    }


def uses(pod: Object, container: Object) -> Iterator[Use]:
    """How a container of a pod (their specs) uses Secrets: volumes, projected volumes, variables and whole environments."""
    mounts = {mount["name"]: mount for mount in container.get("volumeMounts", [])}
    for volume in pod.get("volumes", []):
        mount = mounts.get(volume["name"])
        if mount is None:
            continue
        sources = [(volume["secret"]["secretName"], volume["secret"])] if "secret" in volume else []
        sources += [(source["secret"]["name"], source["secret"]) for source in volume.get("projected", {}).get("sources", []) if "secret" in source]
        for name, source in sources:
            items, optional = source.get("items"), bool(source.get("optional"))
            if not items:
                yield Use(name, None, mount["mountPath"], optional=optional)
            for item in items or []:
                if mount.get("subPath") in (None, item["path"]):
                    yield Use(name, item["key"], mount["mountPath"] if mount.get("subPath") else f"{mount['mountPath']}/{item['path']}", optional=optional)
    for variable in container.get("env", []):
        reference = variable.get("valueFrom", {}).get("secretKeyRef")
        if reference:
            yield Use(reference["name"], reference["key"], variable["name"], variable=True, optional=bool(reference.get("optional")))
    for source in container.get("envFrom", []):
        if "secretRef" in source:
            yield Use(source["secretRef"]["name"], None, source.get("prefix", ""), variable=True, optional=bool(source["secretRef"].get("optional")))


def _read(cluster: Cluster, namespace: str, name: str, unread: list[str]) -> dict[str, bytes] | None:
    """The values of a Secret; None if it does not exist, nothing (and a line in ``unread``) if that could not be found out."""
    try:
        secret = cluster.client.get(SECRET, namespace, name)
    except SlipwayError as error:
        unread.append(error.message)
        return {}
    return None if secret is None else {key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()}


def _digests(data: dict[str, dict[str, bytes]], wanted: dict[str, tuple[str, str]], salt: bytes) -> dict[str, str | None]:
    values = {name: data[secret].get(key) for name, (secret, key) in wanted.items()}
    return {name: None if value is None else hmac.new(salt, value, hashlib.sha256).hexdigest() for name, value in values.items()}


def _short(digest: str | None) -> str | None:
    return digest[:SHOWN] if digest else None
