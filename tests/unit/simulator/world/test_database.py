# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RDS instances that are PostgreSQL servers, asked by psql over TCP and TLS as a service would ask them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support import aws as simulated
from support.aws import Aws
from support.eks import refused

from simulator.world.authority import Authority
from simulator.world.database import backend
from simulator.world.parts import REAL
from simulator.world.places import Places
from simulator.world.postgres import configuration, programs, server
from simulator.world.postgres.configuration import applied
from simulator.world.postgres.instances import Databases
from simulator.world.postgres.server import kill_left

CREATING = 420


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _held(worker: ThreadPoolExecutor, until: threading.Event) -> ThreadPoolExecutor:
    worker.submit(until.wait, 60)
    return worker


class Region:
    """An account with RDS, and psql at its databases."""

    def __init__(self, aws: Aws, databases: Databases, authority: Authority, places: Places, reports: list[str]) -> None:
        self.aws, self.databases, self.authority, self.places, self.reports = aws, databases, authority, places, reports
        self.rds = aws.client("rds")
        self.port = free_port()
        self.rds.create_db_parameter_group(DBParameterGroupName="own", DBParameterGroupFamily="postgres17", Description="own")

    @property
    def name(self) -> tuple[str, str, str]:
        return (self.aws.account_id, self.aws.region, "orders")

    def create(self, **more: Any) -> dict[str, Any]:
        given: dict[str, Any] = {"DBInstanceIdentifier": "orders", "Engine": "postgres", "EngineVersion": "17", "DBInstanceClass": "db.t4g.micro"}
        given |= {"AllocatedStorage": 20, "MasterUsername": "root_user", "DBName": "shop", "Port": self.port, "DBParameterGroupName": "own"}
        if "MasterUserPassword" not in more:
            given["ManageMasterUserPassword"] = True
        made: dict[str, Any] = self.rds.create_db_instance(**given | more)["DBInstance"]
        return made

    def available(self) -> dict[str, Any]:
        """When all that was begun is done, by the server and by the clock."""
        self.databases.settle(self.name)
        self.aws.clock.advance(CREATING)
        return self.describe()

    def describe(self) -> dict[str, Any]:
        found: dict[str, Any] = self.rds.describe_db_instances(DBInstanceIdentifier="orders")["DBInstances"][0]
        return found

    def secret(self) -> dict[str, str]:
        arn = self.describe()["MasterUserSecret"]["SecretArn"]
        found: dict[str, str] = json.loads(self.aws.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
        return found

    def ask(self, sql: str, *, user: str = "", password: str = "", mode: str = "verify-full", host: str = "", database: str = "shop") -> tuple[int, str]:
        """psql's status, and what it said."""
        held = self.secret() if not user else {"username": user, "password": password}
        found = programs.find()
        assert found is not None
        options = {"hostaddr": "127.0.0.1", "host": host or self.describe()["Endpoint"]["Address"]}
        options |= {"port": str(self.port), "dbname": database, "user": held["username"], "sslmode": mode, "sslrootcert": str(self.authority.ca_file)}
        connection = " ".join(f"{key}='{value}'" for key, value in options.items())
        environment = {"PATH": os.environ["PATH"], "PGPASSWORD": held["password"], "LC_ALL": "C.UTF-8"}
        asked = subprocess.run([found.path("psql"), "-XAqt", connection], input=sql, env=environment, capture_output=True, text=True, timeout=30, check=False)
        return asked.returncode, (asked.stdout + asked.stderr).strip()


@pytest.fixture
def region(tmp_path: Path) -> Iterator[Region]:
    reports: list[str] = []
    places, authority = Places(), Authority(tmp_path / "tls")
    with Databases(tmp_path / "databases", "127.0.0.1", authority, places, reports.append) as databases, simulated.running() as aws:
        aws.simulator.backends["rds"] = backend(databases)
        yield Region(aws, databases, authority, places, reports)


def test_an_instance_is_a_real_postgresql(region: Region) -> None:
    """Seen from the endpoint's name, over TLS that is verified, with the password out of Secrets Manager."""
    assert region.create()["DBInstanceStatus"] == "creating"
    shown = region.available()
    assert shown["DBInstanceStatus"] == "available", region.reports
    assert shown["Endpoint"]["Port"] == region.port
    place = region.places.find(shown["Endpoint"]["Address"])
    assert place is not None
    assert place.target(region.port) == ("127.0.0.1", region.port)
    assert region.ask("SELECT 1") == (0, "1")
    assert region.ask("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == (0, "t")
    status, text = region.ask("SELECT 1", host="elsewhere.example")
    assert status == 2
    assert 'does not match host name "elsewhere.example"' in text
    assert (region.databases.parts()[0].name, region.databases.parts()[0].state) == ("RDS instance orders", REAL)


def test_it_is_not_available_before_it_answers(region: Region) -> None:
    """The clock alone makes nothing available: its worker is busy with something else first."""
    waits = threading.Event()
    region.databases.pool = lambda name: _held(ThreadPoolExecutor(1, thread_name_prefix=name), waits)
    region.create()
    region.aws.clock.advance(CREATING * 10)
    assert region.describe()["DBInstanceStatus"] == "creating"
    waits.set()
    assert region.available()["DBInstanceStatus"] == "available"


def test_the_master_user_is_what_rds_makes_of_it(region: Region) -> None:
    region.create()
    region.available()
    rights = "SELECT rolsuper, rolcreaterole, rolcreatedb, pg_has_role(rolname, 'rds_superuser', 'member') FROM pg_roles WHERE rolname = current_user"
    assert region.ask(rights) == (0, "f|t|t|t")
    assert region.ask("SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'shop'") == (0, "root_user")
    assert region.ask("CREATE ROLE app LOGIN; GRANT app TO current_user; CREATE DATABASE app OWNER app; GRANT pg_monitor TO app") == (0, "")
    assert "must be superuser" in region.ask("ALTER ROLE app SUPERUSER")[1]
    assert "permission denied for function pg_read_file" in region.ask("SELECT pg_read_file('postgresql.conf')")[1]


def test_nobody_comes_in_as_the_administrator(region: Region) -> None:
    region.create()
    region.available()
    status, text = region.ask("SELECT 1", user=configuration.ADMIN, password="x")
    assert status == 2
    assert "pg_hba.conf rejects connection" in text


def test_without_tls_nobody_comes_in_unless_the_group_says_so(region: Region) -> None:
    region.create()
    region.available()
    assert "no encryption" in region.ask("SELECT 1", mode="disable")[1]
    force = {"ParameterName": "rds.force_ssl", "ParameterValue": "0", "ApplyMethod": "immediate"}
    region.rds.modify_db_parameter_group(DBParameterGroupName="own", Parameters=[force])
    region.databases.settle(region.name)
    region.rds.reboot_db_instance(DBInstanceIdentifier="orders")
    region.databases.settle(region.name)
    assert region.ask("SELECT 1", mode="disable") == (0, "1")


def test_parameters_at_once_and_after_a_reboot(region: Region) -> None:
    region.create()
    region.available()
    dynamic = {"ParameterName": "work_mem", "ParameterValue": "8192", "ApplyMethod": "immediate"}
    static = {"ParameterName": "max_connections", "ParameterValue": "42", "ApplyMethod": "pending-reboot"}
    region.rds.modify_db_parameter_group(DBParameterGroupName="own", Parameters=[dynamic, static])
    region.databases.settle(region.name)
    assert region.ask("SHOW max_connections") == (0, "100")
    region.rds.reboot_db_instance(DBInstanceIdentifier="orders")
    region.databases.settle(region.name)
    assert region.describe()["DBInstanceStatus"] == "available"
    assert region.ask("SHOW work_mem; SHOW max_connections") == (0, "8MB\n42")


def test_parameters_that_mean_nothing_here_are_told(region: Region) -> None:
    given = {"shared_buffers": "999999999", "shared_preload_libraries": "pg_stat_statements,pgaudit", "rds.logical_replication": "1"}
    entries = [{"ParameterName": name, "ParameterValue": value, "ApplyMethod": "pending-reboot"} for name, value in given.items()]
    region.rds.modify_db_parameter_group(DBParameterGroupName="own", Parameters=entries)
    region.create()
    assert region.available()["DBInstanceStatus"] == "available"
    assert region.ask("SHOW shared_preload_libraries") == (0, "pg_stat_statements")
    told = " ".join(region.reports)
    assert "parameter shared_buffers is accepted and not applied: it is sized for the instance's class" in told
    assert "parameter shared_preload_libraries is accepted and not applied: this machine has no pgaudit" in told
    assert "parameter rds.logical_replication is accepted and not applied: only RDS knows it" in told


def test_a_value_that_postgresql_refuses(region: Region) -> None:
    wrong = {"ParameterName": "max_connections", "ParameterValue": "many", "ApplyMethod": "pending-reboot"}
    region.rds.modify_db_parameter_group(DBParameterGroupName="own", Parameters=[wrong])
    region.create()
    assert region.available()["DBInstanceStatus"] == "incompatible-parameters"
    events = region.rds.describe_events(SourceIdentifier="orders", SourceType="db-instance")["Events"]
    assert 'invalid value for parameter "max_connections": "many"' in events[0]["Message"]


def test_a_program_that_does_not_end(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_MAKE_SECONDS", 0.001)
    region.create()
    assert region.available()["DBInstanceStatus"] == "failed"
    assert "timed out" in region.reports[-1]


def test_a_port_that_somebody_has(region: Region) -> None:
    with socket.create_server(("127.0.0.1", region.port)):
        region.create()
        assert region.available()["DBInstanceStatus"] == "incompatible-network"


def test_the_managed_password_is_rotated(region: Region) -> None:
    region.create()
    region.available()
    before = region.secret()
    region.rds.modify_db_instance(DBInstanceIdentifier="orders", RotateMasterUserPassword=True, ApplyImmediately=True)
    region.aws.clock.advance(CREATING)
    region.describe()
    region.databases.settle(region.name)
    assert region.secret()["password"] != before["password"]
    assert region.ask("SELECT 1") == (0, "1")
    assert "password authentication failed" in region.ask("SELECT 1", user=before["username"], password=before["password"])[1]


def test_a_password_of_ones_own_can_be_changed(region: Region) -> None:
    region.create(MasterUserPassword="first-password")
    region.available()
    assert region.ask("SELECT 1", user="root_user", password="first-password") == (0, "1")
    region.rds.modify_db_instance(DBInstanceIdentifier="orders", MasterUserPassword="second-password", ApplyImmediately=True)
    region.aws.clock.advance(CREATING)
    region.describe()
    region.databases.settle(region.name)
    assert region.ask("SELECT 1", user="root_user", password="second-password") == (0, "1")


def test_a_password_that_rds_would_not_take(region: Region) -> None:
    assert refused(region.create, MasterUserPassword="with space")[0] == "InvalidParameterValue"


def test_what_died_is_started_again(region: Region) -> None:
    region.create()
    region.available()
    process = region.databases._instances[region.name].server._process
    assert process is not None
    process.send_signal(signal.SIGQUIT)
    process.wait(20)
    assert region.describe()["DBInstanceStatus"] == "rebooting"
    region.databases.settle(region.name)
    assert region.describe()["DBInstanceStatus"] == "available"
    assert region.ask("SELECT 1") == (0, "1")


def test_the_final_snapshot_is_the_data(region: Region, tmp_path: Path) -> None:
    region.create()
    region.available()
    host = region.describe()["Endpoint"]["Address"]
    region.rds.delete_db_instance(DBInstanceIdentifier="orders", FinalDBSnapshotIdentifier="last")
    assert region.describe()["DBInstanceStatus"] == "deleting"
    region.aws.clock.advance(CREATING)
    assert refused(region.describe)[0] == "DBInstanceNotFound"
    kept = list((tmp_path / "databases" / "snapshots").iterdir())
    assert [each.name.rpartition("-")[2] for each in kept] == ["last"]
    assert (kept[0] / "data" / "PG_VERSION").exists()
    assert not list((tmp_path / "databases" / "instances").iterdir())
    assert region.places.find(host) is None
    assert region.rds.describe_db_snapshots()["DBSnapshots"][0]["DBSnapshotIdentifier"] == "last"


def test_without_a_snapshot_nothing_is_kept(region: Region, tmp_path: Path) -> None:
    region.create()
    region.available()
    region.rds.delete_db_instance(DBInstanceIdentifier="orders", SkipFinalSnapshot=True)
    assert not list((tmp_path / "databases" / "instances").iterdir())
    assert not (tmp_path / "databases" / "snapshots").exists()


def test_passwords_stand_nowhere_on_disk_and_in_no_report(region: Region, tmp_path: Path) -> None:
    logged = {"ParameterName": "log_statement", "ParameterValue": "all", "ApplyMethod": "immediate"}
    region.rds.modify_db_parameter_group(DBParameterGroupName="own", Parameters=[logged])
    region.create()
    region.available()
    password = region.secret()["password"]
    files = [each for each in (tmp_path / "databases").rglob("*") if each.is_file()]
    assert any("statement: SELECT 1" in each.read_text(errors="replace") for each in files if each.name == "log")
    assert not [each.name for each in files if password.encode() in each.read_bytes()]
    assert password not in repr(region.reports)
    assert password not in repr(region.databases._instances[region.name])


def test_it_says_which_version_it_is(region: Region) -> None:
    region.create()
    region.databases.settle(region.name)
    found = programs.find("17")
    assert found is not None
    if found.major == 17:
        assert region.reports == []
    else:
        assert region.reports[0] == f"RDS instance orders: asked for PostgreSQL 17.7, it is this machine's {found.version}"


def test_a_machine_without_postgresql_says_what_to_install(region: Region, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find", lambda *_: None)
    assert refused(region.create) == ("InsufficientDBInstanceCapacity", programs.MISSING)
    assert region.rds.describe_db_instances()["DBInstances"] == []


def test_a_server_that_outlived_its_simulator_is_ended(region: Region) -> None:
    region.create()
    region.available()
    server = region.databases._instances[region.name].server
    kill_left(server.folder)
    assert not server.answers()


def test_what_of_parameters_is_applied() -> None:
    found = applied({"work_mem": "{DBInstanceClassMemory/8}", "no_such": "1", "pgaudit.log": "ddl"}, 14, frozenset({"work_mem"}), list)
    assert found.values == {"pgaudit.log": "ddl"}
    assert found.force_ssl is False
    assert found.left_out == {"no_such": "this PostgreSQL doesn't know it", "work_mem": "it is sized for the instance's class"}
    assert applied({}, 15, frozenset(), list).force_ssl is True


def test_values_cannot_break_out_of_the_configuration() -> None:
    text = configuration.server(applied({"log_statement": "a' \nport = 1"}, 17, frozenset({"log_statement"}), list), "127.0.0.1", 5432, "/tmp/x")
    assert "log_statement = 'a'' \nport = 1'" in text


def test_the_newest_is_found_unless_there_is_the_one_that_is_asked_for(tmp_path: Path) -> None:
    for version in ("9.6", "15", "17"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        for name in ("postgres", "initdb", "psql"):
            (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}.1 (Debian)'\n")
            (folder / name).chmod(0o755)
    newest, asked = programs.find("16", tmp_path), programs.find("15", tmp_path)
    assert newest is not None
    assert newest.version == "17.1"
    assert asked is not None
    assert asked.version == "15.1"
