# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of kind_cluster; the work is done on the controller by plugins/action/kind_cluster.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kind_cluster
short_description: The embedded Kubernetes cluster of one machine
version_added: 0.1.0
description:
  - Creates a cluster with kind and podman, or brings an existing one to the wanted state, and waits until it is ready.
  - Stopped nodes are started; what an interrupted run left is removed and made anew.
  - What cannot change while the nodes run (image, ports, zones, subnets, audit policy) is compared, and a difference is an error that names it.
options:
  name:
    description: Name of the cluster, of its podman network, and prefix of its containers.
    type: str
    required: true
  state:
    description: Whether there is a cluster. V(absent) removes its nodes, volumes, network and files; caches stay.
    type: str
    choices: [present, absent]
    default: present
  directory:
    description: Folder for what the nodes mount (registry trust, audit policy, volumes) and for the record of the cluster.
    type: path
    required: true
  kubeconfig:
    description: The file to write the administrator's kubeconfig to, mode 0600.
    type: path
    required: true
  kubectl_link:
    description: Where to put a link to kubectl, for people.
    type: path
  image:
    description: The node image, from M(slipway.platform.kind_node_image). Required for V(present), as are O(kind), O(kubectl), O(nodes) and O(audit_policy).
    type: str
    default: ""
  kind:
    description: The program kind.
    type: path
    default: ""
  kubectl:
    description: The program kubectl.
    type: path
    default: ""
  nodes:
    description: The nodes; the first is the control plane.
    type: list
    elements: dict
    default: []
    suboptions:
      role:
        description: What the node is for.
        type: str
        required: true
        choices: [control-plane, worker]
      zone:
        description: Value of the label topology.kubernetes.io/zone; empty sets none.
        type: str
        default: ""
      labels:
        description: Further labels.
        type: dict
        default: {}
  ports:
    description: Ports of 127.0.0.1 that lead into the cluster.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: Port of 127.0.0.1.
        type: int
        required: true
      node:
        description: The nodePort of a Service that it leads to.
        type: int
        required: true
  api_port:
    description: Port of 127.0.0.1 for the Kubernetes API.
    type: int
    default: 16443
  pod_subnet:
    description: Addresses of pods.
    type: str
    default: 10.244.0.0/16
  service_subnet:
    description: Addresses of Services.
    type: str
    default: 10.96.0.0/16
  registries:
    description: Registries that the nodes trust. Changes take effect at the next pull, without a restart.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: The registry as image references name it.
        type: str
        required: true
      endpoint:
        description: Where the nodes find it, a URL.
        type: str
        required: true
      ca_file:
        description: PEM file with the authority that signed its certificate.
        type: path
  audit_policy:
    description: File with the audit policy of the API server.
    type: path
    default: ""
  token_webhook:
    description:
      - A file in the format of a kubeconfig that says whom the API server asks who bears a token which the cluster did not make itself
        (webhook token authentication). It is copied.
    type: path
  timeout:
    description: How long to wait for the cluster to become ready, in seconds.
    type: int
    default: 180
attributes:
  check_mode:
    description: Says what would be done. The version is not known for a cluster that does not exist yet.
    support: full
  diff_mode:
    description: Compares containers, network and files.
    support: full
author:
  - Slipway maintainers (@slipway)
"""

EXAMPLES = r"""
- name: A cluster of three nodes
  slipway.platform.kind_cluster:
    name: slipway-local
    directory: .slipway/local/kind
    kubeconfig: .slipway/local/kubeconfig
    image: "{{ node_image.image }}"
    kind: "{{ node_image.kind }}"
    kubectl: "{{ node_image.kubectl }}"
    audit_policy: files/audit-policy.yaml
    nodes:
      - role: control-plane
      - {role: worker, zone: local-a}
      - {role: worker, zone: local-b}
    ports:
      - {host: 8443, node: 30443}
"""

RETURN = r"""
name:
  description: Name of the cluster.
  type: str
  returned: success
kubeconfig:
  description: Absolute path of the kubeconfig.
  type: str
  returned: success
endpoint:
  description: URL of the Kubernetes API.
  type: str
  returned: success
  sample: https://127.0.0.1:16443
nodes:
  description: The nodes, with name, role and zone.
  type: list
  elements: dict
  returned: success
zones:
  description: The zones of the workers.
  type: list
  elements: str
  returned: success
kubernetes_version:
  description: The version that the nodes run; null in check mode.
  type: str
  returned: success
storage_class:
  description: The default StorageClass.
  type: str
  returned: success
volumes_dir:
  description: The folder of this machine in which all persistent volumes lie.
  type: str
  returned: success
actions:
  description: What was done, in a few words.
  type: list
  elements: str
  returned: success
seconds:
  description: How long it took.
  type: float
  returned: success
before:
  description: Containers, network and files as they were found.
  type: dict
  returned: success
after:
  description: The same as they were left.
  type: dict
  returned: success
"""
