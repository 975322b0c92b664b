# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_nodegroup
short_description: Ensure managed node groups of an Amazon EKS cluster
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Keeps a set of managed node groups, several at a time - their size, labels, taints, and how they are updated - and moves them to another
    Kubernetes version or image, in the way that O(nodegroups[].max_unavailable) says.
  - What EKS can't change (role, subnets, machines, disk) is refused before anything is touched.
  - One that was never made (CREATE_FAILED) is made anew.
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
    description: With V(absent) these node groups are deleted, and that is waited for.
    type: str
    choices: [present, absent]
    default: present
  nodegroups:
    description: The node groups. Others are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its name.
        type: str
        required: true
      role_arn:
        description: The role of its nodes. Needed to make it, and kept.
        type: str
      subnets:
        description: Where its nodes are. Needed to make it, and kept.
        type: list
        elements: str
      instance_types:
        description: What its nodes are, in the order of preference, which counts with V(ON_DEMAND). Kept.
        type: list
        elements: str
      ami_type:
        description: The kind of image, such as V(BOTTLEROCKET_x86_64) or V(AL2023_ARM_64_STANDARD). Kept.
        type: str
      capacity_type:
        description: How its nodes are paid. Kept.
        type: str
        choices: [ON_DEMAND, SPOT]
      disk_size:
        description: GiB of each node's disk. Kept.
        type: int
      version:
        description: V(cluster) for the cluster's Kubernetes version, or one such as V('1.35'). Left out it is left alone. It never goes back.
        type: str
      release_version:
        description: The very image, such as V(1.35.5-20261106). Left out a new version brings its newest image, and else it is left alone.
        type: str
      force:
        description: Whether nodes are replaced though a PodDisruptionBudget holds their pods.
        type: bool
        default: false
      scaling:
        description: How many nodes. What is left out is left alone.
        type: dict
        suboptions:
          min:
            description: The least.
            type: int
          max:
            description: The most.
            type: int
          desired:
            description: How many now. Leave it out where an autoscaler decides; a new node group begins with the least.
            type: int
      labels:
        description: Kubernetes labels of its nodes. Left out they are left alone; empty for none.
        type: dict
      taints:
        description: Kubernetes taints of its nodes. Left out they are left alone; empty for none.
        type: list
        elements: dict
        suboptions:
          key:
            description: Its key.
            type: str
            required: true
          value:
            description: Its value.
            type: str
            default: ""
          effect:
            description: What it does to pods that do not tolerate it.
            type: str
            choices: [NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE]
            required: true
      max_unavailable:
        description: How many nodes are replaced at a time - a number such as V('1'), or a share such as V(33%).
        type: str
      repair:
        description: Whether EKS replaces nodes that are ill.
        type: bool
  timeout:
    description: Seconds to wait for each thing that EKS does.
    type: int
    default: 3600
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
attributes:
  check_mode:
    description: Reads only.
    support: full
  diff_mode:
    description: Each node group, before and after.
    support: full
"""

EXAMPLES = r"""
- name: Have nodes
  slipway.platform.eks_nodegroup:
    region: eu-central-1
    cluster: prod
    nodegroups:
      - name: workers
        role_arn: arn:aws:iam::123456789012:role/prod-node
        subnets: [subnet-0a, subnet-0b, subnet-0c]
        instance_types: [m7g.large]
        ami_type: BOTTLEROCKET_ARM_64
        version: cluster
        scaling: {min: 3, max: 9}
        max_unavailable: 33%
        repair: true
"""

RETURN = r"""
nodegroups:
  description: Each with C(name), C(version), C(release_version), C(status) and C(issues) (one text, empty for none).
  returned: success
  type: list
  elements: dict
  sample: [{name: workers, version: "1.35", release_version: 1.35.5-20261106, status: ACTIVE, issues: ""}]
warnings:
  description: What a person should know, which Ansible shows, too.
  returned: success
  type: list
  elements: str
before:
  description: By the name of the node group, what was compared, as it was.
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
