# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_sign
short_description: Sign images so that cosign and image_verify accept them
version_added: 0.1.0
author: Slipway maintainers (@slipway)
description:
  - Signs any number of images with one key, an ECDSA P-256 key in a file or in AWS KMS. No C(cosign) is needed, on either side.
  - What is signed is the digest. A signature stays good when the image is promoted to another repository or registry.
  - An image that the key has signed already, in the forms that are asked for, is left alone; the signature that is there is verified, not only found.
  - Nothing is sent to a transparency log, so C(cosign verify --key) is told C(--insecure-ignore-tlog=true).
options:
  images:
    description: The images, each as C(registry/repository@digest), or with a tag, which is resolved once.
    type: list
    elements: str
    required: true
  forms:
    description:
      - V(bundle) is a Sigstore bundle as OCI referrer, which cosign 3 writes and reads.
      - V(tag) is the tag C(sha256-<hex>.sig) of cosign 1 and 2. cosign 3 looks at it only where an image has no bundle at all, also none of a statement,
        so give it in addition, for older clients.
    type: list
    elements: str
    choices: [bundle, tag]
    default: [bundle]
extends_documentation_fragment: [slipway.platform.signer, slipway.platform.registry_access]
attributes:
  check_mode:
    support: full
    description: Reads everything, says what would be signed, and writes nothing.
  diff_mode:
    support: full
    description: Shows image, form and key of every signature that is added.
seealso:
  - module: slipway.platform.image_verify
"""

EXAMPLES = r"""
- name: Sign what was built
  slipway.platform.image_sign:
    images:
      - localhost:5001/hello@sha256:48558c1aba6b17b825cd7dfeb771daaa7dce703c9ea101399ea5c08dcdd002b8
      - localhost:5001/herald@sha256:a01cf31f6e6ac39de3b07773cbade013fe3fc1d4ed4dad56bd88579bbd877fb9
    signer:
      name: release
      key_file: /etc/slipway/release.key
      password_variable: COSIGN_PASSWORD

- name: Sign with a key that never leaves AWS, for older clients too
  slipway.platform.image_sign:
    images: ["registry.example.com/shop/hello:v1.4.0"]
    signer:
      name: release
      kms_key: alias/slipway-release
    forms: [bundle, tag]
"""

RETURN = r"""
images:
  description: The images in the order in which they were asked for, each once.
  type: list
  elements: dict
  returned: success
  contains:
    reference: {description: The image by digest., type: str}
    digest: {description: Its digest., type: str}
    action: {description: "signed or unchanged.", type: str}
    forms: {description: The forms in which it was signed now., type: list, elements: str}
signer:
  description: The name of the key.
  type: str
  returned: success
key_id:
  description: Its fingerprint, base64 of the SHA-256 of the public key (DER); cosign writes it into bundles.
  type: str
  returned: success
public_key:
  description: The public key (PEM), for whoever verifies.
  type: str
  returned: success
"""
