# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of EKS, by the shapes of the API reference: one code, one status, and the members that say what it is about.

EKS writes every member of an error's shape, null where it has nothing to say.
"""

from __future__ import annotations

from typing import Any

_CLUSTER = ("clusterName", "nodegroupName")
_MEMBERS: dict[str, tuple[int, tuple[str, ...]]] = {
    "BadRequestException": (400, ()),
    "ClientException": (400, (*_CLUSTER, "addonName", "subscriptionId")),
    "InvalidParameterException": (400, (*_CLUSTER, "fargateProfileName", "addonName", "subscriptionId")),
    "InvalidRequestException": (400, (*_CLUSTER, "addonName", "subscriptionId")),
    "InvalidStateException": (400, ("clusterName",)),
    "NotFoundException": (404, ()),
    "ResourceInUseException": (409, (*_CLUSTER, "addonName")),
    "ResourceLimitExceededException": (400, (*_CLUSTER, "subscriptionId")),
    "ResourceNotFoundException": (404, (*_CLUSTER, "fargateProfileName", "addonName", "subscriptionId")),
    "UnsupportedAvailabilityZoneException": (400, (*_CLUSTER, "validZones")),
}


class EksError(Exception):
    """``body``: what stands in the answer."""

    def __init__(self, code: str, message: str, **about: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status, members = _MEMBERS[code]
        self.body = {member: about.get(member) for member in members} | {"message": message}


def invalid_parameter(message: str, **about: Any) -> EksError:
    return EksError("InvalidParameterException", message, **about)


def invalid_request(message: str, **about: Any) -> EksError:
    return EksError("InvalidRequestException", message, **about)


def in_use(message: str, **about: Any) -> EksError:
    return EksError("ResourceInUseException", message, **about)


def not_found(message: str, **about: Any) -> EksError:
    return EksError("ResourceNotFoundException", message, **about)
