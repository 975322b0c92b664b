# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What EKS Auto Mode does about Gateways: looks, makes what is wanted, says what came of it; and again a second later."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _files
from ansible_collections.slipway.platform.plugins.module_utils._errors import NotFound
from ansible_collections.slipway.platform.plugins.module_utils._k8s.client import Client
from ansible_collections.slipway.platform.plugins.module_utils._k8s.kinds import Kind, Object

from simulator.clock import Clock
from simulator.world.alb import model, parameters, status, targets
from simulator.world.alb.attach import Attached, Parent, attach
from simulator.world.alb.elb import Elb, UnmetError, Wanted
from simulator.world.alb.model import CLASS, FINALIZER, GATEWAY, ROUTE, Snapshot, owner
from simulator.world.alb.rules import configuration, rules
from simulator.world.alb.traefik import Listener, Traefik
from simulator.world.places import Place, Places

PROVISIONING = timedelta(seconds=90)


@dataclass(frozen=True)
class Surroundings:
    """``files``: certificate and key of a server with these names, for certificates whose key only ACM has. ``address``: what DNS says to who asks for a
    load balancer's name. ``program``: Traefik. ``folder``: whose content is ours alone.
    """

    places: Places
    files: Callable[..., tuple[Path, Path]]
    folder: Path
    program: Path
    clock: Clock
    address: str = "127.0.0.1"


@dataclass
class _Balancer:
    since: datetime
    dns_name: str = ""
    proxy: Traefik | None = None


