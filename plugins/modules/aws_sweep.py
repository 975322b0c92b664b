# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: aws_sweep
short_description: Delete what is left of an environment on AWS, and see that nothing is
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Lists what has given tags, or was made by the controllers of given clusters (load balancers, target groups, network interfaces, security groups,
    volumes, instances), log groups by name, and DNS records that external-dns says are its own. Each kind is asked for its state where it lives, and not
    only in the tagging API, which lists late and goes on listing what is gone.
  - Then it deletes, stage by stage - alias records; load balancers, instances and records of external-dns; target groups, volumes, gateways and log
    groups; network interfaces; security groups and addresses; subnets; route tables; the VPC - and waits until nothing of a stage is left before the next
    begins. At last it lists again.
  - What holds data or secrets, and clusters, it only tells - databases, snapshots, buckets, repositories, keys, secrets, roles. Their own modules remove them.
    If one of these is left that O(keep) does not name, the task fails and says which.
extends_documentation_fragment:
  - slipway.platform.aws
options:
  tags:
    description: Tags that a thing must have, all of them.
    type: dict
    default: {}
  clusters:
    description: Names of EKS clusters. What their controllers made is known by the tags that they give. What a cluster shares with others stays.
    type: list
    elements: str
    default: []
  log_groups:
    description: What names of log groups begin with, such as V(/aws/eks/orders-prod/).
    type: list
    elements: str
    default: []
  records:
    description: Hosted zones with records that external-dns made.
    type: list
    elements: dict
    default: []
    suboptions:
      zone_id:
        description: Id of the hosted zone.
        type: str
        required: true
      owner:
        description: Its C(--txt-owner-id).
        type: str
        required: true
      prefix:
        description: Its C(--txt-prefix).
        type: str
        default: ""
  aliases:
    description:
      - Host names whose records lead to load balancers that this sweep finds, or that are named here. These alias records are deleted before the load
        balancers are.
      - A record of such a name that leads elsewhere is told as V(record elsewhere) and never deleted.
    type: list
    elements: dict
    default: []
    suboptions:
      zone:
        description: Name of the public hosted zone. Either this or O(aliases[].zone_id) is needed.
        type: str
        default: ""
      zone_id:
        description: Id of the hosted zone.
        type: str
        default: ""
      names:
        description: The host names.
        type: list
        elements: str
        required: true
      targets:
        description: DNS names of load balancers, beside those that are found.
        type: list
        elements: str
        default: []
  keep:
    description: Patterns of kinds, ids and names that stay, such as V(database), V(bucket) or V(arn:aws:kms:*).
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds for each stage.
    type: int
    default: 900
attributes:
  check_mode:
    description: Lists only.
    support: full
  diff_mode:
    description: Shows each thing with its kind, name, state and why it is looked for.
    support: full
"""

EXAMPLES = r"""
- name: Leave nothing of the environment but its databases and buckets
  slipway.platform.aws_sweep:
    region: eu-central-1
    tags: {"slipway:environment": dev}
    clusters: [orders-dev]
    log_groups: [/aws/eks/orders-dev/]
    records:
      - {zone_id: Z0123456789, owner: orders-dev}
    keep: [database, database snapshot, bucket]
"""

RETURN = r"""
found:
  description: What there was, each with C(kind), C(id), C(name), C(state) and C(because), why it was looked for.
  returned: success
  type: list
  elements: dict
kept:
  description: What of it stays, because O(keep) names it.
  returned: success
  type: list
  elements: dict
left:
  description: What would be to do in check mode; otherwise empty. A task that fails has what it could not delete.
  returned: always
  type: list
  elements: dict
ending:
  description: What AWS deletes by itself on a day (a key in its window, a secret that can be restored until then), as in RV(found), with the day in C(ends).
  returned: success
  type: list
  elements: dict
addresses:
  description: DNS names of the load balancers in RV(found).
  returned: success
  type: list
  elements: str
before:
  description: The same as RV(found), by kind and id.
  returned: success
  type: dict
after:
  description: The same now; {} for what is deleted, or would be.
  returned: success
  type: dict
actions:
  description: What was done, or would be.
  returned: success
  type: list
  elements: str
"""
