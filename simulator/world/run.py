# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulator with its world around it: everything that listens, from its start to its end."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import getproxies_environment

from ansible_collections.slipway.platform.plugins.module_utils import _files

from simulator.application import Simulator
from simulator.server import serving
from simulator.world import credentials, database, dns, ecr, eks, registry, standing, webhook
from simulator.world.addons import Addons
from simulator.world.alb.controller import Surroundings
from simulator.world.alb.keeper import Keeper
from simulator.world.authority import Authority
from simulator.world.control import Control, Reports
from simulator.world.destinations import Destinations
from simulator.world.external_secrets import ExternalSecrets
from simulator.world.gate import Gate
from simulator.world.images import Images
from simulator.world.names import Names
from simulator.world.parts import Parts
from simulator.world.places import Places
from simulator.world.postgres.instances import Databases
from simulator.world.proxy import Proxy
from simulator.world.reconciler import Reconciler
from simulator.world.relay import Loop, Traffic
from simulator.world.repositories import Repositories
from simulator.world.settings import Settings, SettingsError
from simulator.world.upstream import Upstream

_LOCAL = "127.0.0.1"
_NOT_PROXIED = "127.0.0.1,localhost"
_TAKEN = (errno.EADDRINUSE, errno.EACCES)


@dataclass(frozen=True)
class State:
    """What stands in state.json. ``environment``: of a run that shall meet this AWS; nothing in it is secret.

    ``ports``: by what listens there; proxy and simulator on 127.0.0.1, all others on ``address``. ``webhook_file``: for kind_token_webhook.
    """

    ready: bool
    pid: int
    url: str
    address: str
    ports: Mapping[str, int]
    ca_file: str
    trust_file: str
    credentials_file: str
    webhook_file: str
    certificates: Mapping[str, Mapping[str, str]]
    environment: Mapping[str, str]


