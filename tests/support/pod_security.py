# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Pod Security Standard "restricted" as a predicate, for manifests that no API server has seen yet.

Source: kubernetes.io/docs/concepts/security/pod-security-standards, both levels, every control that a pod of ours could meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def violations(spec: dict[str, Any]) -> list[str]:
    """What the admission of a namespace that enforces ``restricted`` would refuse in a pod spec; empty if nothing."""
    return [*_pod(spec), *(line for kind in ("initContainers", "containers") for item in spec.get(kind, []) for line in _container(spec, item))]


def _pod(spec: dict[str, Any]) -> Iterator[str]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield name
    for volume in spec.get("volumes", []):
        if set(volume) - {"name"} - VOLUMES:
            yield f"volume {volume['name']}"


def _container(spec: dict[str, Any], container: dict[str, Any]) -> Iterator[str]:
    pod, own = spec.get("securityContext", {}), container.get("securityContext", {})
    name = container["name"]
    if own.get("privileged"):
        yield f"{name}: privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: allowPrivilegeEscalation"
    if "ALL" not in own.get("capabilities", {}).get("drop", []) or set(own.get("capabilities", {}).get("add", [])) - {"NET_BIND_SERVICE"}:
        yield f"{name}: capabilities"
    if own.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
        yield f"{name}: runAsNonRoot"
    if own.get("runAsUser", pod.get("runAsUser")) == 0:
        yield f"{name}: runAsUser"
    if own.get("seccompProfile", pod.get("seccompProfile", {})).get("type") not in ("RuntimeDefault", "Localhost"):
        yield f"{name}: seccompProfile"
    if any("hostPort" in port for port in container.get("ports", [])):
        yield f"{name}: hostPort"
