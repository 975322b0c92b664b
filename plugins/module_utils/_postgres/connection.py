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


def cluster(kubeconfig: Path, dry_run: bool) -> Client | None:
    """A client; None in check mode on a cluster that does not exist yet."""
    return None if dry_run and not kubeconfig.exists() else Client(connect(kubeconfig))


def server(pod: Pod, client: Client | None, dry_run: bool) -> Psql | None:
    """``psql`` in the pod; None in check mode if the pod does not exist yet."""
    if client is None:
        return None
    if client.get(BUILT_IN["", "v1", "Pod"], pod.namespace, pod.name) is None:
        if dry_run:
            return None
        raise NotReady(f"pod {pod.namespace}/{pod.name} does not exist; run the role postgres first", pod=pod.name)
    return in_pod(pod)


def authority(path: Path, dry_run: bool) -> str:
    """The certificate authority (PEM); empty in check mode if it is not made yet."""
    if not path.is_file():
        if dry_run:
            return ""
        raise InvalidInput(f"the certificate authority {path} does not exist; services could not verify the server", ca_file=str(path))
    return path.read_text()
