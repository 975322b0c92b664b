# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: k8s_absent
short_description: Remove an environment from a cluster, so that nothing of the cloud's stays behind
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Deletes Gateways, Ingresses and Services with a load balancer first, and waits until they are gone, since the controller that takes their load
    balancers away must still run then. Next comes what sets of M(slipway.platform.k8s_apply) in these namespaces have outside of any namespace, but for
    definitions and volumes. Last come the namespaces in the order given, each with all that is in it, and the volumes of their claims.
  - Waits with a live line that says what holds an object, such as its finalizers.
  - An API that does not answer, or does not let one in, is no error. Then RV(reached) is false, and nothing is known of what is in the cluster.
options:
  kubeconfig:
    description: Path of the kubeconfig.
    type: path
    required: true
  namespaces:
    description: Namespaces, in the order in which they go. Those that are not there are no error. Those that every cluster has are left alone.
    type: list
    elements: str
    default: []
  everything:
    description:
      - Whether the cluster itself goes next. Then every namespace goes that has a set of M(slipway.platform.k8s_apply) in it, and all Gateways, Ingresses
        and Services with a load balancer go, in whatever namespace.
    type: bool
    default: false
  cluster_sets:
    description: Names of sets that belong to the cluster itself. A namespace that has no other set is none of RV(others).
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds for all of it.
    type: int
    default: 900
attributes:
  check_mode:
    description: Lists only.
    support: full
  diff_mode:
    description: There is nothing to compare.
    support: none
"""

EXAMPLES = r"""
- name: Remove what the environment has in the cluster
  slipway.platform.k8s_absent:
    kubeconfig: "{{ eks_result.kubeconfig }}"
    namespaces: [hello, ingress, postgres, redis]
"""

RETURN = r"""
reached:
  description: Whether the API answered.
  returned: success
  type: bool
reason:
  description: Why it did not.
  returned: success
  type: str
removed:
  description: What is gone, or would be.
  returned: success
  type: list
  elements: str
  sample: [Gateway ingress/gateway, Namespace hello, PersistentVolume pvc-1]
addresses:
  description: Host names of the load balancers that these had.
  returned: success
  type: list
  elements: str
others:
  description: Other namespaces with a set of M(slipway.platform.k8s_apply), which stay.
  returned: success
  type: list
  elements: str
kept:
  description: Volumes that stay, because they are to be retained.
  returned: success
  type: list
  elements: str
"""