class _World:
    """The parts, as they come to be: each one leaves with the stack."""

    def __init__(self, simulator: Simulator, folder: Path, settings: Settings, stack: ExitStack) -> None:
        self.simulator, self.folder, self.settings, self.stack = simulator, folder, settings, stack
        self.file = folder / "state.json"
        self.before = _last_ports(self.file)
        self.ports: dict[str, int] = {}
        self.authority = Authority(folder / "tls")
        self.places, self.traffic, self.reports = Places(settings.places), Traffic(), Reports()
        self.parts = Parts()
        self.parts.add(lambda: standing.parts(simulator, settings))
        self.control = Control(simulator, self.places, self.traffic, self.reports, self.parts, self.authority.ca_file)
        self.names = Names(simulator, self.places, settings.address)
        self.credentials_file, self.webhook_file = folder / "credentials", folder / "token-webhook.yaml"
        self.keys = credentials.ensure(self.credentials_file)
        credentials.introduce(simulator)
        self.loop = stack.enter_context(Loop())

    def listen(self, name: str, opened: Callable[[int], AbstractContextManager[Any]]) -> Any:
        """The port of the settings, or that of the last time if it is free, or any."""
        given = self.settings.ports.get(name, 0)
        for port in dict.fromkeys((given or self.before.get(name, 0), given)):
            try:
                found = self.stack.enter_context(opened(port))
            except OSError as error:
                if error.errno not in _TAKEN or given or not port:
                    raise SettingsError(
                        f"{name} can't listen on port {port} of {self.settings.address}: {os.strerror(error.errno or 0)}; see ports in settings.json"
                    ) from None
            else:
                self.ports[name] = _port(str(found))
                return found
        raise AssertionError("a port is given, or it is any")

    def start(self) -> State:
        url = self.listen("simulator", lambda port: serving(self.control.plain, port))
        behind = (_LOCAL, _port(self.stack.enter_context(serving(self.control.behind_tls))))
        destinations = Destinations(self.names, behind, self._registry())
        proxy = Proxy(destinations, self.authority, getproxies_environment(), self.traffic)
        self.listen("proxy", lambda port: self.loop.serving(proxy, _LOCAL, port))
        gate = Gate(destinations, self.authority, self.settings.address, self.traffic)
        self.listen("gate", lambda port: self.loop.serving(gate, self.settings.address, port, ssl=gate.context()))
        names = dns.Server(self.names, dns.machine_resolvers(), self.reports)
        self.listen("dns", lambda port: self._dns(names, port))
        self._databases()
        self._cluster()
        return self._state(str(url))

    def _registry(self) -> tuple[str, int] | None:
        given = self.settings
        if not given.registry:
            return None
        upstream = Upstream(given.registry, *(Path(each) if each else None for each in (given.registry_ca_file, given.registry_auth_file)))
        images = Images(upstream, self.folder / "images.json", lambda: self.simulator.world.clock.now())
        self.simulator.backends["ecr"] = ecr.backend(images)
        repositories = Repositories(self.simulator)
        nodes, context = registry.Front(repositories, images, anonymous=True, others=given.images), self.authority.context(given.address)
        self.listen("pull", lambda port: registry.serving(nodes, given.address, port, context))
        return _LOCAL, self.stack.enter_context(registry.serving(registry.Front(repositories, images)))

    def _databases(self) -> None:
        if not self.settings.databases:
            return
        found = Databases(self.folder / "databases", self.settings.address, self.authority, self.places, self.reports)
        self.simulator.backends["rds"] = database.backend(self.stack.enter_context(found))
        self.parts.add(found.parts)

    def _cluster(self) -> None:
        """With no real cluster EKS's are made up, as without a world."""
        if not self.settings.kubeconfig:
            return
        adopted = eks.Adopted(self.simulator, Path(self.settings.kubeconfig))
        self.simulator.backends["eks"] = eks.backend(adopted)
        asked = webhook.Authenticator(self.simulator, adopted, lambda: datetime.now(UTC), self.keys, {f"http://{_LOCAL}:{self.ports['simulator']}"})
        context = self.authority.context(self.settings.address)
        port = self.listen("webhook", lambda port: webhook.serving(asked, self.settings.address, port, context))
        webhook.write_kubeconfig(self.webhook_file, f"https://{self.settings.address}:{port}{webhook.PATH}", self.authority.ca_file)
        self.stack.enter_context(Reconciler(self.simulator, adopted, self.reports).running())
        self.stack.enter_context(self._balancers(adopted).running())
        external = ExternalSecrets(self.simulator, adopted, self.reports)
        self.stack.enter_context(external.running())
        self.parts.add(external.parts)
        self.parts.add(Addons(self.simulator, adopted).parts)

    def _balancers(self, adopted: eks.Adopted) -> Keeper:
        given = self.settings
        program = Path(given.traefik) if given.traefik else Path(sys.executable).parent / "traefik"
        around = Surroundings(self.places, self.authority.files, self.folder / "balancers", program, self.simulator.world.clock, given.address)
        return Keeper(self.simulator, adopted, around, Path(given.gateway_api) if given.gateway_api else None, self.reports)

    @contextmanager
    def _dns(self, names: dns.Server, port: int) -> Iterator[int]:
        """UDP and TCP have the same port."""
        with self.loop.serving(names.tcp, self.settings.address, port) as found, self.loop.datagrams(names.udp, self.settings.address, found):
            yield found

    def _state(self, url: str) -> State:
        files = {name: self.authority.files(*hosts) for name, hosts in self.settings.certificates.items()}
        return State(
            ready=True,
            pid=os.getpid(),
            url=url,
            address=self.settings.address,
            ports=self.ports,
            ca_file=str(self.authority.ca_file),
            trust_file=str(self.authority.trust_file),
            credentials_file=str(self.credentials_file),
            webhook_file=str(self.webhook_file) if self.settings.kubeconfig else "",
            certificates={name: {"certificate": str(certificate), "key": str(key)} for name, (certificate, key) in files.items()},
            environment=_environment(self.ports["proxy"], self.authority.trust_file, self.credentials_file),
        )


@contextmanager
def running(simulator: Simulator, folder: Path, settings: Settings) -> Iterator[State]:
    """The state stands in ``folder``/state.json when everything answers, and says that it is not ready any more when the end comes."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        world = _World(simulator, folder, settings, stack)
        state = world.start()
        _write(world.file, asdict(state))
        try:
            yield state
        finally:
            _write(world.file, {**asdict(state), "ready": False})


def _environment(proxy: int, trust: Path, keys: Path) -> dict[str, str]:
    """Both ways to write them are read by somebody."""
    proxies = {"http_proxy": f"http://{_LOCAL}:{proxy}", "https_proxy": f"http://{_LOCAL}:{proxy}", "no_proxy": _NOT_PROXIED}
    return {
        **proxies,
        **{name.upper(): value for name, value in proxies.items()},
        "AWS_CA_BUNDLE": str(trust),
        "SSL_CERT_FILE": str(trust),
        "REQUESTS_CA_BUNDLE": str(trust),
        "CURL_CA_BUNDLE": str(trust),
        "AWS_SHARED_CREDENTIALS_FILE": str(keys),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _last_ports(file: Path) -> dict[str, int]:
    try:
        return {str(name): int(port) for name, port in json.loads(file.read_text())["ports"].items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}


def _write(file: Path, content: Mapping[str, Any]) -> None:
    _files.write(file, json.dumps(content, indent=1).encode() + b"\n", 0o644)


def _port(found: str) -> int:
    """Of a URL, or a port alone."""
    return int(found.rpartition(":")[2])
