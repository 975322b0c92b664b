# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: route53_record
short_description: Ensure records in a zone of Amazon Route 53
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Keeps a set of records of one zone as wanted, in one change that happens as a whole, and waits until all name servers have it.
  - A record that is there with another content is refused, with what is there and, where external-dns says it, whose it is. O(overwrite) makes it yours.
    Records that a routing policy chooses between (weighted, by region, ...) are never touched.
  - The zone must be there. It is not made here, since a zone answers nobody until the owner of the name has delegated it.
options:
  zone:
    description: Name of the zone. Either this or O(zone_id) is needed.
    type: str
    default: ""
  zone_id:
    description: Id of the zone, for one of several that have the same name.
    type: str
    default: ""
  private:
    description: Whether the zone of the name O(zone) is a private one.
    type: bool
    default: false
  records:
    description: The records. Others of the zone are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its whole name, such as V(www.example.com).
        type: str
        required: true
      type:
        description: Its type.
        type: str
        choices: [A, AAAA, CAA, CNAME, MX, NS, SRV, TXT]
        required: true
      values:
        description: All its values. Those of V(TXT) need no quotes. May be empty with O(state=absent), for whatever is there.
        type: list
        elements: str
        default: []
      ttl:
        description: For how many seconds others may keep the answer.
        type: int
        default: 300
      alias:
        description: A resource of AWS that answers in its place, for V(A) and V(AAAA).
        type: dict
        suboptions:
          dns_name:
            description: Host name of the resource, such as that of a load balancer.
            type: str
            required: true
          zone_id:
            description: Id of the zone that AWS keeps this host name in; the resource tells it. Not that of your own zone.
            type: str
            required: true
          evaluate_target_health:
            description: Whether the record answers only while the resource is healthy.
            type: bool
            default: false
  state:
    description: With V(absent) the records are deleted; one with another content than O(records[].values) is refused.
    type: str
    choices: [present, absent]
    default: present
  overwrite:
    description: Whether a record that is there with another content is changed, or deleted.
    type: bool
    default: false
  wait:
    description: Whether to wait until all name servers of Route 53 have the change.
    type: bool
    default: true
  timeout:
    description: Seconds to wait.
    type: int
    default: 300
extends_documentation_fragment:
  - slipway.platform.aws
attributes:
  check_mode:
    description: Reads only.
    support: full
  diff_mode:
    description: Shows values, alias and TTL of each record.
    support: full
"""

EXAMPLES = r"""
- name: Have the shop's name lead to its load balancer
  slipway.platform.route53_record:
    region: eu-central-1
    zone: example.com
    records:
      - name: shop.example.com
        type: A
        alias: {dns_name: shop-1234.eu-central-1.elb.amazonaws.com, zone_id: Z215JYRZR1TBD5}
      - name: example.com
        type: CAA
        values: ['0 issue "amazon.com"']
"""

RETURN = r"""
zone:
  description: Name of the zone.
  returned: success
  type: str
zone_id:
  description: Its id.
  returned: success
  type: str
records:
  description: C(name) and C(type) of each record. Empty with O(state=absent).
  returned: success
  type: list
  elements: dict
before:
  description: By record what was there.
  returned: success
  type: dict
after:
  description: The same, as it is now, or would be in check mode.
  returned: success
  type: dict
actions:
  description: What was done, or would be in check mode.
  returned: success
  type: list
  elements: str
"""
