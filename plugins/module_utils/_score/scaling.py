# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many pods there are, and how many may be missing."""

from __future__ import annotations

from ansible_collections.slipway.platform.plugins.module_utils._score.context import Context, Manifest

DOWN_SECONDS = 300


def autoscaler(context: Context) -> Manifest | None:
    """A HorizontalPodAutoscaler on CPU; it alone owns the number of replicas then."""
    scaling = context.workload.autoscaling
    if scaling is None:
        return None
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": context.metadata(context.name),
        "spec": {
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": DOWN_SECONDS}},
            "maxReplicas": scaling.high,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": scaling.cpu}}}],
            "minReplicas": context.replicas,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": context.name},
        },
    }


def disruption_budget(context: Context) -> Manifest | None:
    """One pod at a time may be evicted, whatever their number; with a single pod there is no budget.

    A budget for one pod would block every drain of its node for good. Pods that are not ready may always be evicted:
    they serve nobody, and a broken release must not hold a node either.
    """
    if context.replicas < 2:
        return None
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": context.metadata(context.name),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": context.selector()}, "unhealthyPodEvictionPolicy": "AlwaysAllow"},
    }
