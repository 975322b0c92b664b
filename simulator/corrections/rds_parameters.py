# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameter groups of RDS: a family has parameters, each static or dynamic; moto knows only those that somebody set.

Follows the RDS API reference: DescribeDBParameters, DescribeEngineDefaultParameters, ModifyDBParameterGroup, ResetDBParameterGroup.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import DBParameterGroupNotFoundError, RDSClientError

AT_ONCE = 20
# Of the some 400 of postgres17: name, type of change, type of data.
KNOWN: dict[str, tuple[str, str]] = {
    "autovacuum_max_workers": ("static", "integer"),
    "client_encoding": ("dynamic", "string"),
    "idle_in_transaction_session_timeout": ("dynamic", "integer"),
    "lock_timeout": ("dynamic", "integer"),
    "log_connections": ("dynamic", "boolean"),
    "log_lock_waits": ("dynamic", "boolean"),
    "log_min_duration_statement": ("dynamic", "integer"),
    "log_statement": ("dynamic", "string"),
    "maintenance_work_mem": ("dynamic", "integer"),
    "max_connections": ("static", "integer"),
    "password_encryption": ("dynamic", "string"),
    "pgaudit.log": ("dynamic", "list"),
    "rds.force_ssl": ("dynamic", "boolean"),
    "rds.logical_replication": ("static", "boolean"),
    "shared_buffers": ("static", "integer"),
    "shared_preload_libraries": ("static", "list"),
    "statement_timeout": ("dynamic", "integer"),
    "wal_sender_timeout": ("dynamic", "integer"),
    "work_mem": ("dynamic", "integer"),
}
FIXED = ("data_directory", "hba_file", "listen_addresses")


class Parameters:
    """A part of the backend for RDS: operations on parameter groups."""

    backend: Any
    params: Any

    def _pass(self) -> None:
        raise NotImplementedError

    def describe_db_parameter_groups(self) -> ActionResult:
        name = self.params.get("DBParameterGroupName")
        if name and name not in self.backend.db_parameter_groups:
            raise DBParameterGroupNotFoundError(name)
        return super().describe_db_parameter_groups()  # type: ignore[misc,no-any-return]

    def describe_db_parameters(self) -> ActionResult:
        group, source = self._group(), self.params.get("Source")
        shown = [_parameter(name, group.parameters.get(name)) for name in self._asked()]
        return ActionResult({"Parameters": [each for each in shown if source in (None, each["Source"])]})

    def describe_engine_default_parameters(self) -> ActionResult:
        family = self.params["DBParameterGroupFamily"]
        return ActionResult({"EngineDefaults": {"DBParameterGroupFamily": family, "Parameters": [_parameter(name) for name in self._asked()]}})

    def modify_db_parameter_group(self) -> ActionResult:
        group, asked = self._group(), self._parameters()
        for each in asked:
            self._check_parameter(each)
        for each in asked:
            group.parameters[each["ParameterName"]] = each
        self._reboots(group, asked)
        return ActionResult({"DBParameterGroupName": group.name})

    def reset_db_parameter_group(self) -> ActionResult:
        group, asked = self._group(), self._parameters()
        if self.params.get("ResetAllParameters", True):
            asked = [{"ParameterName": name, "ApplyMethod": "pending-reboot"} for name in group.parameters]
        for each in asked:
            group.parameters.pop(each["ParameterName"], None)
        self._reboots(group, asked)
        return ActionResult({"DBParameterGroupName": group.name})

    def delete_db_parameter_group(self) -> Any:
        self._pass()
        name = self.params["DBParameterGroupName"]
        if any(each.db_parameter_group_name == name for each in self.backend.databases.values()):
            raise RDSClientError("InvalidDBParameterGroupState", f"One or more database instances are still members of this parameter group {name}")
        return super().delete_db_parameter_group()  # type: ignore[misc]

    def _group(self) -> Any:
        name = self.params["DBParameterGroupName"]
        if name not in self.backend.db_parameter_groups:
            raise DBParameterGroupNotFoundError(name)
        return self.backend.db_parameter_groups[name]

    def _asked(self) -> list[str]:
        filters = self.params.get("Filters") or []
        named = {value for each in filters if each["Name"] == "parameter-name" for value in each["Values"]}
        return [name for name in (*KNOWN, *FIXED) if not filters or name in named]

    def _parameters(self) -> list[dict[str, Any]]:
        asked = [each.original_dict() for each in self.params.get("Parameters") or []]
        if len(asked) > AT_ONCE:
            raise RDSClientError("InvalidParameterValue", f"At most {AT_ONCE} parameters can be modified in a single request.")
        return asked

    def _check_parameter(self, asked: dict[str, Any]) -> None:
        name = asked["ParameterName"]
        if name in FIXED:
            raise RDSClientError("InvalidParameterValue", f"The parameter {name} cannot be modified.")
        if name not in KNOWN:
            raise RDSClientError("InvalidParameterValue", f"Could not find parameter with name: {name}")
        if asked.get("ApplyMethod") == "immediate" and KNOWN[name][0] == "static":
            raise RDSClientError("InvalidParameterCombination", "cannot use immediate apply method for static parameter")

    def _reboots(self, group: Any, asked: list[dict[str, Any]]) -> None:
        if any(KNOWN[each["ParameterName"]][0] == "static" for each in asked):
            for instance in self.backend.databases.values():
                instance.needs_reboot = instance.needs_reboot or instance.db_parameter_group_name == group.name


def _parameter(name: str, user: dict[str, Any] | None = None) -> dict[str, Any]:
    change, kind = KNOWN.get(name, ("static", "string"))
    shown = {"ParameterName": name, "ApplyType": change, "DataType": kind, "IsModifiable": name in KNOWN, "ApplyMethod": "pending-reboot", "Source": "system"}
    if user:
        shown |= {"Source": "user", "ParameterValue": user.get("ParameterValue", ""), "ApplyMethod": user.get("ApplyMethod", "pending-reboot")}
    return shown
