# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EKS asks of EC2, IAM and KMS in the same account."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends


@dataclass(frozen=True)
class Subnet:
    id: str
    vpc: str
    zone: str
    zone_id: str


class Neighbours:
    """moto's. Whatever is asked for and not there is None."""

    def __init__(self, account: str, region: str, partition: str) -> None:
        self._ec2: Any = ec2_backends[account][region]
        self._iam: Any = iam_backends[account][partition]
        self._kms: Any = kms_backends[account][region]

    def subnet(self, subnet_id: str) -> Subnet | None:
        for group in self._ec2.subnets.values():
            if subnet_id in group:
                found = group[subnet_id]
                return Subnet(found.id, found.vpc_id, found.availability_zone, found.availability_zone_id)
        return None

    def vpc_cidrs(self, vpc_id: str) -> Sequence[str]:
        vpc = self._ec2.vpcs[vpc_id]
        return [str(item["cidr_block"]) for item in vpc.cidr_block_association_set]

    def zones(self) -> Sequence[tuple[str, str]]:
        """Name and id of each availability zone of the region."""
        return [(zone.name, zone.zone_id) for zone in self._ec2.describe_availability_zones()]

    def vpc_of_group(self, group_id: str) -> str | None:
        group = self._ec2.get_security_group_from_id(group_id)
        return group.vpc_id if group else None

    def make_group(self, name: str, vpc_id: str, tags: dict[str, str]) -> str:
        return str(self._ec2.create_security_group(name, "EKS created security group applied to ENI", vpc_id=vpc_id, tags=tags).id)

    def drop_group(self, group_id: str) -> None:
        if self.vpc_of_group(group_id):
            self._ec2.delete_security_group(group_id=group_id)

    def trusted_by(self, role_arn: str) -> frozenset[str] | None:
        """The services that may assume a role; None: there is no such role."""
        role = next((role for role in self._iam.roles.values() if role.arn == role_arn), None)
        return _trusted(role.assume_role_policy_document) if role else None

    def has_user(self, arn: str) -> bool:
        return any(user.arn == arn for user in self._iam.users.values())

    def key_state(self, key: str) -> str | None:
        """Enabled, Disabled or PendingDeletion, by ARN or alias; Asymmetric for a key that encrypts no secrets."""
        last = key.rpartition(":")[2]
        for found in self._kms.keys.values():
            if last in (found.id, f"key/{found.id}") or last in found.aliases:
                return str(found.key_state) if found.key_spec == "SYMMETRIC_DEFAULT" else "Asymmetric"
        return None


def _trusted(document: Any) -> frozenset[str]:
    statements = (json.loads(document) if isinstance(document, str) else document or {}).get("Statement", [])
    services: set[str] = set()
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", {})
        if statement.get("Effect") == "Allow" and isinstance(principal, dict):
            named = principal.get("Service", [])
            services |= {named} if isinstance(named, str) else set(named)
    return frozenset(services)
