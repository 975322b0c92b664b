# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RDS with time in it: instances are made, changed and deleted while the clock goes on, and what waits for the maintenance window waits.

Follows the RDS API reference (CreateDBInstance, ModifyDBInstance, DeleteDBInstance, ModifyDBParameterGroup), and of the RDS User Guide "Viewing DB
instance status" and "Using the schedule modifications setting". Parameters are in rds_parameters.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import DBInstanceNotFoundError, RDSClientError
from moto.rds.models import DBInstance
from moto.rds.responses import RDSResponse

from simulator.corrections import rds_authorities
from simulator.corrections.rds_authorities import Authorities
from simulator.corrections.rds_parameters import Parameters

CREATING, LAG, MODIFYING, DELETING = (timedelta(seconds=seconds) for seconds in (420, 5, 120, 180))
"""``LAG``: for how long an instance shows nothing of a change that was asked for."""
VERSIONS = {"15": "15.15", "16": "16.11", "17": "17.7", "18": "18.1"}
# ModifyDBInstance: what waits for the window without ApplyImmediately, and the name of PendingModifiedValues where that is another.
WAITS = {
    "AllocatedStorage": "",
    "BackupRetentionPeriod": "",
    "CACertificateIdentifier": "",
    "DBInstanceClass": "",
    "DBPortNumber": "Port",
    "EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
    "EngineVersion": "",
    "Iops": "",
    "MultiAZ": "",
    "StorageThroughput": "",
    "StorageType": "",
}


@dataclass
class Life:
    """What goes on with an instance. ``begins``: when it can be seen; ``ends``: when it is done, and ``queue`` (of ModifyDBInstance) in effect."""

    status: str
    ends: datetime
    begins: datetime | None = None
    queue: dict[str, Any] = field(default_factory=dict)
    waiting: dict[str, Any] = field(default_factory=dict)


@dataclass
class Instances:
    """``endpoint``: where every instance is, for a real PostgreSQL; ``failures``: the state and RDS's words for an instance that will not be made."""

    lives: dict[str, Life] = field(default_factory=dict)
    waiting: dict[str, dict[str, Any]] = field(default_factory=dict)
    endpoint: tuple[str, int] | None = None
    failures: dict[str, tuple[str, str]] = field(default_factory=dict)


class Instance(DBInstance):
    """moto's, with what it lacks; ``place`` is None until there is an endpoint."""

    place: tuple[str, int] | None
    pending_modified_values: dict[str, Any]
    needs_reboot = False
    performance_insights_enabled = False
    performance_insights_retention_period: int | None = None

    @property
    def endpoint(self) -> Any:
        return {"Address": self.place[0], "Port": self.place[1]} if self.place else None

    @property
    def db_parameter_group_status_list(self) -> Any:
        status = "pending-reboot" if self.needs_reboot else "in-sync"
        return [{"DBParameterGroupName": group.name, "ParameterApplyStatus": status} for group in self.db_parameter_groups()]


