# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_key
short_description: Converge a set of KMS keys, by their aliases
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Makes, changes or schedules the deletion of symmetric keys of one region, each known by an alias. One call lists all aliases; of each key is
    asked only what is compared, since AWS has no call for many keys.
  - A key whose alias was not made any more, by a run that was interrupted, is found by its tag C(slipway:alias) and gets it.
  - A key that waits for its deletion, or is disabled, and is wanted again is kept and enabled.
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
options:
  keys:
    description: The keys. What is left out of one is not compared and not touched.
    type: list
    elements: dict
    required: true
    suboptions:
      alias:
        description: Its alias, with or without C(alias/) before it.
        type: str
        required: true
      description:
        description: What it is for.
        type: str
      policy:
        description:
          - Who may use and administer it - a policy document, as a dict or as JSON, compared by what it means. Left out of a new key, it is KMS's own,
            which lets the IAM policies of the account decide.
        type: raw
      rotation:
        description: Whether KMS makes new key material each year. What was encrypted stays readable.
        type: bool
      tags:
        description: Tags beside O(tags).
        type: dict
        default: {}
  state:
    description: Whether they shall be there. V(absent) schedules their deletion. Until it comes nothing can be decrypted with them, and they can be kept.
    type: str
    choices: [present, absent]
    default: present
  deletion_window:
    description: Days until a key is really deleted, from 7 to 30.
    type: int
    default: 30
attributes:
  check_mode:
    description: Reads only. The id and ARN of a key that would be made are V((known after apply\)).
    support: full
  diff_mode:
    description: Shows what was compared of each key, the policy in its one form.
    support: full
"""

EXAMPLES = r"""
- name: Have keys for the secrets and the logs of an environment
  slipway.platform.kms_key:
    region: eu-central-1
    keys:
      - {alias: orders-prod-secrets, description: secrets of Kubernetes and of services, rotation: true}
      - {alias: orders-prod-logs, description: log groups, rotation: true}
    tags: {"slipway:environment": prod}
  register: kms
"""

RETURN = r"""
keys:
  description: By alias, each with C(id) and C(arn). Empty after a removal.
  returned: success
  type: dict
before:
  description: What was compared, by alias; {} where there was no key, or one that waits for a deletion that is wanted.
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
