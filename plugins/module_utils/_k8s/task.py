# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the options of a task to a request: files are read here, so that no task argument ever holds a secret."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._k8s import release as releases
from ansible_collections.slipway.platform.plugins.module_utils._k8s.apply import Result, apply, apply_to_nothing
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Object
from ansible_collections.slipway.platform.plugins.module_utils._k8s.objects import flatten, load, plain
from ansible_collections.slipway.platform.plugins.module_utils._k8s.plan import Request

Progress = Callable[[str], None]


def apply_task(params: Mapping[str, Any], check: bool, progress: Progress) -> Result:
    """The work of ``k8s_apply``: ``params`` are its options."""
    params = plain(dict(params), "options")
    secrets = read_secrets(params["secret_files"], params["namespace"], check)
    request = _request(params, read_manifests(params["definitions"], params["src"]) + secrets, check)
    if check and not Path(params["kubeconfig"]).exists():
        return apply_to_nothing(request)
    return apply(Client(connect(Path(params["kubeconfig"]))), request, progress)


def release_task(params: Mapping[str, Any], check: bool, progress: Progress) -> releases.Result:
    """The work of ``release``: ``params`` are its options."""
    params = plain(dict(params), "options")
    secrets = read_secrets(params["secret_files"], params["namespace"], check)
    request = _request({**params, "prune": True, "wait": True}, read_manifests(params["definitions"], params["src"]), check)
    if check and not Path(params["kubeconfig"]).exists():
        nothing = apply_to_nothing(replace(request, manifests=(*secrets, *request.manifests)))
        return releases.Result(nothing.objects, 0, 0.0, [], nothing.diff, revision=1)
    asked = releases.Request(request, tuple(secrets), params["revision"] or "")
    return releases.release(Client(connect(Path(params["kubeconfig"]))), asked, progress)


def _request(params: Mapping[str, Any], manifests: Sequence[Object], check: bool) -> Request:
    return Request(
        name=params["name"],
        namespace=params["namespace"],
        manifests=tuple(manifests),
        prune=params["prune"],
        wait=params["wait"],
        timeout=float(params["timeout"]),
        force=params["force"],
        check=check,
    )


def read_manifests(definitions: Sequence[Any], files: Sequence[str]) -> list[Object]:
    """The manifests given in the task and in YAML files."""
    manifests = flatten(definitions)
    for name in files:
        try:
            manifests += load(Path(name).read_text(encoding="utf-8"), name)
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"manifest file {name} cannot be read: {getattr(error, 'strerror', error)}", path=name) from None
    return manifests


def read_secrets(files: Sequence[Mapping[str, Any]], namespace: str, check: bool) -> list[Object]:
    """One Secret for each name and namespace, one key for each file. In check mode a missing file counts as empty."""
    secrets: dict[tuple[str, str], Object] = {}
    for entry in files:
        place = (entry.get("namespace") or namespace, entry["name"])
        fresh = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": place[1], "namespace": place[0]}, "type": entry["type"], "data": {}}
        secret = secrets.setdefault(place, fresh)
        if secret["type"] != entry["type"]:
            raise InvalidInput(f"Secret {place[0]}/{place[1]} is given the types {secret['type']} and {entry['type']}: choose one")
        if entry["key"] in secret["data"]:
            raise InvalidInput(f"Secret {place[0]}/{place[1]} is given the key {entry['key']} twice")
        secret["data"][entry["key"]] = base64.b64encode(_content(Path(entry["path"]), check)).decode()
    return list(secrets.values())


def _content(path: Path, check: bool) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if check:  # an earlier task of this run would have made it
            return b""
        raise InvalidInput(f"secret file {path} does not exist", path=str(path)) from None
    except OSError as error:
        raise InvalidInput(f"secret file {path} cannot be read: {error.strerror}", path=str(path)) from None