@dataclass
class Controller:
    """What is wrong with a Gateway stands in its status."""

    client: Client
    elb: Elb
    around: Surroundings
    _balancers: dict[tuple[str, str], _Balancer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._targets = targets.Targets(self.client)

    def stop(self) -> None:
        for balancer in self._balancers.values():
            if balancer.proxy:
                balancer.proxy.stop()
        self._balancers.clear()

    def look(self) -> None:
        """One look at the cluster, and all that is due. Raises SlipwayError if the cluster doesn't answer, or nothing can be served here."""
        found = self.client.map(lambda kind: self.client.find(kind, optional=True), model.READ)
        snapshot = Snapshot.of(each for objects in found for each in objects)
        for each in snapshot.classes():
            self._say(CLASS, each, status.of_class(each))
        told: dict[tuple[str, str], list[Parent]] = {}
        attached: dict[tuple[str, str], list[Attached]] = {}
        for gateway in [each for each in snapshot.gateways() if not each["metadata"].get("deletionTimestamp")]:
            attached[owner(gateway)], said = attach(snapshot, gateway)
            for whose, parents in said.items():
                told.setdefault(whose, []).extend(parents)
        backends = [backend for every in attached.values() for rule in rules(every) for backend, _ in rule.backends]
        urls = self._targets.ensure(snapshot, backends)
        for gateway in snapshot.gateways():
            self._reconcile(snapshot, gateway, attached.get(owner(gateway), []), urls)
        for key in set(self.elb.names()) - {owner(each) for each in snapshot.gateways()}:
            self._remove(key)
        for route in snapshot.all(ROUTE):
            said_before = (route.get("status") or {}).get("parents") or []
            if owner(route) in told or any(each.get("controllerName") == model.CONTROLLER for each in said_before):
                self._say(ROUTE, route, status.of_route(route, told.get(owner(route), [])))

    def _reconcile(self, snapshot: Snapshot, gateway: Object, attached: list[Attached], urls: Mapping[Any, list[str]]) -> None:
        key, metadata = owner(gateway), gateway["metadata"]
        finalizers = metadata.get("finalizers") or []
        if metadata.get("deletionTimestamp"):
            self._remove(key)
            self._finalize(key, [each for each in finalizers if each != FINALIZER])
            return
        if FINALIZER not in finalizers:
            self._finalize(key, [*finalizers, FINALIZER])
        try:
            view = self._provide(snapshot, gateway, attached, urls)
        except UnmetError as error:
            known = self._balancers.get(key)
            view = status.View(known.dns_name if known else "", problem=str(error))
        self._say(GATEWAY, gateway, status.of_gateway(gateway, view, attached))

    def _provide(self, snapshot: Snapshot, gateway: Object, attached: list[Attached], urls: Mapping[Any, list[str]]) -> status.View:
        key, now = owner(gateway), self.around.clock.now()
        spec = parameters.parameters(snapshot, gateway)
        properties = parameters.properties(snapshot, key[0], spec)
        listeners = parameters.listeners(gateway, spec)
        pairs = {port: tuple(map(self._pair, certificates)) for port, (_, certificates, _) in listeners.items()}
        dns_name, arn = self.elb.ensure(Wanted(*key, listeners, spec, properties))
        balancer = self._balancers.setdefault(key, _Balancer(now))
        self._moved(balancer, dns_name)
        found = {each["port"]: [a for a in attached if a.listener == each["name"]] for each in gateway["spec"].get("listeners") or []}
        routes = {f"port-{port}": (bool(pairs[port]), rules(found.get(port, []))) for port in listeners}
        used = {backend for _, every in routes.values() for rule in every for backend, _ in rule.backends if backend in urls}
        self.elb.register(*key, {backend: targets.addresses(snapshot, backend) for backend in sorted(used)}, properties)
        active = now - balancer.since >= PROVISIONING
        if active:
            proxy = self._proxy(key, balancer, tuple(Listener(port, pairs[port]) for port in sorted(listeners)), spec)
            proxy.show(configuration(routes, {backend: urls[backend] for backend in used}))
            self.around.places.put(dns_name, Place(self.around.address, {port: f"127.0.0.1:{own}" for port, own in proxy.ports.items()}))
        return status.View(dns_name, arn, active)

    def _moved(self, balancer: _Balancer, dns_name: str) -> None:
        """Another scheme is another load balancer."""
        if balancer.dns_name not in ("", dns_name):
            self.around.places.remove(balancer.dns_name)
            balancer.since = self.around.clock.now()
        balancer.dns_name = dns_name

    def _proxy(self, key: tuple[str, str], balancer: _Balancer, listeners: tuple[Listener, ...], spec: Mapping[str, Any]) -> Traefik:
        attributes = {each["key"]: each["value"] for each in spec.get("loadBalancerAttributes") or []}
        idle = int(attributes.get("idle_timeout.timeout_seconds", 60))
        now = balancer.proxy
        if now and now.alive and (now.listeners, now.idle_seconds) == (listeners, idle):
            return now
        if now:
            now.stop()
        balancer.proxy = Traefik(self.around.program, self.around.folder / "-".join(key), listeners, idle)
        return balancer.proxy

    def _pair(self, arn: str) -> tuple[Path, Path]:
        certificate = self.elb.certificate(arn)
        if not certificate.pem:
            return self.around.files(*certificate.names)
        base = self.around.folder / "imported" / arn.rpartition("/")[2]
        base.parent.mkdir(parents=True, exist_ok=True)
        for suffix, content, mode in ((".crt", certificate.pem, 0o644), (".key", certificate.key, 0o600)):
            _files.write(base.with_suffix(suffix), content, mode)
        return base.with_suffix(".crt"), base.with_suffix(".key")

    def _remove(self, key: tuple[str, str]) -> None:
        name = self.elb.names().get(key)
        if name:
            self.around.places.remove(name)
        balancer = self._balancers.pop(key, None)
        if balancer and balancer.proxy:
            balancer.proxy.stop()
        self.elb.remove(*key)

    def _finalize(self, key: tuple[str, str], finalizers: list[str]) -> None:
        with contextlib.suppress(NotFound):
            self.client.merge(GATEWAY, *key, {"metadata": {"finalizers": finalizers}})

    def _say(self, kind: Kind, live: Object, said: dict[str, Any]) -> None:
        before = live.get("status") or {}
        after = status.dated(before, said, self.around.clock.now())
        if {key: before.get(key) for key in after} != after:
            path = kind.path(live["metadata"].get("namespace"), live["metadata"]["name"])
            with contextlib.suppress(NotFound):
                content_type = "application/merge-patch+json"
                self.client.request("PATCH", f"{path}/status", query={"fieldManager": "simulated-elb"}, body={"status": after}, content_type=content_type)
