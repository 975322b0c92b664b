# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out rotations: look at the facts, take the next step, look again. What the next step is, ``rotation`` decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotReady
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._postgres import catalog as pg_catalog
from ansible_collections.slipway.platform.plugins.module_utils._postgres import consumers, model, plan, rotation
from ansible_collections.slipway.platform.plugins.module_utils._postgres.catalog import Catalog
from ansible_collections.slipway.platform.plugins.module_utils._postgres.model import Binding
from ansible_collections.slipway.platform.plugins.module_utils._postgres.psql import Administrator
from ansible_collections.slipway.platform.plugins.module_utils._postgres.rotation import Step
from ansible_collections.slipway.platform.plugins.module_utils._secrets import store
from ansible_collections.slipway.platform.plugins.module_utils._secrets.model import NAME, NAMESPACE, VERSION, Stored, from_object

PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Request:
    """``reread`` seconds are given to pods to move by themselves, then as many as ``restart`` to a rolling restart. ``store``: its namespace."""

    services: tuple[str, ...] = ()
    reread: float = 90.0
    restart: float = 180.0
    store: str = NAMESPACE


@dataclass(frozen=True)
class Rotated:
    """One rotation: the login in use now, the version of the binding, the steps taken and the seconds they took."""

    service: str
    resource: str
    secret: str
    login: str
    version: str
    steps: list[str]
    seconds: float


@dataclass(frozen=True)
class Result:
    rotated: list[Rotated]

    @property
    def changed(self) -> bool:
        return any(item.steps for item in self.rotated)

    @property
    def diff(self) -> dict[str, str]:
        return {"before": "", "after": "".join(f"{item.secret}: {', '.join(item.steps)}\n" for item in self.rotated)}


@dataclass(frozen=True)
class Look:
    """A rotation's facts, and the objects they came from."""

    facts: rotation.Facts
    binding: Binding
    stored: Stored
    copies: tuple[Stored, ...]
    users: consumers.Users


@dataclass
class Track:
    """How far this run has come with one rotation; all that matters to a later run is in the facts."""

    begin: bool
    since: float
    steps: list[str] = field(default_factory=list)
    said: str = ""
    seconds: float | None = None


@dataclass
class Rotator:
    """Everything a rotation acts on. Clock and sleep are in seconds; ``progress`` shows a line to the user."""

    client: Client
    psql: Administrator
    request: Request
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    progress: Callable[[str], None] = lambda _line: None
    random: store.Random = field(default_factory=store.Random)

    def run(self, dry_run: bool = False) -> Result:
        """Rotate every binding of these services, all at the same time; an unfinished rotation is finished instead of a new one."""
        started = self.clock()
        looks = self.look()
        tracks = {name: Track(not look.facts.unfinished, started) for name, look in looks.items()}
        if dry_run:
            steps = {name: self._next(look, tracks[name]) for name, look in looks.items()}
            return Result([_report(look, [steps[name].value], 0.0) for name, look in looks.items()])
        while True:
            moved = [self._advance(name, look, tracks[name], started) for name, look in looks.items() if tracks[name].seconds is None]
            if all(track.seconds is not None for track in tracks.values()):
                return Result([_report(look, tracks[name].steps, tracks[name].seconds or 0.0) for name, look in looks.items()])
            if not any(moved):
                self.sleep(PAUSE_SECONDS)
            looks = self.look()

    def look(self) -> dict[str, Look]:
        """The facts of every binding of the wanted services, by the name of its secret."""
        state = store.read(self.client, namespace=self.request.store)
        found = {name: stored for name, stored in sorted(state.store.items()) if stored.type == model.SECRET_TYPE and self._wanted(_binding(stored))}
        strangers = sorted(set(self.request.services) - {_binding(stored).service for stored in found.values()})
        if strangers:
            known = sorted({_binding(stored).service for stored in state.store.values() if stored.type == model.SECRET_TYPE})
            raise InvalidInput(f"no database binding of service {', '.join(strangers)} in the store; there are those of: {', '.join(known) or 'none'}")
        catalog = pg_catalog.look(self.psql, dict(map(_password, found.values())))
        every = [from_object(item) for item in self.client.find(store.SECRET, labels=NAME)] if found else []
        copies = [copy for copy in every if copy.store == self.request.store]
        return {name: self._look(stored, [copy for copy in copies if copy.labels[NAME] == name], catalog) for name, stored in found.items()}

    def _wanted(self, binding: Binding) -> bool:
        return not self.request.services or binding.service in self.request.services

    def _look(self, stored: Stored, copies: list[Stored], catalog: Catalog) -> Look:
        binding = _binding(stored)
        used = model.credential(binding, stored)
        old = next(login for login in binding.logins if login != used.username)
        users = consumers.find(self.client, [(copy.namespace, copy.name) for copy in copies]) if copies else consumers.Users((), ())
        return Look(_facts(used, old, stored, copies, users, catalog), binding, stored, tuple(copies), users)

    def _next(self, look: Look, track: Track) -> Step:
        waited = self.clock() - track.since
        patience = rotation.Patience(waited > self.request.reread, waited > self.request.reread + self.request.restart)
        return rotation.next_step(look.facts, track.begin, patience)

    def _advance(self, name: str, look: Look, track: Track, started: float) -> bool:
        """Take the next step of one rotation; False if there is nothing to do but wait."""
        step = self._next(look, track)
        if step is Step.DONE:
            track.seconds = self.clock() - started
            return True
        said = f"{name}: " + _WORDS[step].format(new=look.facts.new, old=look.facts.old, state=rotation.explain(look.facts))
        if step is Step.STUCK:
            raise NotReady(f"{said}; both logins still work, so nothing is broken: repair the pods and run the rotation again", secret=name)
        if said != track.said:
            self.progress(said)
            track.said = said
        if step is Step.WAIT:
            consumers.nudge(self.client, [pod for pod in look.users.pods if pod.seen != look.stored.version], look.stored.version)
            return False
        track.steps.append(step.value)
        track.begin = track.begin and step is not Step.SWITCH
        track.since = track.since if step is Step.RESTART else self.clock()
        self._take(step, look)
        return True

    def _take(self, step: Step, look: Look) -> None:
        if step is Step.SWITCH:
            server = model.Server(**{key: look.stored.data[entry] for key, entry in _SERVER.items()}, port=int(look.stored.data["port"]))
            wanted = model.wanted(look.binding, server, look.facts.old, renew=True)
            state = store.State({look.stored.name: look.stored}, namespace=self.request.store)
            store.write(self.client, store.plan([wanted], (), "", state, self.random).changes)
        elif step is Step.ENABLE:
            self.psql(plan.enable(model.credential(look.binding, look.stored), self.random.bytes).script())
        elif step is Step.DELIVER:
            changes = [store.Change(copy, _renewed(copy, look.stored)) for copy in look.copies]
            store.write(self.client, [change for change in changes if change.action != "unchanged"])
        elif step is Step.RESTART:
            late = [pod for pod in look.users.pods if pod.name in look.facts.to_restart]
            consumers.restart(self.client, [workload for workload in look.users.workloads if any(map(workload.has, late))], look.stored.version)
        elif step is Step.RETIRE:
            self.psql(plan.retire(look.facts.old).script())


