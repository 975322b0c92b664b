# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be done so that a cluster is as wanted: pure, but for reading the files that the request names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._kind import config
from ansible_collections.slipway.platform.plugins.module_utils._kind.model import Observed, Plan, Request, digest

UNKNOWN = "known after apply\n"


def validate(request: Request) -> None:
    """Raise ``InvalidInput`` for what cannot work."""
    cluster = request.cluster
    roles = [node.role for node in cluster.nodes]
    if roles.count("control-plane") != 1 or roles[0] != "control-plane":
        raise InvalidInput("the nodes must begin with the control plane, and have one: write a node of role control-plane first, then workers")
    for registry in request.registries:
        if "/" in registry.host or not registry.endpoint.startswith(("https://", "http://")):
            raise InvalidInput(f"registry {registry.host}: host is like localhost:5001, endpoint like https://registry:5002 (it is {registry.endpoint})")
    taken = [cluster.api_port, *(port.host for port in cluster.ports)]
    twice = sorted({port for port in taken if taken.count(port) > 1})
    if twice:
        raise InvalidInput(f"port {twice[0]} of 127.0.0.1 is given twice: each mapping needs one of its own")


def mounted_files(request: Request) -> dict[str, str]:
    """What the nodes read from the host: relative path below the cluster's folder -> content.

    An authority that is yet to be made (check mode on an empty environment) is planned as an unknown one; ``missing`` names it.
    """
    files = {}
    for registry in request.registries:
        ca = (registry.ca_file.read_text() if registry.ca_file.exists() else UNKNOWN) if registry.ca_file else None
        files[f"certs.d/{registry.host}/hosts.toml"] = config.hosts_toml(registry.host, registry.endpoint, "ca.crt" if ca else None)
        if ca:
            files[f"certs.d/{registry.host}/ca.crt"] = ca
    return files


def missing(request: Request) -> list[str]:
    """Files that the nodes are to read and that are not there."""
    wanted = [*(registry.ca_file for registry in request.registries), request.token_webhook]
    return [str(path) for path in wanted if path and not path.exists()]


def record_of(request: Request) -> dict[str, Any]:
    """How the nodes are made: what cannot be changed while they run."""
    webhook = {"token_webhook": text_of(request.token_webhook) or UNKNOWN} if request.token_webhook else {}
    return {"cluster": config.document(request.cluster), "audit_policy": request.audit_policy.read_text(), **webhook}


def plan(request: Request, seen: Observed) -> Plan:
    """Decide. Raises ``Conflict`` where the cluster would have to be made anew, which is not done unasked: it holds data."""
    if request.state == "absent":
        return Plan(tear_down=not seen.nothing)
    files = mounted_files(request)
    beside = Plan(
        create_network=not seen.network,
        write={path: text for path, text in files.items() if seen.files.get(path) != text},
        unlink=tuple(path for path in seen.files if path not in files),
        link=request.link is not None and seen.link != str(request.kubectl),
    )
    if not seen.nodes or seen.record is None:
        return replace(beside, remove=tuple(sorted(seen.nodes)), create=True)
    _must_be_the_same(request, seen)
    stopped = tuple(name for name, state in seen.nodes.items() if state != "running")
    return replace(beside, start=stopped, export=_kubeconfig_is_foreign(request, seen.record))


def _comparable(value: Any) -> Any:
    """A record without what may differ: a node image of the same version made by a newer recipe is no reason to lose a cluster."""
    if isinstance(value, dict):
        return {key: _BUILD_KEY.sub("", item) if key == "image" else _comparable(item) for key, item in value.items()}
    return [_comparable(item) for item in value] if isinstance(value, list) else value


_BUILD_KEY = re.compile(r"-[0-9a-f]{16}$")
_ANEW = "To make the cluster anew (its volumes are lost), run the role with kind_state=absent, and then again with present."


def _must_be_the_same(request: Request, seen: Observed) -> None:
    assert seen.record is not None
    name = request.cluster.name
    gone = sorted(set(request.cluster.node_names) - set(seen.nodes))
    if gone:
        raise Conflict(f"cluster {name}: the container of {', '.join(gone)} was removed, and a node cannot be added to a running cluster. {_ANEW}")
    wanted = record_of(request)
    differing = config.differences(_comparable({key: seen.record.get(key) for key in wanted}), _comparable(wanted))
    if differing:
        lines = "\n".join(f"  {line}" for line in differing)
        raise Conflict(f"cluster {name} exists and was made in another way:\n{lines}\n{_ANEW}", differences=differing)


def _kubeconfig_is_foreign(request: Request, record: Mapping[str, Any]) -> bool:
    text = text_of(request.kubeconfig)
    return text is None or digest(text) != record.get("kubeconfig_sha256")


def text_of(path: Path) -> str | None:
    """The content of a file, or None if there is none."""
    return path.read_text() if path.exists() else None
