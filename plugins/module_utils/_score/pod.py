# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pod of a service: containers, probes, security, volumes. Fits Pod Security Standard "restricted"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._score import configuration, quantity
from ansible_collections.slipway.platform.plugins.module_utils._score.configuration import Configuration
from ansible_collections.slipway.platform.plugins.module_utils._score.context import Context, Manifest, short_name
from ansible_collections.slipway.platform.plugins.module_utils._score.workload import Container, Probe

# Readiness decides who gets requests: a pod that cannot answer leaves after 2 x 3 s. Liveness is slower, since a
# restart helps only against a hang. Startup gives a minute, asked each second so that a fast start is seen at once.
READINESS = {"periodSeconds": 3, "timeoutSeconds": 2, "failureThreshold": 2}
LIVENESS = {"periodSeconds": 10, "timeoutSeconds": 3, "failureThreshold": 3}
STARTUP = {"periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": 60}
MARGIN_SECONDS = 5
TEMPORARY = "/tmp"  # a path in the container
TEMPORARY_SIZE = "64Mi"
VOLUME_SIZE = "1Gi"


def spec(context: Context, configurations: Mapping[str, Configuration]) -> Manifest:
    """The pod spec of the service. A container that others wait for becomes an init container."""
    order = _start_order(context)
    first = [container for container in order if container.before]
    serving = [container for container in order if not container.before]
    return {
        **common(context),
        **({"initContainers": [_init_container(context, item, configurations[item.name]) for item in first]} if first else {}),
        "containers": [_serving_container(context, item, configurations[item.name]) for item in serving],
        "terminationGracePeriodSeconds": context.settings.leave_seconds + context.workload.drain_seconds + MARGIN_SECONDS,
        "topologySpreadConstraints": _spread(context),
        "volumes": volumes(context, configurations),
    }


def requests(context: Context) -> dict[str, Any]:
    """What a pod of the service asks of its node for as long as it lives: ``cpu`` in cores, ``memory`` in bytes."""
    lasting = [_amounts(context, item)["requests"] for item in context.workload.containers if "complete" not in item.before.values()]
    cpu, memory = (sum(quantity.amount(name, each.get(name, "0")) or 0 for each in lasting) for name in ("cpu", "memory"))
    return {"cpu": float(cpu), "memory": int(memory)}


def common(context: Context) -> Manifest:
    """What the service's pods and those of its migration share."""
    user = context.workload.user or context.settings.user
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        **({"imagePullSecrets": [{"name": context.settings.pull_secret}]} if context.settings.pull_secret else {}),
        "securityContext": {
            "fsGroup": user,
            "fsGroupChangePolicy": "OnRootMismatch",
            "runAsGroup": user,
            "runAsNonRoot": True,
            "runAsUser": user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "serviceAccountName": context.name,
    }


def container(context: Context, source: Container, config: Configuration) -> Manifest:
    """What every container of a pod has."""
    mounted = [_volume_mount(item.resource, item.target, item.sub_path, item.read_only) for item in source.mounts]
    scratch = [] if any(item.target == TEMPORARY for item in source.mounts) else [{"name": "tmp", "mountPath": TEMPORARY}]
    return {
        "name": source.name,
        "image": context.image_of(source),
        **({"command": list(source.command)} if source.command else {}),
        **({"args": list(source.args)} if source.args else {}),
        **({"envFrom": config.env_from} if config.env_from else {}),
        **({"env": config.env} if config.env else {}),
        "resources": _amounts(context, source),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [*scratch, *config.mounts, *mounted],
    }


def volumes(context: Context, configurations: Mapping[str, Configuration]) -> list[Manifest]:
    """All volumes of the pod: the writable /tmp, bindings, files, and the workload's own."""
    own = []
    for resource in context.workload.of_type("volume"):
        size = quantity.kubernetes(resource.params.get("size", VOLUME_SIZE))
        claim = {"persistentVolumeClaim": {"claimName": claim_name(context, resource.name)}}
        own.append({"name": short_name(f"volume-{resource.name}"), **(claim if resource in context.persistent else {"emptyDir": {"sizeLimit": size}})})
    files = [volume for config in configurations.values() for volume in config.volumes]
    return [{"name": "tmp", "emptyDir": {"sizeLimit": TEMPORARY_SIZE}}, *configuration.binding_volumes(context), *files, *own]


def claim_name(context: Context, resource: str) -> str:
    return f"{context.name}-{resource}"


