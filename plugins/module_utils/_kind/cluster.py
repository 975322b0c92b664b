# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded cluster: look at what is there, decide, act, wait until it is ready."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _command, _podman
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._kind import readiness
from ansible_collections.slipway.platform.plugins.module_utils._kind.engine import Engine
from ansible_collections.slipway.platform.plugins.module_utils._kind.model import Observed, Plan, Request, Result, digest
from ansible_collections.slipway.platform.plugins.module_utils._kind.plan import missing, mounted_files, plan, validate
from ansible_collections.slipway.platform.plugins.module_utils._kind.work import Progress, Work, observe


def converge(request: Request, progress: Progress, check_mode: bool = False, clock: Callable[[], float] = time.monotonic) -> Result:
    """Bring the cluster into the wanted state, and wait until it is ready."""
    started = clock()
    validate(request)
    if request.state == "present" and not check_mode and (absent := missing(request)):
        raise InvalidInput(f"the registry's certificate authority {absent[0]} does not exist: make it before the cluster, or leave ca_file out")
    untouched = check_mode and not _podman.data_dir().exists()
    engine = None if untouched else Engine(_command.find("podman", "podman"), _podman.environment(request.cache))
    seen = observe(request, engine)
    decided = plan(request, seen)
    items: list[dict[str, Any]] = []
    kept_network = False
    if not check_mode and engine is not None:
        work = Work(request, engine, progress, clock)
        kept_network = work.apply(decided)
        if request.state == "present":
            items = work.wait()
            work.finish()
    return _result(request, seen, decided, items, clock() - started, kept_network)


def _result(request: Request, seen: Observed, decided: Plan, items: list[dict[str, Any]], seconds: float, kept_network: bool) -> Result:
    cluster = request.cluster
    before = _state(dict(seen.nodes), seen.record is not None, seen.network, {k: digest(v) for k, v in seen.files.items()}, seen.link, not decided.export)
    if request.state == "absent":
        after = _state({}, False, kept_network, {}, None, True) if decided.tear_down else before
    else:
        running = dict.fromkeys(cluster.node_names, "running")
        after = _state(running, True, True, {k: digest(v) for k, v in mounted_files(request).items()}, str(request.kubectl) if request.link else None, True)
    return Result(
        name=cluster.name,
        kubeconfig=str(request.kubeconfig),
        endpoint=f"https://127.0.0.1:{cluster.api_port}",
        nodes=[{"name": name, "role": node.role, "zone": node.zone or None} for name, node in zip(cluster.node_names, cluster.nodes, strict=True)]
        if request.state == "present"
        else [],
        zones=cluster.zones,
        kubernetes_version=readiness.version(items),
        storage_class="standard",
        volumes_dir=str(cluster.volumes),
        actions=_names(decided),
        seconds=round(seconds, 1),
        before=before,
        after=after,
    )


def _state(nodes: dict[str, str], complete: bool, network: bool, files: dict[str, str], link: str | None, kubeconfig: bool) -> dict[str, Any]:
    return {"nodes": nodes, "complete": complete, "network": network, "files": files, "kubectl": link, "kubeconfig_is_ours": kubeconfig}


def _names(decided: Plan) -> list[str]:
    return [name.replace("_", " ") for name, value in vars(decided).items() if value]
