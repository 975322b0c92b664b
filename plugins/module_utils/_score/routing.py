# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPRoutes: from the environment's gateway to a service (Gateway API v1)."""

from __future__ import annotations

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._score.context import Context, Manifest


def routes(context: Context) -> list[Manifest]:
    """One HTTPRoute for each ``route`` resource, on the gateway's HTTPS listener; plain HTTP is redirected by the gateway."""
    gateway = context.gateway
    if context.routes and gateway is None:
        raise InvalidInput(f"service {context.name} has a route, but no gateway was given; run the ingress role first (--tags ingress)", service=context.name)
    return [
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": context.metadata(f"{context.name}-{route.resource}"),
            "spec": {
                "hostnames": [route.host],
                "parentRefs": [{"name": gateway.name, "namespace": gateway.namespace, "sectionName": gateway.section}],
                "rules": [
                    {
                        "backendRefs": [{"name": context.name, "port": route.port.number}],
                        "matches": [{"path": {"type": "PathPrefix", "value": route.path}}],
                        "timeouts": {"request": f"{route.seconds}s"},
                    }
                ],
            },
        }
        for route in context.routes
        if gateway is not None
    ]
