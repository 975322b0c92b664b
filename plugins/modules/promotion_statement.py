# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: promotion_statement
short_description: Say something of images in signed statements
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Attaches in-toto statements, each signed in a Sigstore bundle, to images in their registries. C(cosign verify-attestation --key) accepts them.
  - Everything is checked before anything is written. The statement says the moment and the signer by itself.
  - A statement that this key has made already is not made again. V(tested), V(verified) and V(scanned) say what was found at a moment and are
    always news; V(deployed) is compared with the newest one; V(approved) and V(bypassed) are made again if they should last longer.
options:
  statements:
    description: What to say.
    type: list
    elements: dict
    default: []
    suboptions:
      type:
        description: What kind of statement it is.
        type: str
        required: true
        choices: [built, tested, deployed, verified, approved, rejected, bypassed, scanned]
      images:
        description: The images, each as C(registry/repository@digest), or with a tag, which is resolved once.
        type: list
        elements: str
        required: true
      fields:
        description:
          - 'V(built): C(revision), C(source), C(builder). V(tested): C(suite), C(passed). V(scanned): C(scanner), C(findings), a list of C(id),
            C(severity), C(package), C(fixed).'
          - 'V(deployed): C(environment), C(release). V(verified): C(environment), C(passed), and C(evidence) if wanted.'
          - 'V(approved): C(environment), C(plan), the hash, and C(expires). V(rejected): C(reason), and C(environment) if it is about one only.
            V(bypassed): C(environment), C(gates), C(reason), C(expires).'
        type: dict
        required: true
  approve:
    description: A saved plan to approve; shows it, and says V(approved) of each of its digests, where they come from. The hash of the file is checked first.
    type: dict
    suboptions:
      plan:
        description: The plan.
        type: path
        required: true
      environment:
        description: The environment that it must be for.
        type: str
        required: true
      hours:
        description: How long the approval holds.
        type: int
        default: 24
extends_documentation_fragment: [slipway.platform.signer, slipway.platform.registry_access]
attributes:
  check_mode:
    support: full
    description: Reads everything, says what would be attached, and writes nothing.
  diff_mode:
    support: none
    description: There is nothing to compare.
seealso:
  - module: slipway.platform.promotion_plan
"""

EXAMPLES = r"""
- name: Say that stage runs it and that it was verified there
  slipway.platform.promotion_statement:
    signer: {name: ci, key_file: /etc/slipway/ci.key, password_variable: CI_KEY_PASSWORD}
    statements:
      - type: deployed
        images: [registry.example.com/stage/hello@sha256:0f3d6d5d6b1d3f5b8a3c6f0e5a7b9c1d2e3f405162738495a6b7c8d9e0f10213]
        fields: {environment: stage, release: "12"}
      - type: verified
        images: [registry.example.com/stage/hello@sha256:0f3d6d5d6b1d3f5b8a3c6f0e5a7b9c1d2e3f405162738495a6b7c8d9e0f10213]
        fields: {environment: stage, passed: true, evidence: .slipway/stage/evidence}
"""

RETURN = r"""
statements:
  description: The statements in the order in which they were asked for.
  type: list
  elements: dict
  returned: success
  contains:
    type: {description: Its type., type: str}
    image: {description: The image as it was given., type: str}
    digest: {description: The digest that it is about., type: str}
    reference: {description: "Where it is attached; empty if it would be, in check mode.", type: str}
    said: {description: The moment that it names (RFC 3339)., type: str}
    changed: {description: Whether it was attached now., type: bool}
"""
