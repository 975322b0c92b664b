# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_certificate
short_description: Ensure that certificates of yours are imported into ACM
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Imports certificates into AWS Certificate Manager, and imports a renewed one under the same ARN, so whatever uses it (load balancers, CloudFront, ...)
    takes the new one without being changed.
  - Nothing is imported if ACM holds what the file holds. After an import ACM is asked until it gives the new one.
  - What ACM issued is never touched, since ACM renews that itself.
  - Runs on the controller, and the files are there.
options:
  certificates:
    description: The certificates. Others are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      certificate_file:
        description: File with the certificate, and the chain behind it, in PEM.
        type: path
        required: true
      key_file:
        description: File with its key in PEM, not encrypted.
        type: path
        required: true
      arn:
        description: The ARN under which it was imported. One that does not exist is an error.
        type: str
        default: ""
      name:
        description: Its tag C(Name), instead of O(certificates[].arn). If there is none, one is imported with this tag.
        type: str
        default: ""
extends_documentation_fragment:
  - slipway.platform.aws
attributes:
  check_mode:
    description: Reads only. The ARN of one that would be imported is V((known after apply\)).
    support: full
  diff_mode:
    description: Shows ARNs and serial numbers, never keys.
    support: full
"""

EXAMPLES = r"""
- name: Have the load balancer take the renewed certificate
  slipway.platform.acm_certificate:
    region: eu-central-1
    certificates:
      - arn: arn:aws:acm:eu-central-1:111122223333:certificate/12345678-1234-1234-1234-123456789012
        certificate_file: "{{ slipway_state_dir }}/tls/gateway.crt"
        key_file: "{{ slipway_state_dir }}/tls/gateway.key"
"""

RETURN = r"""
certificates:
  description: The certificates in the order in which they were asked for.
  type: list
  elements: dict
  returned: success
  contains:
    arn: {description: Its ARN., type: str}
    name: {description: Its name as it was given., type: str}
    action: {description: "unchanged, imported or renewed.", type: str}
    serial: {description: "Serial number of what the file holds, hex.", type: str}
    not_after: {description: "End, ISO 8601 in UTC.", type: str}
    dns: {description: Host names., type: list, elements: str}
    in_use_by: {description: ARNs of what uses it., type: list, elements: str}
actions:
  description: What was done, or would be, in a few words each.
  type: list
  elements: str
  returned: success
before:
  description: ARN and serial number of each before, by name or ARN; empty for one that was not there.
  type: dict
  returned: success
after:
  description: The same afterwards.
  type: dict
  returned: success
"""