class Rds(Parameters, Authorities, RDSResponse):
    @property
    def rds(self) -> Instances:
        return self.state(Instances)

    # -- time

    def _pass(self) -> None:
        """Everything that is due by now happens."""
        now = self.clock.now()
        for name, life in list(self.rds.lives.items()):
            instance = self.backend.databases[name]
            if now >= life.ends:
                self._end(name, instance, life)
            elif life.begins is None or now >= life.begins:
                instance.status = life.status
                self._wait_for_window(name, instance, life)

    def _end(self, name: str, instance: Any, life: Life) -> None:
        del self.rds.lives[name]
        if life.status == "deleting":
            self.backend.delete_db_instance(name, skip_final_snapshot=True)
            self.rds.waiting.pop(name, None)
            return
        instance.status = self.rds.failures.get(name, ("available", ""))[0]
        if instance.status == "available":
            instance.place = self.rds.endpoint or (instance.address, instance.port)
        self._apply(instance, life.queue)
        self._wait_for_window(name, instance, life)

    def _wait_for_window(self, name: str, instance: Any, life: Life) -> None:
        self.rds.waiting.setdefault(name, {}).update(life.waiting)
        instance.pending_modified_values = _pending(self.rds.waiting[name] | life.queue) if name in self.rds.lives else _pending(self.rds.waiting[name])

    def _apply(self, instance: Any, changes: dict[str, Any]) -> None:
        known = {"EnablePerformanceInsights": "performance_insights_enabled", "DBPortNumber": "port"}
        for key, attribute in known.items():
            if key in changes:
                setattr(instance, attribute, changes[key])
        if "PerformanceInsightsRetentionPeriod" in changes:
            instance.performance_insights_retention_period = changes["PerformanceInsightsRetentionPeriod"]
        logs = changes.get("CloudwatchLogsExportConfiguration") or {}
        exported = set(instance.enabled_cloudwatch_logs_exports) - set(logs.get("DisableLogTypes") or ()) | set(logs.get("EnableLogTypes") or ())
        instance.enabled_cloudwatch_logs_exports = sorted(exported)
        if changes.get("RotateMasterUserPassword"):  # moto would ask again whether it is to be applied at once
            instance.master_user_secret.rotate_secret()
        own = {*known, "PerformanceInsightsRetentionPeriod", "CloudwatchLogsExportConfiguration", "RotateMasterUserPassword"}
        rest = {key: value for key, value in changes.items() if key not in own}
        if rest:
            self.backend.modify_db_instance(instance.db_instance_identifier, type(self.params)(rest))
        if instance.place:
            instance.place = self.rds.endpoint or (instance.address, instance.port)

    # -- operations

    def describe_db_instances(self) -> ActionResult:
        self._pass()
        return super().describe_db_instances()

    def create_db_instance(self) -> ActionResult:
        self._pass()
        ask = self.params
        version = ask.get("EngineVersion") or "17"
        if ask.get("Engine") != "postgres" or version.partition(".")[0] not in VERSIONS:
            raise RDSClientError("InvalidParameterCombination", f"Cannot find version {version} for {ask.get('Engine')}")
        ask["EngineVersion"] = VERSIONS.get(version, version)
        self._fits_family(ask.get("DBParameterGroupName"), version)
        ask.setdefault("CACertificateIdentifier", rds_authorities.DEFAULT)
        if ask.get("StorageEncrypted"):
            ask["KmsKeyId"] = self._key_arn(ask.get("KmsKeyId") or "alias/aws/rds")
        result = super().create_db_instance()
        instance = self.backend.databases[ask["DBInstanceIdentifier"]]
        instance.__class__ = Instance
        instance.place, instance.status, instance.pending_modified_values = None, "creating", {}
        instance.performance_insights_enabled = bool(ask.get("EnablePerformanceInsights"))
        instance.performance_insights_retention_period = ask.get("PerformanceInsightsRetentionPeriod") or (7 if ask.get("EnablePerformanceInsights") else None)
        self.rds.lives[ask["DBInstanceIdentifier"]] = Life("creating", self.clock.now() + CREATING)
        return result

    def modify_db_instance(self) -> ActionResult:
        self._pass()
        ask, name = self.params.original_dict(), self.params["DBInstanceIdentifier"]
        instance = self._there(name)
        if instance.status not in ("available", "storage-optimization", "storage-full"):
            raise RDSClientError("InvalidDBInstanceState", f"Database instance is not in available state: {instance.status}")
        self._check(ask, instance)
        now = bool(ask.get("ApplyImmediately"))
        waits = {key: value for key, value in ask.items() if key in WAITS and not now}
        queue = {key: value for key, value in ask.items() if key not in waits and key not in ("DBInstanceIdentifier", "ApplyImmediately")}
        if now:
            queue = self.rds.waiting.pop(name, {}) | queue
        if "EngineVersion" in waits and "DBParameterGroupName" in queue:
            waits["DBParameterGroupName"] = queue.pop("DBParameterGroupName")
        began = self.clock.now() + LAG
        self.rds.lives[name] = Life("modifying", began + (MODIFYING if queue else timedelta()), began, queue, waits)
        return ActionResult({"DBInstance": instance})

    def delete_db_instance(self) -> ActionResult:
        self._pass()
        name, ask = self.params["DBInstanceIdentifier"], self.params
        instance = self._there(name)
        if instance.deletion_protection:
            text = "Cannot delete protected DB Instance, please disable deletion protection and try again."
            raise RDSClientError("InvalidParameterCombination", text)
        snapshot = ask.get("FinalDBSnapshotIdentifier")
        if not ask.get("SkipFinalSnapshot"):
            if not snapshot:
                raise RDSClientError("InvalidParameterCombination", "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
            if instance.status != "available":
                text = "Cannot create a snapshot because the database instance is not currently in the available state."
                raise RDSClientError("InvalidDBInstanceState", text)
            self.backend.create_db_snapshot(name, snapshot)
        if instance.status in ("creating", "deleting"):
            raise RDSClientError("InvalidDBInstanceState", f"Instance {name} is already being {'deleted' if instance.status == 'deleting' else 'created'}.")
        instance.status = "deleting"
        self.rds.lives[name] = Life("deleting", self.clock.now() + DELETING)
        return ActionResult({"DBInstance": instance})

    def reboot_db_instance(self) -> ActionResult:
        self._pass()
        self._there(self.params["DBInstanceIdentifier"]).needs_reboot = False
        return super().reboot_db_instance()

    def modify_db_subnet_group(self) -> ActionResult:
        """moto forgets the group while it answers."""
        result = super().modify_db_subnet_group()
        groups: Any = result.result
        self.backend.subnet_groups[groups["DBSubnetGroup"].name] = groups["DBSubnetGroup"]
        return result

    def delete_db_subnet_group(self) -> Any:
        self._pass()
        name = self.params["DBSubnetGroupName"]
        if any(each.db_subnet_group.name == name for each in self.backend.databases.values() if getattr(each, "db_subnet_group", None)):
            raise RDSClientError(
                "InvalidDBSubnetGroupStateFault", f"Cannot delete the subnet group '{name}' because at least one database instance is using it."
            )
        return super().delete_db_subnet_group()

    def describe_events(self) -> ActionResult:
        failure = self.rds.failures.get(self.params.get("SourceIdentifier", ""))
        if not failure:
            return ActionResult({"Events": []})
        name = self.params["SourceIdentifier"]
        event = {"SourceIdentifier": name, "SourceType": "db-instance", "Message": failure[1], "Date": self.clock.now(), "EventCategories": ["failure"]}
        return ActionResult({"Events": [event]})

    # -- what is not allowed

    def _there(self, name: str) -> Any:
        if name not in self.backend.databases:
            raise DBInstanceNotFoundError(name)
        return self.backend.databases[name]

    def _check(self, ask: dict[str, Any], instance: Any) -> None:
        if ask.get("AllocatedStorage", instance.allocated_storage) < instance.allocated_storage:
            raise RDSClientError("InvalidParameterCombination", "Requested storage size cannot be less than the current storage size.")
        version = ask.get("EngineVersion")
        if version:
            major = version.partition(".")[0]
            if major not in VERSIONS:
                raise RDSClientError("InvalidParameterCombination", f"Cannot find version {version} for postgres")
            if major != instance.engine_version.partition(".")[0] and not ask.get("AllowMajorVersionUpgrade"):
                text = "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
                raise RDSClientError("InvalidParameterCombination", text)
            ask["EngineVersion"] = VERSIONS.get(version, version)
        self._fits_family(ask.get("DBParameterGroupName") or instance.db_parameter_group_name, version or instance.engine_version)

    def _fits_family(self, group: str | None, version: str) -> None:
        found = self.backend.db_parameter_groups.get(group) if group else None
        if found and found.family != f"postgres{version.partition('.')[0]}":
            text = f"The parameter group {group} with DBParameterGroupFamily {found.family} can't be used for this instance."
            raise RDSClientError("InvalidParameterCombination", text)

    def _key_arn(self, key: str) -> str:
        return key if key.startswith("arn:") else f"arn:aws:kms:{self.region}:{self.current_account}:key/{key.removeprefix('alias/').replace('/', '-')}"


def _pending(changes: dict[str, Any]) -> dict[str, Any]:
    return {WAITS[key] or key: value for key, value in changes.items() if key in WAITS}
