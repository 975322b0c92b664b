# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS: keys that are named by their ARN."""

from __future__ import annotations

import json

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
