# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS: keys that are named by their ARN, what a public key is for, and digests that are signed as they are."""

from __future__ import annotations

import base64
import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from moto.kms.responses import KmsResponse

from simulator.backend import Backend


class Kms(Backend, KmsResponse):
    def schedule_key_deletion(self) -> str:
        """moto has an exception for an ARN; AWS takes it, answers with it, and says what it did."""
        key = self.kms_backend.describe_key(self._get_param("KeyId"))
        days = self._get_param("PendingWindowInDays", 30)
        deletion = self.kms_backend.schedule_key_deletion(key.id, days)
        return json.dumps({"KeyId": key.arn, "DeletionDate": deletion, "KeyState": "PendingDeletion", "PendingWindowInDays": days})

    def cancel_key_deletion(self) -> str:
        key = self.kms_backend.describe_key(self._get_param("KeyId"))
        self.kms_backend.cancel_key_deletion(key.id)
        return json.dumps({"KeyId": key.arn})

    def disable_key(self) -> str:
        self.kms_backend.disable_key(self.kms_backend.describe_key(self._get_param("KeyId")).id)
        return "{}"

    def enable_key(self) -> str:
        self.kms_backend.enable_key(self.kms_backend.describe_key(self._get_param("KeyId")).id)
        return "{}"

    def get_public_key(self) -> str:
        """moto leaves KeySpec out, and lists the algorithms of every use."""
        key = self.kms_backend.describe_key(self._get_param("KeyId"))
        answer = json.loads(super().get_public_key())
        del answer["EncryptionAlgorithms" if key.key_usage == "SIGN_VERIFY" else "SigningAlgorithms"]
        return json.dumps({**answer, "KeyId": key.arn, "KeySpec": key.key_spec})

    def sign(self) -> str:
        """moto hashes a digest once more. Source: KMS API reference, Sign, MessageType."""
        key = self.kms_backend.describe_key(self._get_param("KeyId"))
        private = getattr(key.private_key, "private_key", None)
        if self._get_param("MessageType") != "DIGEST" or not isinstance(private, ec.EllipticCurvePrivateKey):
            return super().sign()
        algorithm = self._get_param("SigningAlgorithm")
        digest = {"ECDSA_SHA_256": hashes.SHA256(), "ECDSA_SHA_384": hashes.SHA384(), "ECDSA_SHA_512": hashes.SHA512()}[algorithm]
        signature = private.sign(self._get_param("Message"), ec.ECDSA(utils.Prehashed(digest)))
        return json.dumps({"KeyId": key.arn, "Signature": base64.b64encode(signature).decode(), "SigningAlgorithm": algorithm})
