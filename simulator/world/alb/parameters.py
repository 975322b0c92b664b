# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Gateway and its LoadBalancerConfiguration say that its load balancer is to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Object

from simulator.world.alb import model
from simulator.world.alb.elb import UnmetError
from simulator.world.alb.model import BALANCER, CLASS, PROTOCOLS, TARGETS, Snapshot

_POLICY = "ELBSecurityPolicy-2016-08"  # what ELB takes for a listener without one


def parameters(snapshot: Snapshot, gateway: Object) -> Mapping[str, Any]:
    """The LoadBalancerConfiguration of the Gateway, else that of its class."""
    of_class = snapshot.find(CLASS, "", gateway["spec"]["gatewayClassName"]) or {"spec": {}}
    own = (gateway["spec"].get("infrastructure") or {}).get("parametersRef")
    named = own or of_class["spec"].get("parametersRef")
    if not named:
        return {}
    where = gateway["metadata"]["namespace"] if own else named.get("namespace", "")
    found = snapshot.find(BALANCER, where, named["name"]) if (named["group"], named["kind"]) == (model.PARAMETERS, BALANCER.kind) else None
    if found is None:
        raise UnmetError(f"parametersRef: there is no {named['kind']}.{named['group']} {where}/{named['name']}")
    spec: Mapping[str, Any] = found["spec"]
    return spec


def properties(snapshot: Snapshot, namespace: str, spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """What holds for the target groups."""
    named = (spec.get("defaultTargetGroupConfiguration") or {}).get("name")
    if not named:
        return {}
    found = snapshot.find(TARGETS, namespace, named)
    if found is None:
        raise UnmetError(f"defaultTargetGroupConfiguration: there is no TargetGroupConfiguration {namespace}/{named}")
    return dict(found["spec"].get("defaultConfiguration") or {})


def listeners(gateway: Object, spec: Mapping[str, Any]) -> dict[int, tuple[str, tuple[str, ...], str]]:
    own = {each["protocolPort"]: each for each in spec.get("listenerConfigurations") or []}
    found: dict[int, tuple[str, tuple[str, ...], str]] = {}
    for each in gateway["spec"].get("listeners") or []:
        if each["protocol"] not in PROTOCOLS:
            continue
        given = own.get(f"{each['protocol']}:{each['port']}", {})
        certificates = tuple(arn for arn in (given.get("defaultCertificate"), *(given.get("certificates") or ())) if arn)
        if each["protocol"] == "HTTPS" and not certificates:
            raise UnmetError(f"listener {each['name']}: no certificate for HTTPS:{each['port']} in listenerConfigurations")
        found[int(each["port"])] = (each["protocol"], certificates if each["protocol"] == "HTTPS" else (), given.get("sslPolicy", _POLICY))
    return found
