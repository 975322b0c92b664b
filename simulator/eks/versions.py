# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes versions that EKS offers, with the days on which their support ends (UTC), and DescribeClusterVersions.

Read on 2026-11-21 in the EKS user guide, "Understand the Kubernetes version lifecycle on EKS", release calendar. The days of 1.36 were not found:
they follow from the guide's rule (14 months of standard support, then 12 of extended) and a release in June 2026.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from simulator.eks.errors import invalid_parameter
from simulator.eks.pages import page
from simulator.eks.state import Json, Scene


@dataclass(frozen=True)
class Version:
    name: str
    patch: str
    platform: str
    released: date
    standard: date
    extended: date

    @property
    def minor(self) -> int:
        return int(self.name.partition(".")[2])

    def status(self, now: datetime) -> str:
        """As VersionStatus has it."""
        day = now.date()
        return "STANDARD_SUPPORT" if day < self.standard else "EXTENDED_SUPPORT" if day < self.extended else "UNSUPPORTED"


VERSIONS = {
    version.name: version
    for version in (
        Version("1.36", "1.36.2", "eks.4", date(2026, 6, 2), date(2027, 8, 2), date(2028, 8, 2)),
        Version("1.35", "1.35.5", "eks.12", date(2026, 1, 27), date(2027, 3, 27), date(2028, 3, 27)),
        Version("1.34", "1.34.8", "eks.24", date(2025, 10, 2), date(2026, 12, 2), date(2027, 12, 2)),
        Version("1.33", "1.33.12", "eks.38", date(2025, 5, 29), date(2026, 7, 29), date(2027, 7, 29)),
        Version("1.32", "1.32.13", "eks.45", date(2025, 1, 23), date(2026, 3, 23), date(2027, 3, 23)),
        Version("1.31", "1.31.14", "eks.61", date(2024, 9, 26), date(2025, 11, 26), date(2026, 11, 26)),
    )
}
DEFAULT = "1.35"


def offered(name: str | None, now: datetime, cluster: str) -> Version:
    """The version of this name, the default if it has none; refused if EKS does not offer it (any more, or yet)."""
    version = VERSIONS.get(name or DEFAULT)
    if version is None or version.status(now) == "UNSUPPORTED" or now.date() < version.released:
        raise invalid_parameter("unsupported Kubernetes version", clusterName=cluster)
    return version


def following(name: str) -> str:
    major, _, minor = name.partition(".")
    return f"{major}.{int(minor) + 1}"


def describe_cluster_versions(scene: Scene, parameters: Json) -> Json:
    wanted = parameters.get("clusterVersions")
    status = parameters.get("versionStatus") or str(parameters.get("status", "")).upper().replace("-", "_")
    for name in wanted or ():
        if name not in VERSIONS:
            raise invalid_parameter(f"unsupported Kubernetes version: {name}")
    found = []
    for version in VERSIONS.values():
        state = version.status(scene.now)
        hidden = scene.now.date() < version.released or (state == "UNSUPPORTED" and not (parameters.get("includeAll") or wanted or status))
        other = (wanted and version.name not in wanted) or (status and state != status) or (parameters.get("defaultOnly") and version.name != DEFAULT)
        if not hidden and not other and parameters.get("clusterType", "eks") == "eks":
            found.append(_shown(version, state))
    return page("clusterVersions", found, parameters)


def _shown(version: Version, status: str) -> dict[str, Any]:
    return {
        "clusterVersion": version.name,
        "clusterType": "eks",
        "defaultPlatformVersion": version.platform,
        "defaultVersion": version.name == DEFAULT,
        "releaseDate": _midnight(version.released),
        "endOfStandardSupportDate": _midnight(version.standard),
        "endOfExtendedSupportDate": _midnight(version.extended),
        "status": status.lower().replace("_", "-"),
        "versionStatus": status,
        "kubernetesPatchVersion": version.patch,
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


OPERATIONS = {"DescribeClusterVersions": describe_cluster_versions}
