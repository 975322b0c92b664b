# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: promotion_record
short_description: Record a promotion in the ledger and at the digest
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Says in a signed statement for each service what was promoted, by which plan, gates and approvals, with the digests before and after, writes it as a line
    of the environment's ledger, chained to the line before by its hash, and attaches it to the digest at its destination.
  - A second run with the same plan changes nothing. A run that was cut short is finished by running it again.
  - With O(kubeconfig) the record also holds the digest that each container of the pod templates was given, so that M(slipway.platform.promotion_status) can
    tell sidecars, too.
options:
  plan:
    description: The plan that was carried out, as M(slipway.platform.promotion_plan) saved it.
    type: path
    required: true
  ledger:
    description: The ledger of the environment. It and its folder are made if they do not exist.
    type: path
    required: true
  kubeconfig:
    description: Kubeconfig of the cluster that was released to.
    type: path
  namespace:
    description: Namespace of the release. Needed beside O(kubeconfig).
    type: str
extends_documentation_fragment: [slipway.platform.signer, slipway.platform.trusted_keys, slipway.platform.registry_access]
attributes:
  check_mode:
    support: full
    description: Says what would be recorded, and writes nothing.
  diff_mode:
    support: none
    description: There is nothing to compare.
"""

EXAMPLES = r"""
- name: Record it
  slipway.platform.promotion_record:
    plan: .slipway/prod/plan.json
    ledger: .slipway/prod/ledger.jsonl
    kubeconfig: .slipway/prod/kubeconfig
    namespace: hello
    policy: inventories/prod/policy.yml
    signer: {name: ci, key_file: /etc/slipway/ci.key, password_variable: CI_KEY_PASSWORD}
"""

RETURN = r"""
plan:
  description: The hash of the plan.
  returned: success
  type: str
head:
  description: The hash of the ledger's last line.
  returned: success
  type: str
records:
  description: The records, one for each service.
  type: list
  elements: dict
  returned: success
  contains:
    service: {description: The service., type: str}
    version: {description: Its version., type: str}
    digest: {description: Its digest., type: str}
    reference: {description: Where the record is attached., type: str}
    changed: {description: Whether something was written now., type: bool}
"""
