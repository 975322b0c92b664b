# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_addon
short_description: Ensure add-ons of an Amazon EKS cluster
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Keeps a set of EKS's add-ons, with their versions, configuration and roles, several at a time, and waits until they are ready.
  - A configuration is checked against the schema of the very version before anything is written.
  - An add-on that is DEGRADED is waited for as long as its cause goes by itself (no nodes yet), and fails at once with EKS's words if not. One
    that was never made (CREATE_FAILED) is made anew.
options:
  cluster:
    description: The cluster's name.
    type: str
    required: true
  cluster_version:
    description: The cluster's Kubernetes version, or the one that it will have after this run. Left out EKS is asked where it matters.
    type: str
    default: ""
  state:
    description: With V(absent) these add-ons are deleted, and that is waited for.
    type: str
    choices: [present, absent]
    default: present
  addons:
    description: The add-ons. Others are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its name in EKS's catalogue, such as V(coredns).
        type: str
        required: true
      version:
        description:
          - V(default) for EKS's default for the cluster's version, V(newest) for the newest that fits it, or a version. The first two never go back.
          - Left out a new add-on gets EKS's default, and one that stands is left alone.
        type: str
      configuration:
        description: Its configuration, without secrets. Left out it is left alone; empty for none.
        type: dict
      conflicts:
        description: What happens to fields that somebody else changed - the write fails (V(none)), they are overwritten, or they are preserved.
        type: str
        choices: [none, overwrite, preserve]
        default: none
      pod_identity:
        description: Roles for its service accounts. Left out they are left alone; empty for none.
        type: list
        elements: dict
        suboptions:
          service_account:
            description: The service account.
            type: str
            required: true
          role_arn:
            description: The role, which pods.eks.amazonaws.com may assume.
            type: str
            required: true
      namespace:
        description: Where it lives. Left out EKS chooses. An add-on keeps it.
        type: str
      preserve:
        description: With O(state=absent), whether what it runs stays in the cluster.
        type: bool
        default: false
  wait:
    description: Whether to wait until they are ready.
    type: bool
    default: true
  timeout:
    description: Seconds to wait for each.
    type: int
    default: 1200
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
attributes:
  check_mode:
    description: Reads only. Versions that depend on a cluster which is not there yet are V((known after apply\)).
    support: full
  diff_mode:
    description: Each add-on, before and after.
    support: full
"""

EXAMPLES = r"""
- name: Have the add-ons
  slipway.platform.eks_addon:
    region: eu-central-1
    cluster: prod
    addons:
      - name: metrics-server
        version: default
        configuration:
          replicas: 2
      - name: external-dns
        version: default
        pod_identity:
          - service_account: external-dns
            role_arn: arn:aws:iam::123456789012:role/prod-external-dns
"""

RETURN = r"""
addons:
  description: Each with C(name), C(version), C(status) and C(issues) (one text, empty for none).
  returned: success
  type: list
  elements: dict
  sample: [{name: metrics-server, version: v0.8.0-eksbuild.2, status: ACTIVE, issues: ""}]
warnings:
  description: What a person should know, which Ansible shows, too.
  returned: success
  type: list
  elements: str
before:
  description: By the name of the add-on, what was compared, as it was.
  returned: success
  type: dict
after:
  description: The same, as it is now, or would be in check mode.
  returned: success
  type: dict
actions:
  description: What was done, or would be in check mode, in a few words each.
  returned: success
  type: list
  elements: str
"""
