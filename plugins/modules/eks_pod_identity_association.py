# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_pod_identity_association
short_description: Ensure which IAM role pods of an Amazon EKS cluster get
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Keeps EKS Pod Identity associations, each of a service account with a role. Pods that run already get the role when they are started again.
  - Those that belong to an add-on are left to it; M(slipway.platform.eks_addon) sets them.
options:
  cluster:
    description: The cluster's name.
    type: str
    required: true
  state:
    description: With V(absent) these associations are deleted.
    type: str
    choices: [present, absent]
    default: present
  associations:
    description: The associations.
    type: list
    elements: dict
    required: true
    suboptions:
      namespace:
        description: The namespace.
        type: str
        required: true
      service_account:
        description: The service account.
        type: str
        required: true
      role_arn:
        description: The role, which pods.eks.amazonaws.com may assume. Needed unless O(state=absent).
        type: str
      target_role_arn:
        description: A role, of another account perhaps, that is assumed from there. Left out it is left alone; empty for none.
        type: str
      session_tags:
        description:
          - Whether sessions carry the names of cluster, namespace and service account as tags.
          - Left out it is left alone, and a new association has them.
        type: bool
  purge:
    description: Whether those that are not in O(associations) are deleted. Never those that belong to an add-on.
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
    description: Each association, before and after.
    support: full
"""

EXAMPLES = r"""
- name: Let the shop read its secrets
  slipway.platform.eks_pod_identity_association:
    region: eu-central-1
    cluster: prod
    associations:
      - namespace: shop
        service_account: web
        role_arn: arn:aws:iam::123456789012:role/prod-shop-web
    tags:
      slipway:environment: prod
    purge: true
    purge_only:
      slipway:environment: prod
"""

RETURN = r"""
kept:
  description: Associations that are not wanted and that purging left alone, with C(association) and C(reason).
  returned: success
  type: list
  elements: dict
before:
  description: By C(namespace/service account), what was compared, as it was.
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
