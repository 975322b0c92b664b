# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of kind_certificates; the work is done on the controller by plugins/action/kind_certificates.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kind_certificates
short_description: Renew the certificates inside the embedded cluster, and prove that the new ones are in use
version_added: 0.1.0
description:
  - Looks at the certificates on each node of a cluster of M(slipway.platform.kind_cluster), renews those of the control plane with kubeadm and those that
    kubelets sign themselves, restarts what holds them in memory one after another, and writes the administrator's kubeconfig anew.
  - It ends when each server shows the certificate that is in its file, and the API lets the renewed administrator in. Otherwise it fails with the cause.
  - Private keys are made on the node that uses them and stay there, except for the administrator's.
  - An interrupted run is gone on with by the next one. What was renewed and is not in use yet is seen, whoever renewed it.
  - Client certificates that kubelets rotate by themselves are left to them. A kubelet that could not (less than a tenth of the lifetime is left, or it has
    ended, as after a long time switched off) gets a new one.
  - Authorities are listed and not renewed. Pods go on running; the API is away for some seconds while kube-apiserver is restarted.
options:
  name:
    description: Name of the cluster.
    type: str
    required: true
  kubeconfig:
    description: The administrator's kubeconfig on this machine. Its server and its names are kept.
    type: path
    required: true
  renew:
    description:
      - V(due) renews what has a third of its lifetime left or less, and restarts what does not use what was renewed before.
      - V(all) renews what is not due, too. V(none) only looks.
    type: str
    choices: [none, due, all]
    default: due
  directory:
    description: The O(slipway.platform.kind_cluster#module:directory) of the cluster, where is written down which kubeconfig belongs to it.
    type: path
  timeout:
    description: How long to wait for each restart, in seconds.
    type: int
    default: 120
attributes:
  check_mode:
    description: Says what would be renewed and restarted.
    support: full
  diff_mode:
    description: Compares serials and dates, what has old certificates in memory, and the kubeconfig.
    support: full
author:
  - Slipway maintainers (@slipway)
"""

EXAMPLES = r"""
- name: Renew what is due
  slipway.platform.kind_certificates:
    name: "{{ kind_result.name }}"
    kubeconfig: "{{ kind_result.kubeconfig }}"
    directory: .slipway/local/kind
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
certificates:
  description: The certificates on the nodes.
  type: list
  elements: dict
  returned: success
  contains:
    node:
      description: Name of the node.
      type: str
    name:
      description: What it is for.
      type: str
      sample: kube-apiserver to etcd
    path:
      description: Its file on the node.
      type: str
    subject:
      description: Its subject; null if the file could not be read as a certificate.
      type: str
    renewed:
      description: Whether it was renewed, or would be.
      type: bool
    before:
      description: Serial number (hex), not_before and not_after as they were found; null if there was none.
      type: dict
    after:
      description: The same as they were left; null in check mode for what would be renewed.
      type: dict
renewed:
  description: What was renewed, or would be.
  type: list
  elements: str
  returned: success
  sample: [kube-apiserver on slipway-local-control-plane]
restarted:
  description: What was restarted, in this order, with name, node and the seconds until it was well again (null in check mode).
  type: list
  elements: dict
  returned: success
seconds:
  description: How long it took.
  type: float
  returned: success
before:
  description: Serials and dates by node, what had old certificates in memory, and the serial of the kubeconfig, as they were found.
  type: dict
  returned: success
after:
  description: The same as they were left.
  type: dict
  returned: success
"""
