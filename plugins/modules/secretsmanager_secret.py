# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: secretsmanager_secret
short_description: Ensure secrets in AWS Secrets Manager
version_added: 0.2.0
author: Slipway maintainers (@slipway)
description:
  - Keeps a set of secrets as wanted. A value is made once, by the rules that M(slipway.platform.secret_store) has, and kept; or it is read from a file
    of the controller; or it is left alone.
  - No value is an option, a result, or in a diff or a log. Names of entries and ids of versions are.
  - A value of entries is a JSON object of texts, as External Secrets reads it. Entries that others put beside them stay.
  - A secret that is scheduled for deletion is restored when it is wanted again, with the value that it had.
  - One that is a copy of another region's is refused.
options:
  secrets:
    description: The secrets. Others are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its name, such as V(shop/prod/session).
        type: str
        required: true
      values:
        description: Entries that are not secret, for example a host name. They may be seen in logs.
        type: dict
        default: {}
      generate:
        description:
          - Entries that are generated once, each with an optional C(length) (characters, at least 16, default 32) and C(alphabet)
            (default letters and digits).
        type: dict
        default: {}
      compose:
        description: Entries made of others, with C(${key}) or C(${key|filter}) in their text. Filters are C(sha256), C(base64) and C(urlencode).
        type: dict
        default: {}
      file:
        description: A file of the controller whose text, as it is, is the value. Nobody else on the machine may be able to read it (mode 0600).
        type: path
      rotate:
        description: As O(rotate), for this secret.
        type: bool
        default: false
      description:
        description: What it is for. Left out it is not looked at.
        type: str
      kms_key:
        description: ARN, id or alias of the key that encrypts it. Left out it is not looked at, and a new secret has AWS's own key.
        type: str
      policy:
        description: Resource policy, a dict or JSON text. Left out it is not looked at, and empty there is none. One that lets everybody in is refused by AWS.
        type: raw
      replica_regions:
        description: Regions that have a copy. Left out they are not looked at.
        type: list
        elements: str
      tags:
        description: Tags of this secret, over those in O(tags).
        type: dict
        default: {}
  state:
    description: With V(absent) the secrets are deleted.
    type: str
    choices: [present, absent]
    default: present
  rotate:
    description:
      - Whether all generated entries get new values now. The new version is C(AWSCURRENT), the one before C(AWSPREVIOUS). Secrets without generated entries
        are left out.
      - With it every run makes new values, so it is for a task that somebody asks for.
    type: bool
    default: false
  recovery_days:
    description: For how many days a secret that V(absent) deletes can be restored, V(7) to V(30). With V(0) it is gone at once.
    type: int
    default: 30
extends_documentation_fragment:
  - slipway.platform.aws
  - slipway.platform.aws.tags
attributes:
  check_mode:
    description:
      - Reads only. Ids of versions that would be made are V((known after apply\)). Of a secret that would be restored, value and policy are taken as
        they are wanted, since AWS shows neither.
    support: full
  diff_mode:
    description: Shows names of entries, ids of versions, and what else is compared; no value.
    support: full
"""

EXAMPLES = r"""
- name: Have the secrets of the shop
  slipway.platform.secretsmanager_secret:
    region: eu-central-1
    secrets:
      - name: shop/prod/session
        generate:
          key: {length: 48}
      - name: shop/prod/cache
        values: {username: shop}
        generate:
          password: {}
        compose:
          url: "rediss://${username}:${password|urlencode}@cache.internal:6379"
      - name: shop/prod/payment
        description: From the payment service's console; put there by hand.
    tags:
      slipway:environment: prod

- name: Make a new session key
  slipway.platform.secretsmanager_secret:
    region: eu-central-1
    secrets:
      - name: shop/prod/session
        generate:
          key: {length: 48}
        rotate: true
    tags:
      slipway:environment: prod
"""

RETURN = r"""
secrets:
  description:
    - Each secret with C(name), C(arn), C(version_id) (of C(AWSCURRENT)) and C(previous_version_id) (of C(AWSPREVIOUS)); empty where there is none.
      Empty with O(state=absent).
  returned: success
  type: list
  elements: dict
before:
  description: By secret what was compared, as it was.
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
