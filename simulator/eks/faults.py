# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on demand. Each is asked for before the call that it shall hit, and hits once, but for what is said to stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

LATER = {
    "AssociateIdentityProviderConfig": ("update", ""),
    "CreateAddon": ("addon", "addonName"),
    "CreateCluster": ("cluster", ""),
    "CreateNodegroup": ("nodegroup", "nodegroupName"),
    "UpdateAddon": ("update", ""),
    "UpdateClusterConfig": ("update", ""),
    "UpdateClusterVersion": ("update", ""),
    "UpdateNodegroupConfig": ("update", ""),
    "UpdateNodegroupVersion": ("update", ""),
}
"""What takes its time, and can end badly after it was accepted: what ends so, and the parameter that names it."""


@dataclass(frozen=True)
class Issue:
    """``code``: one of the model's, of ClusterIssueCode, ErrorCode, AddonIssueCode or NodegroupIssueCode, as the thing has them."""

    code: str
    message: str
    resource_ids: tuple[str, ...] = ()

    def shown(self) -> dict[str, object]:
        """As a health issue shows it."""
        return {"code": self.code, "message": self.message, "resourceIds": list(self.resource_ids)}


@dataclass(frozen=True)
class Finding:
    """What an insight is told to find, instead of what the simulator finds itself."""

    status: str
    reason: str


class Faults:
    def __init__(self) -> None:
        self.held: set[str] = set()
        self.waiting: list[tuple[str, Callable[[datetime], None]]] = []
        self.findings: dict[tuple[str, str], Finding] = {}
        self.conflicts: dict[tuple[str, str], str] = {}
        self._planned: dict[tuple[str, ...], Issue] = {}

    def fail_cluster(self, name: str, code: str, message: str, *resource_ids: str) -> None:
        """The next cluster of this name ends FAILED, with this health issue."""
        self._planned["cluster", name] = Issue(code, message, resource_ids)

    def fail_update(self, cluster: str, kind: str, code: str, message: str, *resource_ids: str) -> None:
        """The next update of this type (UpdateType: VersionUpdate, AddonUpdate, ...) of the cluster ends Failed, and nothing is changed."""
        self._planned["update", cluster, kind] = Issue(code, message, resource_ids)

    def degrade_addon(self, cluster: str, name: str, code: str, message: str, *resource_ids: str) -> None:
        """The add-on ends DEGRADED when it is next created or updated."""
        self._planned["addon", cluster, name] = Issue(code, message, resource_ids)

    def fail_nodegroup(self, cluster: str, name: str, code: str, message: str, *resource_ids: str) -> None:
        """The next node group of this name ends CREATE_FAILED."""
        self._planned["nodegroup", cluster, name] = Issue(code, message, resource_ids)

    def fail_next(self, operation: str, parameters: Mapping[str, Any], code: str, message: str) -> None:
        """What this call is going to begin ends badly; an update does of whatever type it is."""
        cluster = parameters.get("clusterName") or parameters["name"]
        kind, name = LATER[operation]
        self._planned[(kind, cluster) if kind == "cluster" else (kind, cluster, parameters.get(name, ""))] = Issue(code, message)

    def conflict(self, cluster: str, addon: str, fields: str) -> None:
        """Somebody changed ``fields`` (``DaemonSet.apps kube-proxy - .spec.template``) by hand; stays until an add-on call overwrites them."""
        self.conflicts[cluster, addon] = fields

    def find(self, cluster: str, insight: str, status: str, reason: str) -> None:
        """The insight of this name says PASSING, WARNING, ERROR or UNKNOWN; stays."""
        self.findings[cluster, insight] = Finding(status, reason)

    def hold(self, cluster: str) -> None:
        """What is begun on this cluster is not finished until ``release``: a cluster that an interrupted run left half-made."""
        self.held.add(cluster)

    def release(self, cluster: str, now: datetime) -> None:
        self.held.discard(cluster)
        due = [what for name, what in self.waiting if name == cluster]
        self.waiting = [(name, what) for name, what in self.waiting if name != cluster]
        for what in due:
            what(now)

    def hits(self, *what: str) -> Issue | None:
        """The fault that is planned for this, once."""
        return self._planned.pop(what, None)
