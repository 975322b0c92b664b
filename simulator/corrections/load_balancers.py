# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic Load Balancing: with a load balancer go its listeners (API reference, DeleteLoadBalancer), and what they used is free; moto forgets both."""

from __future__ import annotations

from moto.acm.models import acm_backends
from moto.core.responses import ActionResult
from moto.elbv2.responses import ELBV2Response

from simulator.backend import Backend


class LoadBalancers(Backend, ELBV2Response):
    def delete_load_balancer(self) -> ActionResult:
        _, _, name = str(self._get_param("LoadBalancerArn")).partition(":loadbalancer/")
        answer: ActionResult = super().delete_load_balancer()
        for certificate in acm_backends[self.current_account][self.region]._certificates.values():
            certificate.in_use_by = [arn for arn in certificate.in_use_by if f":listener/{name}/" not in arn]
        return answer
