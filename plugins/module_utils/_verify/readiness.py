# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readiness, broken on purpose: does the endpoint leave the Service in time, and does any client notice?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._verify import judge
from ansible_collections.slipway.platform.plugins.module_utils._verify.evidence import FAIL, UNKNOWN, Judgement
from ansible_collections.slipway.platform.plugins.module_utils._verify.load import Load
from ansible_collections.slipway.platform.plugins.module_utils._verify.subject import POD, Cluster, Subject, is_ready

CALM_SECONDS = 2.0
EXEC_SECONDS = 20.0
RETURN_SECONDS = 60.0

CLAIM = "a pod that is not ready leaves the Service in time, and no request fails"


def check(
    cluster: Cluster, subject: Subject, load: Callable[[], Load], broken: Sequence[str], restored: Sequence[str], say: Callable[[str], None]
) -> tuple[Judgement, dict[str, Any]]:
    """Break one pod's readiness with the program ``broken``, measure, and undo it with ``restored``, whatever happens."""
    probe = subject.container.get("readinessProbe")
    if not probe:
        return Judgement(FAIL, "the container has no readinessProbe: a running pod proves nothing"), {}
    if not broken or not restored:
        return Judgement(UNKNOWN, "no program was given that breaks the readiness and restores it"), {"probe": probe}
    limit = float(probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3))
    target = subject.target
    before = subject.ready_endpoints(cluster)
    seen: dict[str, Any] = {"pod": target.pod, "probe": probe, "limit_seconds": limit, "ready_endpoints_before": sorted(before)}
    if len(before) < 2 or target.pod not in before:
        return judge.readiness(judge.Readiness(len(before), 0, 0, limit, None, "", None, 0, 0)), seen
    with load() as client:
        cluster.sleep(CALM_SECONDS)
        calm = client.counts()
        seen["calm"] = {"requests": calm.requests, "errors": calm.errors, "examples": calm.examples}
        if calm.errors or not calm.requests:
            return judge.readiness(judge.Readiness(len(before), calm.requests, calm.errors, limit, None, "", None, 0, 0)), seen
        say(f"readiness of {target.pod} is broken now; its endpoint has {limit:.0f} s to leave")
        returned: float | None = None
        started = cluster.clock()
        try:
            cluster.execute(target, broken, EXEC_SECONDS)
            gone = cluster.wait(lambda: target.pod not in subject.ready_endpoints(cluster), limit + 15.0)
            left = None if gone is None else cluster.clock() - started
            pod = cluster.need(POD, target.namespace, target.pod)
            seen |= {"left_after_seconds": left, "phase_while_out": pod["status"]["phase"], "ready_while_out": is_ready(pod)}
            cluster.sleep(CALM_SECONDS)
        finally:
            returned = _restore(cluster, subject, restored, seen)
        cluster.sleep(CALM_SECONDS)
        counts = client.counts()
    seen |= {"restored_after_seconds": returned, "requests": counts.requests, "errors": counts.errors, "examples": counts.examples}
    phase = str(seen["phase_while_out"])
    return judge.readiness(judge.Readiness(len(before), calm.requests, calm.errors, limit, left, phase, returned, counts.requests, counts.errors)), seen


def _restore(cluster: Cluster, subject: Subject, restored: Sequence[str], seen: dict[str, Any]) -> float | None:
    """Seconds until the pod was back. A pod whose readiness can't be restored is deleted: its Deployment makes another."""
    target = subject.target
    try:
        cluster.execute(target, restored, EXEC_SECONDS)
    except SlipwayError as error:
        seen["restore_error"] = error.message
        cluster.client.delete(POD, target.namespace, target.pod)
        return None
    return cluster.wait(lambda: target.pod in subject.ready_endpoints(cluster), RETURN_SECONDS)
