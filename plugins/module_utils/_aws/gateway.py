# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load balancer that a Gateway of the Gateway API got: its address is in the Gateway's status, all else in Elastic Load Balancing.

Sources: GatewayStatus.addresses (https://gateway-api.sigs.k8s.io/reference/spec/), DescribeLoadBalancers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._aws.wait import Seen, until_done
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotFound
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.connect import connect
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Kind, Object
from ansible_collections.slipway.platform.plugins.module_utils._k8s.ready import verdict

OPTIONS: dict[str, Any] = {
    **CONNECTION,
    "kubeconfig": {"type": "path", "required": True},
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "timeout": {"type": "int", "default": 600},
}
GATEWAY = Kind("gateway.networking.k8s.io", "v1", "Gateway", "gateways", True)
_BROKEN = ("failed", "active_impaired")


@dataclass(frozen=True)
class Result:
    """``dns_name`` and ``zone_id``: what an alias record names. ``listeners``: of the Gateway, by name the number of routes that are attached."""

    dns_name: str
    zone_id: str
    arn: str
    scheme: str
    listeners: dict[str, int]
    changed: bool = False


UNKNOWN = Result(LATER, LATER, LATER, LATER, {})


def find(aws: Aws, params: Mapping[str, Any], check_mode: bool) -> Result:
    """Waits until the Gateway has an address and the load balancer behind it serves.

    In check mode nothing is waited for: what is not there yet will be known later. Raises NotReady with what the Gateway's conditions say.
    """
    client = _client(Path(params["kubeconfig"]), check_mode)
    if client is None:
        return UNKNOWN
    what = f"gateway {params['namespace']}/{params['name']}"

    def look() -> Seen[Result | None]:
        live = client.get(GATEWAY, params["namespace"], params["name"])
        if live is None:
            if not check_mode:
                raise NotFound(f"{what}: {client.host} has none; apply it first")
            return Seen(None, "not there", done=True)
        return _seen(aws, live)

    found = look().value if check_mode else until_done(aws, what, look, params["timeout"])
    return found or UNKNOWN


def _client(kubeconfig: Path, check_mode: bool) -> Client | None:
    """None: the cluster is yet to be made."""
    try:
        return Client(connect(kubeconfig))
    except InvalidInput:
        if check_mode and not kubeconfig.exists():
            return None
        raise


def _seen(aws: Aws, live: Object) -> Seen[Result | None]:
    addresses = [each["value"] for each in (live.get("status") or {}).get("addresses") or [] if each.get("value")]
    judged = verdict(live)
    if judged.state != "ready" or not addresses:
        told = list(_told(live))
        return Seen(None, f"without a load balancer: {'; '.join(told) or judged.reason or 'its status has no address'}")
    balancer = _balancer(aws, addresses[0])
    if balancer is None:
        return Seen(None, f"at {addresses[0]}, which no load balancer of this account has in {aws.region}")
    state = balancer["State"]["Code"]
    result = Result(balancer["DNSName"], balancer["CanonicalHostedZoneId"], balancer["LoadBalancerArn"], balancer["Scheme"], _listeners(live))
    failure = balancer["State"].get("Reason") or "Elastic Load Balancing says no more" if state in _BROKEN else ""
    return Seen(result, f"behind load balancer {balancer['LoadBalancerName']}, {state}", state == "active", failure)


def _balancer(aws: Aws, address: str) -> dict[str, Any] | None:
    """There is no way to ask for a DNS name."""
    wanted = address.lower().rstrip(".").removeprefix("dualstack.")
    return next((each for each in aws.listed("elbv2", "describe_load_balancers", "LoadBalancers") if each["DNSName"].lower() == wanted), None)


def _listeners(live: Object) -> dict[str, int]:
    return {each["name"]: int(each.get("attachedRoutes", 0)) for each in (live.get("status") or {}).get("listeners") or []}


def _told(live: Object) -> Iterator[str]:
    """The conditions that are not as they should be, of the Gateway and of its listeners."""
    status = live.get("status") or {}
    for where, conditions in (
        ("", status.get("conditions")),
        *((f"listener {each['name']}: ", each.get("conditions")) for each in status.get("listeners") or []),
    ):
        for condition in conditions or []:
            bad = "True" if condition["type"] == "Conflicted" else "False"
            if condition["status"] in (bad, "Unknown"):
                message = f" ({condition['message']})" if condition.get("message") else ""
                yield f"{where}{condition['type']} is {condition['status']}, {condition.get('reason') or 'no reason given'}{message}"
