# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates on the nodes of an embedded cluster, a row each. They are read on the node, and no key leaves it."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts, _command, _podman
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Found, Problem, Threshold, Thresholds
from ansible_collections.slipway.platform.plugins.module_utils._errors import Missing, NotFound, SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._kind.certificates import KUBELET_CLIENT, Held, each_node
from ansible_collections.slipway.platform.plugins.module_utils._kind.engine import Engine

# A kubelet rotates its client certificate when 70 to 90 % of the lifetime are over: it is late only when it did not.
_ROTATED = Thresholds(Threshold(1 / 10, 30), Threshold(1 / 20, 14))


def engine() -> Engine:
    """Our own podman on this machine. Raises ``NotFound`` where it was never used: there can't be a cluster then."""
    if not _podman.data_dir().exists():
        raise NotFound("there is no embedded cluster on this machine")
    return Engine(_command.find("podman", "podman"), _podman.environment(_artifacts.cache_dir()))


def found(cluster: str, podman: Engine | None = None, thresholds: Thresholds | None = None) -> Iterator[Found]:
    """Each file with a certificate on each node: ``kube-apiserver on slipway-local-control-plane``. A node that can't be looked at is one row that says so."""
    try:
        nodes = list(each_node(podman or engine(), cluster))
    except SlipwayError as error:
        code = "missing" if isinstance(error, NotFound) else "unsupported" if isinstance(error, Missing) else "unavailable"
        yield Found("cluster", f"nodes of {cluster}", {"kind": "node", "cluster": cluster}, problems=(Problem(code, error.message),), thresholds=thresholds)
        return
    for name, look in nodes:
        labels = {"kind": "node", "cluster": cluster, "node": name}
        try:
            held = look().values()
        except SlipwayError as error:
            yield Found("cluster", f"all on {name}", labels, problems=(Problem("unavailable", error.message),), thresholds=thresholds)
            continue
        for each in held:
            yield _row(each, name, labels, thresholds)


def _row(held: Held, node: str, labels: dict[str, str], thresholds: Thresholds | None) -> Found:
    problems = () if held.chain else (Problem("damaged", f"/{held.path} on {node} holds no certificate that can be read"),)
    own = _ROTATED if held.path == KUBELET_CLIENT else None
    return Found("cluster", f"{held.name} on {node}", {**labels, "path": f"/{held.path}"}, held.chain, problems, thresholds=thresholds or own)
