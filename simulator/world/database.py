# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RDS whose instances are real: PostgreSQL server processes of this machine, and statuses that follow them."""

from __future__ import annotations

import json
import re
import secrets
import string
from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import RDSClientError

from simulator.backend import Backend
from simulator.corrections.rds import Rds
from simulator.corrections.rds_parameters import KNOWN
from simulator.world.postgres.instances import FAILED, GONE, RUNNING, STARTING, Databases, Facts, Name

_ALPHABET = string.ascii_letters + string.digits + "!#$%&()*+,-.:;<=>?[]^_{|}~"  # RDS: no slash, quotes, at sign or space
_LENGTH = 28
_PASSWORD = re.compile(r'(?=[!-~]+$)[^/@"]{8,128}')
_RULE = "Only printable ASCII characters besides '/', '@', '\"', ' ' may be used."


class RealRds(Rds):
    databases: Databases

    def _name(self, identifier: str) -> Name:
        return (self.current_account, self.region, identifier)

    # -- time: nothing is done before the real server is

    def _pass(self) -> None:
        super()._pass()
        for identifier, instance in self.backend.databases.items():
            state = self.databases.state(self._name(identifier))
            if identifier in self.rds.lives or state == GONE:
                continue
            if state == FAILED:
                instance.status = self._failed(identifier)
            elif state == STARTING and instance.status == "available":
                instance.status = "rebooting"
            elif state == RUNNING:
                instance.status, instance.place = "available", (instance.address, instance.port)

    def _end(self, name: str, instance: Any, life: Any) -> None:
        state = self.databases.state(self._name(name))
        if state == STARTING:
            instance.status = life.status
            return
        if state == FAILED and life.status != "deleting":
            self._failed(name)
        super()._end(name, instance, life)

    def _failed(self, identifier: str) -> str:
        self.rds.failures[identifier] = self.databases.failure(self._name(identifier))
        return self.rds.failures[identifier][0]

    def _apply(self, instance: Any, changes: dict[str, Any]) -> None:
        super()._apply(instance, changes)
        name = self._name(instance.db_instance_identifier)
        if self.databases.state(name) == GONE:
            return
        if changes.get("ManageMasterUserPassword") or changes.get("RotateMasterUserPassword"):
            self.databases.set_password(name, _new_secret(instance))
        elif changes.get("MasterUserPassword"):
            self.databases.set_password(name, str(changes["MasterUserPassword"]))
        if "DBPortNumber" in changes:
            self.databases.restart(name, port=int(instance.port))

    # -- operations

    def create_db_instance(self) -> ActionResult:
        problem = self.databases.problem()
        if problem:
            raise RDSClientError("InsufficientDBInstanceCapacity", problem)
        given, managed = str(self.params.get("MasterUserPassword") or ""), bool(self.params.get("ManageMasterUserPassword"))
        if not managed and not _PASSWORD.fullmatch(given):
            raise RDSClientError("InvalidParameterValue", "The parameter MasterUserPassword is not a valid password. " + _RULE)
        result = super().create_db_instance()
        instance = self.backend.databases[self.params["DBInstanceIdentifier"]]
        instance.master_username = instance.master_username or "postgres"
        password = _new_secret(instance) if managed else given
        self.rds.failures.pop(instance.db_instance_identifier, None)
        facts = Facts(
            self._name(instance.db_instance_identifier),
            instance.address,
            int(instance.port),
            str(instance.engine_version),
            instance.master_username,
            password,
            str(instance.db_name or ""),
            self._values(instance),
        )
        self.databases.create(facts)
        return result

    def reboot_db_instance(self) -> ActionResult:
        result = super().reboot_db_instance()
        instance = self.backend.databases[self.params["DBInstanceIdentifier"]]
        self.databases.restart(self._name(instance.db_instance_identifier), self._values(instance))
        instance.status = "rebooting"
        return result

    def delete_db_instance(self) -> ActionResult:
        result = super().delete_db_instance()
        ask = self.params
        self.databases.remove(self._name(ask["DBInstanceIdentifier"]), "" if ask.get("SkipFinalSnapshot") else str(ask.get("FinalDBSnapshotIdentifier") or ""))
        return result

    def modify_db_parameter_group(self) -> ActionResult:
        result = super().modify_db_parameter_group()
        self._reload(self._group())
        return result

    def reset_db_parameter_group(self) -> ActionResult:
        result = super().reset_db_parameter_group()
        self._reload(self._group())
        return result

    # -- parameters

    def _values(self, instance: Any) -> dict[str, str]:
        group = self.backend.db_parameter_groups.get(instance.db_parameter_group_name)
        return {name: str(each["ParameterValue"]) for name, each in group.parameters.items() if each.get("ParameterValue")} if group else {}

    def _reload(self, group: Any) -> None:
        """What is dynamic and immediate is in effect at once, what was asked for a reboot waits for one."""
        at_once = {name for name, each in group.parameters.items() if KNOWN[name][0] == "dynamic" and each.get("ApplyMethod") == "immediate"}
        for identifier, instance in self.backend.databases.items():
            name = self._name(identifier)
            if instance.db_parameter_group_name != group.name or self.databases.state(name) == GONE:
                continue
            wanted, now = self._values(instance), self.databases.parameters(name)
            waiting = {key: value for key, value in now.items() if key not in wanted and KNOWN[key][0] == "static"}
            changed = {key: value for key, value in wanted.items() if key in at_once}
            kept = {key: now[key] for key in wanted if key not in at_once and key in now}
            self.databases.reload(name, waiting | kept | changed)


def backend(databases: Databases) -> type[Backend]:
    """The class for ``simulator.backends["rds"]``."""
    return type("Rds", (RealRds,), {"databases": databases})


def _new_secret(instance: Any) -> str:
    """A password, put into the current version of the secret that moto has made for the instance: moto's own is always the same, or none."""
    password = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    secret = instance.master_user_secret.secret
    current = next(version for version in secret.versions.values() if "AWSCURRENT" in version["version_stages"])
    current["secret_string"] = secret.secret_string = json.dumps({"username": instance.master_username, "password": password})
    return password
