# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instances: each is a server with a worker of its own, so that nobody who asks for its status waits for it."""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.slipway.platform.plugins.module_utils._postgres import scram

from simulator.world.authority import Authority
from simulator.world.parts import REAL, Part
from simulator.world.places import Place, Places
from simulator.world.postgres import configuration, programs
from simulator.world.postgres.server import Server, ServerError, kill_left

Name = tuple[str, str, str]  # account, region, identifier
STARTING, RUNNING, FAILED, GONE = "starting", "running", "failed", "gone"
_FAILURES = (
    ("incompatible-network", re.compile("could not (bind|create any TCP)|Cannot assign requested address")),
    ("incompatible-parameters", re.compile("parameter|configuration file")),
)


@dataclass(frozen=True)
class Facts:
    """What RDS knows of an instance. ``host``: its endpoint's name; ``version``: as it was asked for; ``password`` is never kept."""

    name: Name
    host: str
    port: int
    version: str
    master: str
    password: str = field(repr=False)
    database: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Instance:
    """``failure``: RDS's status, and the reason."""

    facts: Facts
    server: Server
    worker: ThreadPoolExecutor
    parameters: dict[str, str]
    state: str = STARTING
    failure: tuple[str, str] = ("", "")
    left_out: dict[str, str] = field(default_factory=dict)


