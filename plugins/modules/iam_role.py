# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_role
short_description: Converge a set of IAM roles with their policies
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Makes, changes or removes roles with their trust, policies, boundary, tags and instance profiles. All of them are read with one or two calls,
    so who runs this needs C(iam:GetAccountAuthorizationDetails), and C(iam:ListRoles) where a role has O(roles[].description) or
    O(roles[].max_session).
  - Documents are compared by what they mean. The order of keys, a single value or a list of one, and an account's number or its root are the same.
  - What is new is given before what is old is taken away. A principal that was made a moment ago, by the same task too, is waited for.
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
options:
  roles:
    description: The roles. What is left out of one is not compared and not touched.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its name.
        type: str
        required: true
      path:
        description: Its path. AWS can't change it.
        type: str
        default: /
      description:
        description: What it is for.
        type: str
      trust:
        description: Who may assume it - a policy document, as a dict or as JSON. A role that is not there yet needs it.
        type: raw
      managed_policies:
        description: All managed policies that it has, by ARN; those of AWS can be written by their name.
        type: list
        elements: str
      inline_policies:
        description: All policies of its own, by name, each a policy document as a dict or as JSON.
        type: dict
      permissions_boundary:
        description: ARN of the policy that limits it, or the name of one of AWS's; empty for none.
        type: str
      max_session:
        description: Longest session in seconds, from 3600 to 43200.
        type: int
      instance_profile:
        description: Whether there is an instance profile of the same name with this role in it. EC2 instances take roles that way.
        type: bool
      tags:
        description: Tags beside O(tags).
        type: dict
        default: {}
  state:
    description: Whether they shall be there. V(absent) needs their names only. It takes their policies off and leaves other instance profiles first.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Reads only. An ARN that AWS will make is V((known after apply\)).
    support: full
  diff_mode:
    description: Shows what was compared of each role, documents in their one form.
    support: full
"""

EXAMPLES = r"""
- name: Have the roles of a cluster and of a service
  slipway.platform.iam_role:
    region: eu-central-1
    roles:
      - name: orders-prod-cluster
        trust:
          Version: "2012-10-17"
          Statement:
            - {Effect: Allow, Principal: {Service: eks.amazonaws.com}, Action: ["sts:AssumeRole", "sts:TagSession"]}
        managed_policies: [AmazonEKSClusterPolicy, AmazonEKSComputePolicy]
      - name: orders-prod-hello
        trust:
          Version: "2012-10-17"
          Statement:
            - {Effect: Allow, Principal: {Service: pods.eks.amazonaws.com}, Action: ["sts:AssumeRole", "sts:TagSession"]}
        inline_policies:
          read-orders:
            Version: "2012-10-17"
            Statement: {Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::orders/*"}
    tags: {"slipway:environment": prod}
  register: iam
"""

RETURN = r"""
roles:
  description: By name, each with C(arn), and C(instance_profile_arn), which is empty without one. Empty after a removal.
  returned: success
  type: dict
before:
  description: What was compared, by role; {} where there was none.
  returned: success
  type: dict
after:
  description: The same as it is now, or would be.
  returned: success
  type: dict
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
"""
