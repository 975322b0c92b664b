# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_access_entry
short_description: Ensure who may enter an Amazon EKS cluster
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Keeps access entries of a cluster with their Kubernetes groups and access policies, for the whole cluster or for namespaces.
  - A new scope or policy is given before an old one is taken, so that nobody is without access in between.
options:
  cluster:
    description: The cluster's name.
    type: str
    required: true
  state:
    description: With V(absent) these entries are deleted.
    type: str
    choices: [present, absent]
    default: present
  entries:
    description: The entries.
    type: list
    elements: dict
    required: true
    suboptions:
      principal_arn:
        description: The IAM role or user; of a role its own ARN, not that of a session.
        type: str
        required: true
      type:
        description: V(STANDARD) for people and pipelines; the others are for nodes. An entry keeps its type.
        type: str
        choices: [STANDARD, EC2, EC2_LINUX, EC2_WINDOWS, FARGATE_LINUX, HYBRID_LINUX, HYPERPOD_LINUX]
        default: STANDARD
      username:
        description: The name in Kubernetes. Left out EKS makes one that names role and session, which is the better one for an audit.
        type: str
      groups:
        description: Kubernetes groups, for bindings of your own. Left out they are left alone; empty for none.
        type: list
        elements: str
      policies:
        description: EKS's access policies. Left out they are left alone; empty for none.
        type: list
        elements: dict
        suboptions:
          policy:
            description: Its name, such as V(AmazonEKSViewPolicy), or its ARN.
            type: str
            required: true
          namespaces:
            description: Where it counts, with V(*) for any characters. Empty for the whole cluster.
            type: list
            elements: str
            default: []
  purge:
    description: Whether those that are not in O(entries) are deleted. Never those that EKS made (of its own roles and of nodes), nor the caller's own.
    type: bool
    default: false
  purge_only:
    description: With O(purge), only those that carry all of these tags, so that environments which share a cluster leave each other alone.
    type: dict
    default: {}
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
attributes:
  check_mode:
    description: Reads only.
    support: full
  diff_mode:
    description: Each entry, before and after.
    support: full
"""

EXAMPLES = r"""
- name: Let administrators and developers in, and nobody else
  slipway.platform.eks_access_entry:
    region: eu-central-1
    cluster: prod
    entries:
      - principal_arn: arn:aws:iam::123456789012:role/admin
        policies:
          - policy: AmazonEKSClusterAdminPolicy
      - principal_arn: arn:aws:iam::123456789012:role/developer
        groups: [slipway-developers]
        policies:
          - policy: AmazonEKSViewPolicy
            namespaces: [shop, shop-*]
    purge: true
"""

RETURN = r"""
kept:
  description: Entries that are not wanted and that purging left alone, with C(principal_arn) and C(reason).
  returned: success
  type: list
  elements: dict
before:
  description: By principal, what was compared, as it was.
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