class Databases:
    """``folder``: for their data, and for snapshots; ``address``: where they listen, each on its own port. Everything ends with ``with``."""

    def __init__(self, folder: Path, address: str, authority: Authority, places: Places, report: Callable[[str], None]) -> None:
        self._folder, self._address, self._authority, self._places, self._report = folder, address, authority, places, report
        self._instances: dict[Name, Instance] = {}
        self.pool: Callable[[str], ThreadPoolExecutor] = lambda name: ThreadPoolExecutor(1, thread_name_prefix=name)
        self._lock, self._ended = threading.Lock(), threading.Event()

    def __enter__(self) -> Databases:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for instance in self._all():
            instance.worker.shutdown(wait=True, cancel_futures=True)
            instance.server.stop()

    def problem(self) -> str:
        """Why there can be none; "" if there can."""
        return "" if programs.find() else programs.MISSING

    def create(self, facts: Facts) -> None:
        """Begins to. Whatever had this name is gone."""
        found = programs.find(facts.version.partition(".")[0])
        if found is None:
            raise ServerError(programs.MISSING)
        self.remove(facts.name)
        server = Server(found, self._folder / "instances" / "-".join(facts.name), self._address, facts.port)
        instance = Instance(facts, server, self.pool(f"rds {facts.name[2]}"), dict(facts.parameters))
        with self._lock:
            self._instances[facts.name] = instance
        if facts.version.partition(".")[0] != str(found.major):
            self._report(f"RDS instance {facts.name[2]}: asked for PostgreSQL {facts.version}, it is this machine's {found.version}")
        verifier = _verifier(facts.password)
        instance.worker.submit(self._guarded, instance, lambda: self._make(instance, verifier))

    def state(self, name: Name) -> str:
        """STARTING, RUNNING if it answers now, FAILED, GONE. One that has died is started again."""
        instance = self._instances.get(name)
        if instance is None:
            return GONE
        if instance.state == RUNNING and not instance.server.answers():
            self.restart(name)
        return instance.state

    def failure(self, name: Name) -> tuple[str, str]:
        """RDS's status and the reason of one that has FAILED."""
        return self._instances[name].failure

    def restart(self, name: Name, parameters: Mapping[str, str] | None = None, port: int = 0) -> None:
        """With new parameters or another port, if they are given."""
        instance = self._instances[name]
        instance.state = STARTING

        def work() -> None:
            instance.server.stop()
            if parameters is not None:
                instance.parameters = dict(parameters)
            instance.server.port = port or instance.server.port
            self._start(instance)

        instance.worker.submit(self._guarded, instance, work)

    def reload(self, name: Name, parameters: Mapping[str, str]) -> None:
        """Parameters that need no restart."""
        instance = self._instances[name]

        def work() -> None:
            instance.parameters = dict(parameters)
            self._configure(instance)
            instance.server.reload()

        instance.worker.submit(self._guarded, instance, work)

    def parameters(self, name: Name) -> Mapping[str, str]:
        """Those that are in effect; what was begun may still change them."""
        return self._instances[name].parameters

    def set_password(self, name: Name, password: str) -> None:
        instance, verifier = self._instances[name], _verifier(password)
        instance.worker.submit(self._guarded, instance, lambda: instance.server.run(configuration.password(instance.facts.master, verifier)))

    def remove(self, name: Name, snapshot: str = "") -> None:
        """``snapshot``: the name under which the data is kept."""
        with self._lock:
            instance = self._instances.pop(name, None)
        folder = self._folder / "instances" / "-".join(name)
        if instance is None:
            kill_left(folder)
            shutil.rmtree(folder, ignore_errors=True)
            return

        def work() -> None:
            instance.server.stop()
            self._places.remove(instance.facts.host)
            if snapshot:
                kept = self._folder / "snapshots" / "-".join((*name[:2], snapshot))
                kept.parent.mkdir(parents=True, exist_ok=True)
                folder.rename(kept)
            shutil.rmtree(folder, ignore_errors=True)

        instance.worker.submit(self._guarded, instance, work).result()
        instance.worker.shutdown()

    def settle(self, name: Name) -> None:
        """Waits until what was begun is done."""
        instance = self._instances[name]
        done: Future[None] = instance.worker.submit(lambda: None)
        done.result()

    def parts(self) -> list[Part]:
        """For the registry of parts."""
        found = []
        for each in self._all():
            told = f"PostgreSQL {each.server.programs.version}, a process of this machine on port {each.server.port}; RDS was asked for {each.facts.version}"
            found.append(Part(f"RDS instance {each.facts.name[2]}", REAL, "; ".join([told, *(f"{name}: {why}" for name, why in each.left_out.items())])))
        return found

    def _all(self) -> list[Instance]:
        with self._lock:
            return list(self._instances.values())

    def _make(self, instance: Instance, verifier: str) -> None:
        instance.server.make()
        certificate, key = self._authority.files(instance.facts.host)
        instance.server.put("server.crt", certificate.read_bytes())
        instance.server.put("server.key", key.read_bytes())
        self._start(instance, lambda: configuration.roles(instance.server.programs.major, instance.facts.master, verifier, instance.facts.database))

    def _start(self, instance: Instance, first: Callable[[], str] | None = None) -> None:
        self._configure(instance)
        instance.server.start(self._ended)
        for statement in first().split(";\n") if first else ():
            instance.server.run(f"{statement};")
        self._places.put(instance.facts.host, Place(self._address))
        instance.state = RUNNING

    def _configure(self, instance: Instance) -> None:
        server = instance.server
        found = configuration.applied(instance.parameters, server.programs.major, server.programs.parameters, server.programs.libraries)
        server.put("postgresql.conf", configuration.server(found, self._address, server.port, server.sockets).encode())
        server.put("pg_hba.conf", configuration.access(found.force_ssl).encode())
        instance.left_out = dict(found.left_out)
        for name, why in found.left_out.items():
            self._report(f"RDS instance {instance.facts.name[2]}: parameter {name} is accepted and not applied: {why}")

    def _guarded(self, instance: Instance, work: Callable[[], object]) -> None:
        try:
            work()
        except (ServerError, OSError, ValueError, subprocess.SubprocessError) as error:
            text = str(error)
            instance.state = FAILED
            instance.failure = next((status for status, pattern in _FAILURES if pattern.search(text)), "failed"), text
            self._report(f"RDS instance {instance.facts.name[2]}: {text}")
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                instance.server.stop()


def _verifier(password: str) -> str:
    """Computed here, so that no server's log ever has the password."""
    return scram.verifier(password, secrets.token_bytes(scram.SALT_BYTES))
