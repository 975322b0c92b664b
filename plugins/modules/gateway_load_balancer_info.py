# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gateway_load_balancer_info
short_description: The load balancer on AWS that a Gateway got
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Reads the address out of the status of a Gateway (Gateway API), and asks Elastic Load Balancing for the load balancer that has it, since an alias
    record in Route 53 needs the id of its zone, too.
  - Waits until the Gateway is programmed and its load balancer is active. What the conditions of the Gateway and of its listeners say against it is told
    while it waits, and when it gives up.
options:
  kubeconfig:
    description: Kubeconfig of the cluster.
    type: path
    required: true
  name:
    description: Name of the Gateway.
    type: str
    required: true
  namespace:
    description: Its namespace.
    type: str
    required: true
  timeout:
    description: Seconds to wait.
    type: int
    default: 600
extends_documentation_fragment:
  - slipway.platform.aws
attributes:
  check_mode:
    description: Does not wait. What is not known yet is V((known after apply\)).
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Know where the gateway is
  slipway.platform.gateway_load_balancer_info:
    region: eu-central-1
    kubeconfig: "{{ eks_result.kubeconfig }}"
    name: gateway
    namespace: ingress
  register: balancer

- name: Have the shop's name lead there
  slipway.platform.route53_record:
    region: eu-central-1
    zone: example.com
    records:
      - name: shop.example.com
        type: A
        alias: {dns_name: "{{ balancer.dns_name }}", zone_id: "{{ balancer.zone_id }}"}
"""

RETURN = r"""
dns_name:
  description: Its host name.
  returned: success
  type: str
  sample: k8s-ingress-gateway-0f1e2d3c4b-1234567890.eu-central-1.elb.amazonaws.com
zone_id:
  description: Id of the zone that AWS keeps this host name in.
  returned: success
  type: str
  sample: Z215JYRZR1TBD5
arn:
  description: Its ARN.
  returned: success
  type: str
scheme:
  description: V(internet-facing) or V(internal).
  returned: success
  type: str
listeners:
  description: By name of each listener of the Gateway, how many routes are attached to it.
  returned: success
  type: dict
  sample: {http: 1, https: 2}
"""
