# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """Whose key signs; the specification is in module_utils/_sign/options.py."""

    DOCUMENTATION = r"""
options:
  signer:
    description: Whose key signs. Neither a key nor a password is ever an argument, only where it is.
    type: dict
    required: true
    suboptions:
      name:
        description:
          - The name of the key in results and policies; that of the file, or the key's own in KMS, if not given.
          - A statement says that it is by this name.
        type: str
      key_file:
        description:
          - The private key in PEM, as PKCS#8 or SEC 1, or as C(cosign generate-key-pair) writes it (C(ENCRYPTED SIGSTORE PRIVATE KEY)).
          - This or O(signer.kms_key).
        type: path
      password_file:
        description: File with the key's password; the last line end is not part of it.
        type: path
      password_variable:
        description: Name of the environment variable of the controller that holds the key's password, for example C(COSIGN_PASSWORD).
        type: str
      kms_key:
        description:
          - A key in AWS KMS by id, ARN or C(alias/<name>), of the kind C(ECC_NIST_P256) for C(SIGN_VERIFY). Two requests to KMS are allowed
            for it, C(kms:GetPublicKey) and C(kms:Sign).
          - Needs C(boto3), which finds region and credentials as always.
        type: str
      kms_region:
        description: The region of O(signer.kms_key), if it is not that of the controller's AWS configuration.
        type: str
"""

    # For a module that can do without: slipway.platform.signer.optional.
    OPTIONAL = DOCUMENTATION.replace("required: true", "required: false")
