# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """How AWS is reached; the specification is in module_utils/_aws/options.py."""

    DOCUMENTATION = r"""
options:
  region:
    description: The region, such as V(eu-central-1).
    type: str
    required: true
  profile:
    description:
      - A profile of the configuration of AWS. Credentials are never options - boto3 finds them, in the environment, in this profile, by SSO, or
        from the machine's own role.
    type: str
    default: ""
  endpoint_url:
    description: Where every service is asked, instead of AWS. O(endpoint_urls) goes first.
    type: str
    default: ""
  endpoint_urls:
    description: Where a service is asked, by its name in boto3, such as C({"eks":"https://vpce-0123.eks.eu-central-1.vpce.amazonaws.com"}).
    type: dict
    default: {}
  attempts:
    description: How often a call is tried that AWS throttles or does not answer, with boto3's adaptive pauses.
    type: int
    default: 8
requirements:
  - boto3 >= 1.40
"""

    TAGS = r"""
options:
  tags:
    description: Tags that it shall have. Tags of others stay, except those whose key begins with C(slipway:).
    type: dict
    default: {}
  purge_tags:
    description: Whether tags that are not in O(tags) are removed. Those of AWS itself stay.
    type: bool
    default: false
"""
