# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch Logs: a group has a class, and its key can change (API reference, CreateLogGroup, AssociateKmsKey, DisassociateKmsKey); moto has neither."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from moto.core.responses import EmptyResult
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.responses import LogsResponse

from simulator.backend import Backend


@dataclass
class Classes:
    """By the name of the group."""

    of: dict[str, str] = field(default_factory=dict)


class Logs(Backend, LogsResponse):
    def create_log_group(self) -> str:
        answer = str(super().create_log_group())
        self.state(Classes).of[self._get_param("logGroupName")] = self._get_param("logGroupClass") or "STANDARD"
        return answer

    def describe_log_groups(self) -> str:
        answer = json.loads(super().describe_log_groups())
        for group in answer["logGroups"]:
            group["logGroupClass"] = self.state(Classes).of.get(group["logGroupName"], "STANDARD")
        return json.dumps(answer)

    def associate_kms_key(self) -> EmptyResult:
        return self._encrypt(self._get_param("kmsKeyId"))

    def disassociate_kms_key(self) -> EmptyResult:
        return self._encrypt(None)

    def _encrypt(self, key: str | None) -> EmptyResult:
        group = self.logs_backend.groups.get(self._get_param("logGroupName"))
        if group is None:
            raise ResourceNotFoundException()
        group.kms_key_id = key
        return EmptyResult()
