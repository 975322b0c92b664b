# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster and the server behind a kubeconfig, as far as they exist: check mode may come before both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotReady
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN
from ansible_collections.slipway.platform.plugins.module_utils._postgres.psql import Pod, Psql, in_pod

# Where the server is; documented in the fragment ``postgres_server``.
OPTIONS: dict[str, Any] = {
    "kubeconfig": {"type": "path", "required": True},
    "namespace": {"type": "str", "default": "postgres"},
    "pod": {"type": "str", "default": "postgres-0"},
}


def pod(params: dict[str, Any]) -> Pod:
    """The server's pod, from ``OPTIONS``."""
    return Pod(Path(params["kubeconfig"]), params["namespace"], params["pod"])


def reach(where: Pod, dry_run: bool) -> tuple[Client | None, Psql | None]:
    """The cluster, and ``psql`` in the pod; in check mode None for what does not exist yet."""
    if dry_run and not where.kubeconfig.exists():
        return None, None
    client = Client(connect(where.kubeconfig))
    if client.get(BUILT_IN["", "v1", "Pod"], where.namespace, where.name) is not None:
        return client, in_pod(where)
    if not dry_run:
        raise NotReady(f"pod {where.namespace}/{where.name} does not exist; run the role postgres first", pod=where.name)
    return client, None


def authority(path: Path, dry_run: bool) -> str:
    """The certificate authority (PEM); empty in check mode if it is not made yet."""
    if not path.is_file():
        if dry_run:
            return ""
        raise InvalidInput(f"the certificate authority {path} does not exist; services could not verify the server", ca_file=str(path))
    return path.read_text()
