# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pods ask the simulated AWS for names, as pods of EKS ask the resolver of their VPC."""

from __future__ import annotations

import re
import time
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import BUILT_IN

from simulator.rehearsal.facts import RehearsalError

_CONFIGURATION, _DEPLOYMENT = BUILT_IN["", "v1", "ConfigMap"], BUILT_IN["apps", "v1", "Deployment"]
_WHERE = ("kube-system", "coredns")
_FORWARD = re.compile(r"(?m)^(\s*forward \. )(.+?)(\s*\{?)$")
_SECONDS, _LOOK = 120.0, 0.3


def forwarded(corefile: str, resolver: str) -> str:
    """The Corefile with everything that is not the cluster's own asked of ``resolver`` ("address:port"). Raises RehearsalError."""
    if not _FORWARD.search(corefile):
        raise RehearsalError("the cluster's CoreDNS forwards nothing: its Corefile has no line that begins with: forward .")
    return _FORWARD.sub(rf"\g<1>{resolver}\g<3>", corefile)


def ensure(kubeconfig: Path, resolver: str) -> bool:
    """Whether it had to be changed; it is in effect when this returns."""
    client = Client(connect(kubeconfig, 1))
    client.until = client.clock() + _SECONDS
    found = client.get(_CONFIGURATION, *_WHERE)
    if found is None:
        raise RehearsalError("the cluster has no ConfigMap kube-system/coredns")
    wanted = forwarded(found["data"]["Corefile"], resolver)
    if wanted == found["data"]["Corefile"]:
        return False
    client.merge(_CONFIGURATION, *_WHERE, {"data": {"Corefile": wanted}})
    # CoreDNS would find it by itself within a minute.
    annotations = {"slipway.platform/resolver": resolver}
    client.merge(_DEPLOYMENT, *_WHERE, {"spec": {"template": {"metadata": {"annotations": annotations}}}})
    while not _rolled_out(client):
        if client.clock() > client.until:
            raise RehearsalError("CoreDNS did not take its new configuration: kubectl -n kube-system rollout status deployment/coredns")
        time.sleep(_LOOK)
    return True


def _rolled_out(client: Client) -> bool:
    found = client.get(_DEPLOYMENT, *_WHERE) or {"metadata": {}, "spec": {}}
    status, replicas = found.get("status") or {}, found["spec"].get("replicas", 1)
    seen = status.get("observedGeneration", 0) >= found["metadata"].get("generation", 0)
    return bool(seen and status.get("updatedReplicas", 0) == replicas == status.get("availableReplicas", 0) == status.get("replicas", 0))
