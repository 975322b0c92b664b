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
  signer:
    description: Whose key signs. Neither a key nor a password is ever an argument, only where it is.
    type: dict
    required: true
    suboptions:
      name:
        description: The name that the policy gives to the key; that of the file if not given. The statement says that it is by this name.
        type: str
      key_file:
        description: The private key in PEM (ECDSA P-256), as PKCS#8 or SEC 1, or as C(cosign generate-key-pair) writes it. This or O(signer.kms_key).
        type: path
      password_file:
        description: File with the key's password; the last line end is not part of it.
        type: path
      password_variable:
        description: Name of the environment variable of the controller that holds the key's password.
        type: str
      kms_key:
        description: A key in AWS KMS by id, ARN or alias, of the kind C(ECC_NIST_P256) for C(SIGN_VERIFY). Needs C(boto3).
        type: str
      kms_region:
        description: The region of O(signer.kms_key), if it is not that of the controller's AWS configuration.
        type: str
  registries:
    description: What is needed to reach registries; one that is not listed is asked without credentials and checked with the machine's certificates.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: The host and port, as in the references.
        type: str
        required: true
      ca_file:
        description: The certificates to trust (PEM), instead of the machine's.
        type: path
      auth_file:
        description: A file with credentials in the format of Docker's C(config.json).
        type: path
  keys:
    description: Public keys (PEM) by the names that the statements use, beside those of O(policy).
    type: dict
    default: {}
  policy:
    description: A policy whose keys are trusted. This or O(keys).
    type: path
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