_SERVER = {"host": "host", "authority": "ca.crt", "provider": "provider"}
_WORDS = {
    Step.SWITCH: "the store names {old} with a new password",
    Step.ENABLE: "{new} can log in, {old} still can",
    Step.DELIVER: "the new binding is delivered",
    Step.WAIT: "waiting: {state}",
    Step.RESTART: "restarting, one pod after the other: {state}",
    Step.RETIRE: "{old} cannot log in any more",
    Step.STUCK: "stopped: {state}",
}


def _binding(stored: Stored) -> Binding:
    return Binding(stored.labels.get("slipway.platform/service", ""), stored.labels.get("slipway.platform/resource", ""), "")


def _password(stored: Stored) -> tuple[str, tuple[str, str]]:
    binding = _binding(stored)
    used = model.credential(binding, stored)
    return used.username, (used.password, binding.database)


def _renewed(copy: Stored, stored: Stored) -> Stored:
    return replace(copy, data=stored.data, annotations={**copy.annotations, VERSION: stored.version})


def _facts(used: model.Credential, old: str, stored: Stored, copies: list[Stored], users: consumers.Users, catalog: Catalog) -> rotation.Facts:
    new_role, old_role = catalog.roles.get(used.username), catalog.roles.get(old)

    def count(role: str, address: str) -> int:
        return sum(session.role == role and session.address == address for session in catalog.sessions)

    return rotation.Facts(
        new=used.username,
        old=old,
        new_works=bool(new_role and new_role.login and catalog.accepts(used.username, used.password)),
        old_can_login=bool(old_role and old_role.login),
        delivered=all(copy.data == stored.data for copy in copies),
        consumers=tuple(
            rotation.Consumer(
                pod=pod.name,
                new=count(used.username, pod.address),
                old=count(old, pod.address),
                restarted=pod.restarted_for == stored.version,
                restartable=any(workload.has(pod) for workload in users.workloads),
            )
            for pod in users.pods
        ),
        old_sessions=sum(session.role == old for session in catalog.sessions),
        settled=all(workload.settled for workload in users.workloads),
    )


def _report(look: Look, steps: list[str], seconds: float) -> Rotated:
    return Rotated(
        service=look.binding.service,
        resource=look.binding.resource,
        secret=look.stored.name,
        login=look.facts.new,
        version=look.stored.version,
        steps=[step for step in steps if step != Step.DONE.value],
        seconds=round(seconds, 1),
    )
