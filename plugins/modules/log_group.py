# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: log_group
short_description: Converge a set of log groups of CloudWatch Logs
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Makes, changes or removes log groups with their retention, encryption and tags. One call lists them by what their names have in common, and one
    for each has its tags.
  - A group that is made before the service that writes to it has its retention from the beginning; one that AWS makes by itself keeps logs for ever.
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
options:
  groups:
    description: The groups. What is left out of one is not compared and not touched.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its name, such as V(/aws/eks/orders/cluster).
        type: str
        required: true
      retention:
        description: Days for which logs are kept; 0 is for ever. AWS takes 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731 and some more.
        type: int
      kms_key:
        description: ARN of the key that encrypts it; empty for AWS's own. The key's policy must let Logs use it.
        type: str
      class:
        description: Its class. AWS can't change it.
        type: str
        choices: [STANDARD, INFREQUENT_ACCESS, DELIVERY]
      tags:
        description: Tags beside O(tags).
        type: dict
        default: {}
  state:
    description: Whether they shall be there. V(absent) deletes them with all that they keep.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Reads only. The ARN of a group that would be made is V((known after apply\)).
    support: full
  diff_mode:
    description: Shows what was compared of each group.
    support: full
"""

EXAMPLES = r"""
- name: Have the log groups of a cluster
  slipway.platform.log_group:
    region: eu-central-1
    groups:
      - {name: /aws/eks/orders-prod/cluster, retention: 90}
      - {name: /orders-prod/flows, retention: 30, class: INFREQUENT_ACCESS}
    tags: {"slipway:environment": prod}
"""

RETURN = r"""
groups:
  description: ARNs by name, as policies have them. Empty after a removal.
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
