# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys that never leave AWS KMS: a key of the kind ECC_NIST_P256 for SIGN_VERIFY.

API reference of AWS KMS, actions GetPublicKey and Sign. Credentials are found by boto3 as always; none passes through here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Access, Aws
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._sign.public import PublicKey, fingerprint, load_der

_ALGORITHM = "ECDSA_SHA_256"
_ATTEMPTS = 3


@dataclass(frozen=True)
class KmsKey:
    """A signer whose private key is in AWS KMS."""

    name: str
    public_key: PublicKey
    _aws: Aws = field(repr=False)
    _key: str = ""

    @property
    def key_id(self) -> str:
        return fingerprint(self.public_key)

    def sign(self, data: bytes) -> bytes:
        """The digest goes there, not the data: KMS takes at most 4096 bytes."""
        digest = hashlib.sha256(data).digest()
        signature: bytes = self._aws.call("kms", "sign", KeyId=self._key, Message=digest, MessageType="DIGEST", SigningAlgorithm=_ALGORITHM)["Signature"]
        return signature


def load(key: str, name: str = "", region: str | None = None, attempts: int = _ATTEMPTS) -> KmsKey:
    """A signer from a key id, ARN or alias (``alias/...``). Raises ``InvalidInput`` if the key is of another kind."""
    aws = Aws(Access(region or "", attempts=attempts))
    answer = aws.call("kms", "get_public_key", KeyId=key)
    if _ALGORITHM not in answer.get("SigningAlgorithms", []):  # there are none for keys that do not sign
        found = f"{answer.get('KeySpec')} for {answer.get('KeyUsage')}"
        raise InvalidInput(f"the KMS key {key} is {found}; use one with KeySpec ECC_NIST_P256 and KeyUsage SIGN_VERIFY")
    return KmsKey(name or key, load_der(answer["PublicKey"], f"the KMS key {key}"), aws, key)
