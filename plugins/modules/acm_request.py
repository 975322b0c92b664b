# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_request
short_description: Ensure a certificate that ACM issues
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Requests a public certificate of AWS Certificate Manager, makes the records that prove the names in a zone of Route 53, and waits, with a live line, until
    it is issued. ACM renews it by itself as long as these records stay and something uses it.
  - A certificate is found by its domain, all its names, its kind of key, and the tags C(slipway:environment) and C(slipway:name) where O(tags) has them.
    One that is in use goes before one that is not, and a newer one before an older one. Two in use are refused, with their ARNs.
  - Names and kind of key of a certificate never change. When others are wanted, another certificate is requested; RV(superseded) has the ARNs of those
    before, which can go when nothing uses them any more.
  - M(slipway.platform.acm_certificate) imports certificates of other authorities.
options:
  domain:
    description: Its first name, such as V(shop.example.com).
    type: str
    required: true
  alternative_names:
    description: Its further names, such as V(*.shop.example.com).
    type: list
    elements: str
    default: []
  key_algorithm:
    description: Kind of its key.
    type: str
    choices: [RSA_2048, RSA_3072, RSA_4096, EC_prime256v1, EC_secp384r1, EC_secp521r1]
    default: RSA_2048
  transparency_logging:
    description: Whether it is written into public logs, without which browsers don't trust it. Left out it is not looked at, and for a new one it is.
    type: bool
  zone:
    description: >-
      Name of the public zone in Route 53 where the records of the validation are made. Without it and O(zone_id) make those in RV(validation_records)
      wherever the names are served, with O(wait=false) first.
    type: str
    default: ""
  zone_id:
    description: Id of that zone, for one of several that have the same name.
    type: str
    default: ""
  state:
    description: >-
      With V(absent) the certificates with the domain and the tags are deleted, unless something uses one of them; and, where O(zone) says where, the records
      that validated them, unless another certificate of this region has the name. Leave out O(zone) where one of another region needs the records.
    type: str
    choices: [present, absent]
    default: present
  wait:
    description: Whether to wait until it is issued.
    type: bool
    default: true
  timeout:
    description: Seconds to wait.
    type: int
    default: 1800
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
attributes:
  check_mode:
    description: Reads only. The ARN of one that would be requested is V((known after apply\)), and its records are not known.
    support: full
  diff_mode:
    description: Shows names, kind of key, state and tags, and records that are missing.
    support: full
"""

EXAMPLES = r"""
- name: Have a certificate for the shop
  slipway.platform.acm_request:
    region: eu-central-1
    domain: shop.example.com
    alternative_names: ["*.shop.example.com"]
    zone: example.com
    tags:
      slipway:environment: prod
      slipway:name: shop
  register: certificate
"""

RETURN = r"""
arn:
  description: Its ARN, for the load balancer. In check mode V((known after apply\)) for one that would be requested.
  returned: success
  type: str
domain:
  description: Its first name.
  returned: success
  type: str
status:
  description: Its state in ACM's words, V(ISSUED) after waiting.
  returned: success
  type: str
not_after:
  description: When it ends, ISO 8601 in UTC; empty before it is issued.
  returned: success
  type: str
in_use_by:
  description: ARNs of what uses it.
  returned: success
  type: list
  elements: str
validation_records:
  description: The records that prove its names, each with C(name), C(type) and C(value).
  returned: success
  type: list
  elements: dict
superseded:
  description: ARNs of other certificates with this domain and these tags.
  returned: success
  type: list
  elements: str
before:
  description: By domain what was compared, as it was.
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
