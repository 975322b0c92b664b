# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: security_group
short_description: Converge security groups in a VPC that somebody else keeps
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Makes, changes or removes security groups, for what stands in a network without being a part of it, as a database. M(slipway.platform.vpc) leaves
    them alone. The groups of a network itself belong to that module.
  - One call reads all of them. They are known by their names, of which a VPC has each once.
  - What is new is allowed before what is old is forbidden, so a connection that both allow is never refused.
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
options:
  vpc_id:
    description: The VPC. Needed with O(state=present); without it groups that shall be gone are known by their names and our tags in O(tags).
    type: str
    default: ""
  security_groups:
    description: The groups. Others are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its name.
        type: str
        required: true
      description:
        description: What it is for. AWS can't change it. Without it that is the name.
        type: str
      ingress:
        description: Rules for what comes in. Left out, they are not touched; otherwise these are all there are.
        type: list
        elements: dict
        suboptions: &rule
          protocol:
            description: V(all) and V(icmp) have no ports.
            type: str
            choices: [tcp, udp, icmp, all]
            default: tcp
          ports:
            description: Such as V(443) or V(8000-8100).
            type: list
            elements: str
            default: []
          sources:
            description: Where it comes from, or goes to - ranges, names of groups of this task, ids of other groups (C(sg-...)) or prefix lists (C(pl-...)).
            type: list
            elements: str
            required: true
          description:
            description: Why.
            type: str
            default: ""
      egress:
        description: Rules for what goes out. Left out, they are not touched - AWS gives a new group one that allows all.
        type: list
        elements: dict
        suboptions: *rule
      tags:
        description: Tags beside O(tags).
        type: dict
        default: {}
  state:
    description: Whether they shall be there. V(absent) takes their rules away first, and waits for what holds them and is being deleted.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Seconds that what holds a group may need to go.
    type: int
    default: 600
attributes:
  check_mode:
    description: Reads only. Ids that AWS will make are V((known after apply\)); O(vpc_id) and sources may be so, too.
    support: full
  diff_mode:
    description: Shows each group as it is compared.
    support: full
"""

EXAMPLES = r"""
- name: Let the nodes reach the database, and nobody else
  slipway.platform.security_group:
    region: eu-central-1
    vpc_id: "{{ eks_result.vpc.id }}"
    security_groups:
      - name: orders-prod-database
        ingress:
          - {ports: ["5432"], sources: ["{{ eks_result.security_group }}"], description: nodes}
        egress: []
    tags: {"slipway:environment": prod}
"""

RETURN = r"""
security_groups:
  description: Ids by name. Empty after a removal.
  returned: success
  type: dict
before:
  description: What was compared, by group; {} where there was none.
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
