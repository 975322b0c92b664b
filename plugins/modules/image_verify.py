# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_verify
short_description: Verify who signed images
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Verifies the signatures of any number of images with public keys (ECDSA P-256), in both forms that cosign writes, bundles and C(.sig) tags.
    Only the registry is asked; no transparency log, no C(cosign).
  - Signed by somebody else is told from does not verify, and both from having no signature.
  - Only image signatures count. A signed statement about an image, such as "rejected", is none, though C(cosign verify) takes it for one.
options:
  images:
    description: The images, each as C(registry/repository@digest), or with a tag, which is resolved once. Use the returned digest from then on.
    type: list
    elements: str
    required: true
  keys:
    description: Whose signatures count, by name the path of the public key (PEM, as C(cosign.pub)).
    type: dict
    default: {}
  identity:
    description:
      - Who else counts, by a certificate instead of a key (keyless), a mail address or the URI of a workflow. Goes together with O(issuer).
      - Needs the Python package C(sigstore). Bundles only; verified with the roots of trust that the package brings.
    type: str
  issuer:
    description: Who vouches for O(identity), for example C(https://token.actions.githubusercontent.com).
    type: str
  signed_as:
    description:
      - Names (C(registry/repository)) of which the signature must carry one, so that an image of another service with a good signature does not pass.
      - After a promotion that is the repository in which it was signed. Bundles that C(cosign sign) wrote carry no name and do not pass.
    type: list
    elements: str
    default: []
  minimum:
    description: How many different signers each image needs. V(0) only reports and never fails because of what was found.
    type: int
    default: 1
extends_documentation_fragment: [slipway.platform.registry_access]
attributes:
  check_mode:
    support: full
    description: Does the same, since it changes nothing.
  diff_mode:
    support: none
    description: Has nothing to show, since it changes nothing.
seealso:
  - module: slipway.platform.image_sign
"""

EXAMPLES = r"""
- name: Run only what the release key has signed
  slipway.platform.image_verify:
    images: ["registry.example.com/shop/hello:v1.4.0"]
    keys:
      release: "{{ inventory_dir }}/keys/release.pub"
  register: verified

- name: Report what a workflow or either of two keys has signed
  slipway.platform.image_verify:
    images: ["registry.example.com/shop/hello:v1.4.0"]
    keys:
      release: "{{ inventory_dir }}/keys/release.pub"
      security: "{{ inventory_dir }}/keys/security.pub"
    identity: https://github.com/example/shop/.github/workflows/release.yml@refs/heads/main
    issuer: https://token.actions.githubusercontent.com
    minimum: 0
"""

RETURN = r"""
images:
  description: The images in the order in which they were asked for, each once. Also returned if one is not verified.
  type: list
  elements: dict
  returned: always
  contains:
    reference: {description: The image by digest., type: str}
    digest: {description: Its digest., type: str}
    verdict:
      description: >-
        verified; too_few (trusted signers, and fewer than O(minimum)); unsigned; other_signer (signed by nobody who counts);
        broken (what is there does not verify, is of another image, or can't be read).
      type: str
    reason: {description: "Why it is not verified, in words.", type: str}
    signers: {description: Whose signatures count and verify., type: list, elements: str}
    signatures:
      description: Every signature that is there.
      type: list
      elements: dict
      contains:
        signer: {description: Who signed; empty if it counts for nothing., type: str}
        form: {description: "bundle or tag.", type: str}
        problem: {description: "Why it counts for nothing, in words.", type: str}
        code: {description: "The same as a word: other_signer, broken, other_image or unreadable.", type: str}
        reference: {description: Where it is., type: str}
"""
