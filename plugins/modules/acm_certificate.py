# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_certificate
short_description: Ensure a certificate in ACM, issued by AWS or imported
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - With O(domain) AWS Certificate Manager issues a public certificate. The records that prove the names are made in a zone of Route 53, and the task waits,
    with a live line, until it is issued. ACM renews it by itself as long as these records stay and something uses it.
  - Such a certificate is found by its domain, all its names, its kind of key, and the tags C(slipway:environment) and C(slipway:name) where O(tags) has them.
    One that is in use goes before one that is not, and a newer one before an older one. Two in use are refused, with their ARNs. Names and kind of key of
    a certificate never change. When others are wanted, another certificate is requested; RV(superseded) has the ARNs of those before, which can go when
    nothing uses them any more.
  - With O(name) or O(arn), O(certificate_file) and O(key_file) one that you have from elsewhere is imported, and imported again under the same ARN when the
    certificate or its chain is another, so whatever uses it (load balancers, CloudFront, ...) takes the new one without being changed. After an import ACM
    is asked until it gives the new one. What ACM issued is never imported over.
  - Runs on the controller, and the files are there.
options:
  domain:
    description: First name of a certificate that ACM issues, such as V(shop.example.com).
    type: str
    default: ""
  alternative_names:
    description: Its further names, such as V(*.shop.example.com). For O(domain).
    type: list
    elements: str
    default: []
  key_algorithm:
    description: Kind of its key, RSA_2048 if left out. For O(domain).
    type: str
    choices: [RSA_2048, RSA_3072, RSA_4096, EC_prime256v1, EC_secp384r1, EC_secp521r1]
  transparency_logging:
    description: >-
      Whether it is written into public logs, without which browsers don't trust it. Left out it is not looked at, and for a new one it is. For O(domain).
    type: bool
  zone:
    description: >-
      Name of the public zone in Route 53 where the records of the validation are made, for O(domain). Without it and O(zone_id) make those in
      RV(validation_records) wherever the names are served, with O(wait=false) first.
    type: str
    default: ""
  zone_id:
    description: Id of that zone, for one of several that have the same name.
    type: str
    default: ""
  name:
    description: Name of an imported certificate, which is its tag C(Name). If there is none, one is imported with this tag.
    type: str
    default: ""
  arn:
    description: The ARN under which it was imported, instead of O(name). One that does not exist is an error.
    type: str
    default: ""
  certificate_file:
    description: File with the certificate to import, and the chain behind it, in PEM.
    type: path
  key_file:
    description: File with its key, RSA or ECDSA, in PEM, not encrypted. Nobody else on the machine may be able to read it (mode 0600).
    type: path
  state:
    description:
      - With V(absent) the certificate goes, unless something uses it, in which case the message says what.
      - With O(domain) all certificates go that have the domain and the tags; and, where O(zone) says where, the records that validated them, unless another
        certificate of this region has the name. Leave out O(zone) where one of another region needs the records.
    type: str
    choices: [present, absent]
    default: present
  wait:
    description: Whether to wait until it is issued. An import is always waited for, since it takes a second.
    type: bool
    default: true
  timeout:
    description: Seconds to wait until it is issued.
    type: int
    default: 1800
  tags:
    description: >-
      Tags that it shall have. Tags of others stay, except those whose key begins with C(slipway:). C(slipway:environment) and C(slipway:name) also say which
      of several certificates with one domain or name is meant. Those of an imported one are left alone if none are given.
    type: dict
    default: {}
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
attributes:
  check_mode:
    description: >-
      Reads only. The ARN of one that would be requested or imported is V((known after apply\)), and the records of one that would be requested are not known.
    support: full
  diff_mode:
    description: Shows names, kind of key, state and tags, records that are missing, serial number and chain of what is imported; never keys.
    support: full
seealso:
  - module: slipway.platform.acme_certificate
  - module: slipway.platform.certificate_expiry_info
"""

EXAMPLES = r"""
- name: Have a certificate for the shop
  slipway.platform.acm_certificate:
    region: eu-central-1
    domain: shop.example.com
    alternative_names: ["*.shop.example.com"]
    zone: example.com
    tags:
      slipway:environment: prod
      slipway:name: shop
  register: certificate

- name: Have the load balancer take the certificate that was renewed elsewhere
  slipway.platform.acm_certificate:
    region: eu-central-1
    name: partners
    certificate_file: "{{ slipway_state_dir }}/tls/gateway.crt"
    key_file: "{{ slipway_state_dir }}/tls/gateway.key"
"""

RETURN = r"""
arn:
  description: Its ARN, for the load balancer. In check mode V((known after apply\)) for one that would be made; empty for one that is gone.
  returned: success
  type: str
domain:
  description: Its first name.
  returned: success
  type: str
status:
  description: Its state in ACM's words, V(ISSUED) after waiting, and for what was imported.
  returned: success
  type: str
serial:
  description: Serial number of what was imported, hex; empty for what ACM issues.
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
  description: The records that prove the names of one that ACM issues, each with C(name), C(type) and C(value).
  returned: success
  type: list
  elements: dict
superseded:
  description: ARNs of other certificates that ACM issued for this domain and these tags.
  returned: success
  type: list
  elements: str
before:
  description: By domain, name or ARN what was compared, as it was.
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
