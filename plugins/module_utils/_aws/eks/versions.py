# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes versions as EKS offers them (DescribeClusterVersions), how long they have support, and which way is up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, InvalidInput

EXTENDED = "EXTENDED_SUPPORT"
_MINOR = re.compile(r"(\d+)\.(\d+)")


@dataclass(frozen=True)
class Support:
    """A version. ``status``: STANDARD_SUPPORT, EXTENDED_SUPPORT or UNSUPPORTED, "" if EKS does not tell; days until its standard support
    ends are negative once it has ended, and None where the date is not known; dates are ISO 8601, "" where not known."""

    version: str = ""
    status: str = ""
    default: bool = False
    standard_days_left: int | None = None
    end_of_standard_support: str = ""
    end_of_extended_support: str = ""


@dataclass(frozen=True)
class Offered:
    """All versions that EKS offers in a region, the newest first."""

    versions: tuple[Support, ...] = field(default_factory=tuple)

    def of(self, version: str) -> Support:
        return next((each for each in self.versions if each.version == version), Support(version))

    @property
    def default(self) -> str:
        return next((each.version for each in self.versions if each.default), "")

    def checked(self, version: str, region: str) -> str:
        """The version, if a cluster can be made or upgraded to it. Raises ``InvalidInput``."""
        if not any(each.version == version for each in self.versions):
            names = ", ".join(each.version for each in self.versions)
            raise InvalidInput(f"version: EKS does not offer Kubernetes {version!r} in {region}; write one of {names}", offered=names)
        return version


def offered(aws: Aws) -> Offered:
    """One call."""
    found = aws.listed("eks", "describe_cluster_versions", "clusterVersions")
    return Offered(tuple(sorted((_support(each, aws.clock.now()) for each in found), key=lambda each: minor(each.version), reverse=True)))


def minor(version: str) -> tuple[int, int]:
    """ "1.34" as (1, 34). Raises ``InvalidInput`` for anything else."""
    match = _MINOR.fullmatch(version)
    if not match:
        raise InvalidInput(f"version: {version!r} is no version of Kubernetes; write one such as '1.35', in quotes and without a patch version")
    return int(match[1]), int(match[2])


def one_up(now: str, wanted: str) -> None:
    """Raises ``Conflict`` unless ``wanted`` is the next minor version after ``now``: control planes go up by one, and not down."""
    (major, here), (_, there) = minor(now), minor(wanted)
    if there < here:
        raise Conflict(
            f"version: the cluster has {now}, and {wanted} is wanted; a cluster does not go back by itself: write {now}, or, within 7 days of an upgrade, "
            f"roll back by hand (UpdateClusterVersion, after reading the insights of the category ROLLBACK_READINESS)"
        )
    if there > here + 1:
        way = " -> ".join(f"{major}.{each}" for each in range(here, there + 1))
        raise Conflict(
            f"version: the cluster has {now}, and {wanted} is wanted; EKS upgrades by one minor version at a time: go {way}, one run for each, "
            f"with node groups and add-ons upgraded in between; write {major}.{here + 1} now"
        )


def _support(found: Mapping[str, Any], now: datetime) -> Support:
    standard, extended = found.get("endOfStandardSupportDate"), found.get("endOfExtendedSupportDate")
    return Support(
        version=str(found.get("clusterVersion", "")),
        status=str(found.get("versionStatus") or "") or str(found.get("status", "")).upper().replace("-", "_"),
        default=bool(found.get("defaultVersion")),
        standard_days_left=(standard - now).days if standard else None,
        end_of_standard_support=standard.date().isoformat() if standard else "",
        end_of_extended_support=extended.date().isoformat() if extended else "",
    )
