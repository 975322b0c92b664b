# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: promotion_verify
short_description: Check the ledger of an environment, its chain and all signatures
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Checks, offline, that every line of the ledger follows the one before, has the content that its hash names, and is signed by a key that is trusted,
    under the name that it claims. Fails with the number of the first line that is wrong, and why.
  - With O(registry) it also checks that every record is attached to its digest, and that nothing is attached to digests and tags of the same repositories
    that the ledger does not hold, which is how lines that were cut off at the end are missed.
options:
  environment:
    description: The environment.
    type: str
    required: true
  ledger:
    description: Its ledger. One that does not exist has no lines, and nothing to be wrong.
    type: path
    required: true
  registry:
    description: Whether to compare with the registries that the records name.
    type: bool
    default: false
extends_documentation_fragment: [slipway.platform.trusted_keys, slipway.platform.registry_access]
attributes:
  check_mode:
    support: full
    description: Only reads.
  diff_mode:
    support: none
    description: There is nothing to compare.
"""

EXAMPLES = r"""
- name: Nobody has touched the ledger
  slipway.platform.promotion_verify:
    environment: prod
    ledger: .slipway/prod/ledger.jsonl
    policy: inventories/prod/policy.yml
"""

RETURN = r"""
environment:
  description: The environment.
  returned: success
  type: str
head:
  description: The hash of the last line, to be kept elsewhere by whoever wants to be sure; empty without lines.
  returned: success
  type: str
lines:
  description: The lines, oldest first, each with C(sequence), C(time), C(service), C(version), C(digest), C(signer) and C(plan).
  returned: success
  type: list
  elements: dict
registry:
  description: Whether the registries were compared.
  returned: success
  type: bool
problems:
  description: Everything that is wrong.
  returned: failure
  type: list
  elements: str
line:
  description: The first line that is wrong, counted from 1.
  returned: failure of the chain or a signature
  type: int
"""