def _volume_mount(resource: str, target: str, sub_path: str | None, read_only: bool) -> Manifest:
    mount: Manifest = {"name": short_name(f"volume-{resource}"), "mountPath": target}
    return mount | ({"subPath": sub_path} if sub_path else {}) | ({"readOnly": True} if read_only else {})


def _start_order(context: Context) -> list[Container]:
    """Containers in the order of the file, but each after those that come ``before`` it; there is no cycle."""
    waiting = list(context.workload.containers)
    order: list[Container] = []
    while waiting:
        ready = next(item for item in waiting if not any(item.name in other.before for other in waiting))
        waiting.remove(ready)
        order.append(ready)
    return order


def _serving_container(context: Context, source: Container, config: Configuration) -> Manifest:
    startup = context.workload.startup if source is context.workload.main else None
    ports = _ports(context) if source is context.workload.main else []
    return {
        **container(context, source, config),
        **({"ports": ports} if ports else {}),
        **_probes(startup or source.liveness, source.readiness, source.liveness),
        # Endpoints leave while the container still answers; only then does SIGTERM come.
        "lifecycle": {"preStop": {"sleep": {"seconds": context.settings.leave_seconds}}},
    }


def _init_container(context: Context, source: Container, config: Configuration) -> Manifest:
    """``complete`` is an init container; ``started`` and ``healthy`` are sidecars, which keep running (Kubernetes 1.33)."""
    base = container(context, source, config)
    if "complete" in source.before.values():
        return base
    healthy = (source.readiness or source.liveness) if "healthy" in source.before.values() else None
    return {**base, "restartPolicy": "Always", **_probes(healthy, source.readiness, source.liveness)}


def _probes(startup: Probe | None, readiness: Probe | None, liveness: Probe | None) -> Manifest:
    found: Manifest = {}
    for name, probe, timing in (("startupProbe", startup, STARTUP), ("readinessProbe", readiness, READINESS), ("livenessProbe", liveness, LIVENESS)):
        if probe is not None:
            # The period and threshold a probe brings are those of a startup probe: Score's own have none.
            own = {"periodSeconds": probe.period, "failureThreshold": probe.threshold}
            found[name] = {**probe.handler, **timing, **{key: value for key, value in own.items() if value is not None}}
    return found


def _ports(context: Context) -> list[Manifest]:
    found: dict[tuple[int, str], Manifest] = {}
    for port in context.workload.ports:
        # A container's port name may have 15 characters, a Service's 63.
        name = {"name": port.name} if len(port.name) <= 15 and any(letter.isalpha() for letter in port.name) and "--" not in port.name else {}
        found.setdefault((port.target, port.protocol), {**name, "containerPort": port.target, "protocol": port.protocol})
    return list(found.values())


def _amounts(context: Context, source: Container) -> Manifest:
    """score.yaml over the environment's default, and the inventory over both for what is built here.

    A limit that was defaulted is never below the request that was written.
    """
    service = context.service if source.built else None
    written_requests = {**source.requests, **(service.requests if service else {})}
    written_limits = {**source.limits, **(service.limits if service else {})}
    requests = {**context.settings.requests, **written_requests}
    limits = {**context.settings.limits, **written_limits}
    for name, limit in limits.items():
        least, most = quantity.amount(name, requests.get(name, "0")), quantity.amount(name, limit)
        if least is not None and most is not None and least > most:
            if name in written_requests and name not in written_limits:
                limits[name] = requests[name]
            else:
                requests[name] = limit
    return {"limits": _quantities(limits), "requests": _quantities(requests)}


def _quantities(values: Mapping[str, str]) -> dict[str, str]:
    return {name: quantity.kubernetes(value) for name, value in sorted(values.items())}


def _spread(context: Context) -> list[dict[str, Any]]:
    """Over zones, then over nodes; only pods of the same version count, and a tainted or lost zone does not."""
    zones = "DoNotSchedule" if context.settings.zone_spread == "required" else "ScheduleAnyway"
    return [
        {
            "labelSelector": {"matchLabels": context.selector()},
            "matchLabelKeys": ["pod-template-hash"],
            "maxSkew": 1,
            "nodeTaintsPolicy": "Honor",
            "topologyKey": key,
            "whenUnsatisfiable": when,
        }
        for key, when in (("topology.kubernetes.io/zone", zones), ("kubernetes.io/hostname", "ScheduleAnyway"))
    ]
