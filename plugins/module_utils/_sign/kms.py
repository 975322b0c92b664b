# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private keys that never leave AWS KMS: a key of the kind ECC_NIST_P256 for SIGN_VERIFY.

API reference of AWS KMS, actions GetPublicKey and Sign. Credentials are found by boto3 as always; none passes through here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Denied, InvalidInput, Missing, NotFound, SlipwayError, Unreachable
from ansible_collections.slipway.platform.plugins.module_utils._sign.public import PublicKey, fingerprint, load_der

_ALGORITHM = "ECDSA_SHA_256"
_DENIED = ("AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException", "InvalidClientTokenId")
_UNUSABLE = ("DisabledException", "KMSInvalidStateException", "InvalidKeyUsageException", "UnsupportedOperationException", "ValidationException")


@dataclass(frozen=True)
class KmsKey:
    """A signer whose private key is in AWS KMS."""

    name: str
    public_key: PublicKey
    _client: Any = field(repr=False)
    _key: str = ""

    @property
    def key_id(self) -> str:
        return fingerprint(self.public_key)

    def sign(self, data: bytes) -> bytes:
        """The digest goes there, not the data: KMS takes at most 4096 bytes."""
        request = {"KeyId": self._key, "Message": hashlib.sha256(data).digest(), "MessageType": "DIGEST", "SigningAlgorithm": _ALGORITHM}
        answer: bytes = _call(self._client.sign, self._key, request)["Signature"]
        return answer


def load(key: str, name: str = "", region: str | None = None, client: Any = None) -> KmsKey:
    """A signer from a key id, ARN or alias (``alias/...``). Raises ``InvalidInput`` if the key is of another kind."""
    client = client or _connect(region)
    answer = _call(client.get_public_key, key, {"KeyId": key})
    if _ALGORITHM not in answer.get("SigningAlgorithms", []):  # there are none for keys that do not sign
        found = f"{answer.get('KeySpec')} for {answer.get('KeyUsage')}"
        raise InvalidInput(f"the KMS key {key} is {found}; use one with KeySpec ECC_NIST_P256 and KeyUsage SIGN_VERIFY")
    return KmsKey(name or key, load_der(answer["PublicKey"], f"the KMS key {key}"), client, key)


def _connect(region: str | None) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise Missing("a key in AWS KMS needs the Python package boto3 on the controller: pip install boto3") from None
    try:
        return boto3.client("kms", region_name=region, config=Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "max_attempts": 3}))
    except BotoCoreError as error:
        raise InvalidInput(f"AWS KMS cannot be asked: {error}") from None


def _call(method: Any, key: str, request: dict[str, Any]) -> Any:
    try:
        return method(**request)
    except Exception as error:
        raise _meaning(error, key) from None


def _meaning(error: Exception, key: str) -> SlipwayError:
    """What an error of botocore means; its classes are not imported, since a client may be given without it."""
    response = getattr(error, "response", None)
    code = str((response or {}).get("Error", {}).get("Code", ""))
    message = f"AWS KMS, key {key}: {code or type(error).__name__}"
    if code == "NotFoundException":
        return NotFound(f"{message}: there is no such key in this account and region")
    if code in _DENIED:
        return Denied(f"{message}: check the credentials, and that they may kms:GetPublicKey and kms:Sign on this key")
    if code in _UNUSABLE:
        return InvalidInput(f"{message}: it must be enabled, ECC_NIST_P256 and for SIGN_VERIFY")
    # The text of a client-side error can quote the request, which holds nothing secret, but also a credential provider's output.
    return Unreachable(f"{message}: no usable answer; try again", code=code)
