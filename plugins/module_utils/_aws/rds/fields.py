# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What RDS calls our options: where a value stands in the answer, what waits for the maintenance window, and how it is asked for.

Names are those of DescribeDBInstances, CreateDBInstance and ModifyDBInstance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Instance = Mapping[str, Any]


@dataclass(frozen=True)
class Field:
    """``ask``: the parameter of Create and of Modify; ``modify``: if Modify has another; ``read``: where it stands, or how to find it; ``pending`` likewise."""

    ask: str
    read: str | Callable[[Instance], Any] = ""
    modify: str = ""
    pending: str = ""

    def value(self, instance: Instance) -> Any:
        return self.read(instance) if callable(self.read) else instance.get(self.read or self.ask)


def _logs(instance: Instance) -> list[str]:
    return sorted(instance.get("EnabledCloudwatchLogsExports") or ())


def _groups(instance: Instance) -> list[str]:
    return sorted(each["VpcSecurityGroupId"] for each in instance.get("VpcSecurityGroups") or ())


def parameter_group(instance: Instance) -> str:
    return str(next((each["DBParameterGroupName"] for each in instance.get("DBParameterGroups") or ()), ""))


FIELDS: Mapping[str, Field] = {
    "engine_version": Field("EngineVersion"),
    "instance_class": Field("DBInstanceClass"),
    "storage_gib": Field("AllocatedStorage"),
    "max_storage_gib": Field("MaxAllocatedStorage", lambda instance: instance.get("MaxAllocatedStorage") or 0),
    "storage_type": Field("StorageType"),
    "iops": Field("Iops"),
    "throughput": Field("StorageThroughput"),
    "multi_az": Field("MultiAZ", lambda instance: bool(instance.get("MultiAZ"))),
    "port": Field("Port", lambda instance: (instance.get("Endpoint") or {}).get("Port") or instance.get("DbInstancePort"), "DBPortNumber", "Port"),
    "ca_certificate": Field("CACertificateIdentifier"),
    "backup_days": Field("BackupRetentionPeriod"),
    "backup_window": Field("PreferredBackupWindow"),
    "maintenance_window": Field("PreferredMaintenanceWindow"),
    "auto_minor_upgrade": Field("AutoMinorVersionUpgrade"),
    "deletion_protection": Field("DeletionProtection", lambda instance: bool(instance.get("DeletionProtection"))),
    "performance_insights": Field("EnablePerformanceInsights", lambda instance: bool(instance.get("PerformanceInsightsEnabled"))),
    "performance_insights_days": Field("PerformanceInsightsRetentionPeriod"),
    "iam_authentication": Field(
        "EnableIAMDatabaseAuthentication",
        lambda instance: bool(instance.get("IAMDatabaseAuthenticationEnabled")),
        pending="IAMDatabaseAuthenticationEnabled",
    ),
    "log_exports": Field("EnableCloudwatchLogsExports", _logs),
    "security_groups": Field("VpcSecurityGroupIds", _groups),
    "public": Field("PubliclyAccessible", lambda instance: bool(instance.get("PubliclyAccessible"))),
    "managed_password": Field("ManageMasterUserPassword", lambda instance: bool(instance.get("MasterUserSecret"))),
    "parameter_group": Field("DBParameterGroupName", parameter_group),
}


def now(instance: Instance, name: str) -> Any:
    return FIELDS[name].value(instance)


def later(instance: Instance, name: str) -> Any:
    """The same once what waits for the maintenance window is done."""
    pending, wanted = instance.get("PendingModifiedValues") or {}, FIELDS[name]
    if name == "log_exports":
        logs = pending.get("PendingCloudwatchLogsExports") or {}
        return sorted((set(_logs(instance)) | set(logs.get("LogTypesToEnable") or ())) - set(logs.get("LogTypesToDisable") or ()))
    return pending.get(wanted.pending or wanted.ask, wanted.value(instance))


def waiting(instance: Instance) -> dict[str, Any]:
    """What waits, by option where we have one, else in RDS's words. A password is no more than told of."""
    pending = {key: value for key, value in (instance.get("PendingModifiedValues") or {}).items() if value not in (None, {}, [])}
    ours = {field.pending or field.ask: name for name, field in FIELDS.items()}
    told = {ours.get(key, key): value for key, value in pending.items() if key not in ("PendingCloudwatchLogsExports", "MasterUserPassword")}
    if "PendingCloudwatchLogsExports" in pending:
        told["log_exports"] = later(instance, "log_exports")
    return told | ({"master_password": "changes"} if "MasterUserPassword" in pending else {})


def created(name: str, value: Any) -> dict[str, Any]:
    """How it is asked for when the instance is made."""
    return {} if name == "max_storage_gib" and not value else {FIELDS[name].ask: value}


def modified(name: str, value: Any, instance: Instance) -> dict[str, Any]:
    """How it is asked for when the instance is there."""
    if name == "log_exports":
        there = set(later(instance, name))
        return {"CloudwatchLogsExportConfiguration": {"EnableLogTypes": sorted(set(value) - there), "DisableLogTypes": sorted(there - set(value))}}
    if name == "max_storage_gib" and not value:  # storage stops growing when its limit is its size
        return {"MaxAllocatedStorage": instance["AllocatedStorage"]}
    return {FIELDS[name].modify or FIELDS[name].ask: value}
