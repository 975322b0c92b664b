# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A registry on this machine: two processes of CNCF distribution over one folder, one that may write and one that may not.

Nodes reach only the read-only one, by its container's name; the other is published on 127.0.0.1 for whoever builds images.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _artifacts, _ports
from ansible_collections.slipway.platform.plugins.module_utils._errors import Busy, CommandFailed, InvalidInput, NotReady, SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._local_registry import files as registry_files
from ansible_collections.slipway.platform.plugins.module_utils._local_registry.files import PULL, PUSH, Files, Process
from ansible_collections.slipway.platform.plugins.module_utils._local_registry.podman import SPEC, Container, Podman
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry

_READY = 30.0
_POLL = 0.1


@dataclass(frozen=True)
class Request:
    """The registry to have; see the options of the module ``registry_container``, whose names these are."""

    name: str
    network: str
    image: Path | None
    path: Path
    data_dir: Path
    port: int
    pull_port: int
    cert_file: Path | None
    key_file: Path | None
    ca_file: Path | None
    state: str
    check_mode: bool

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def container(self, process: Process) -> str:
        return self.name if process is PULL else f"{self.name}-push"

    def published(self, process: Process) -> int:
        return self.port if process is PUSH else self.pull_port

    @classmethod
    def from_params(cls, params: Mapping[str, Any], check_mode: bool) -> Request:
        tls = params["tls"] or {}

        def path(value: str | None) -> Path | None:
            return Path(value) if value else None

        return cls(
            name=params["name"],
            network=params["network"],
            image=path(params["image"]),
            path=Path(params["path"]),
            data_dir=Path(params["data_dir"]),
            port=params["port"],
            pull_port=params["pull_port"],
            cert_file=path(tls.get("cert_file")),
            key_file=path(tls.get("key_file")),
            ca_file=path(tls.get("ca_file")),
            state=params["state"],
            check_mode=check_mode,
        )


@dataclass(frozen=True)
class Result:
    """Where the registry is and how to be let in; ``actions`` is what was done (or would be), in order."""

    host: str
    ca_file: str
    auth_file: str
    pull_secret_file: str
    node_host: dict[str, str]
    data_dir: str
    actions: list[str]

    @property
    def changed(self) -> bool:
        return bool(self.actions)

    @property
    def diff(self) -> dict[str, str]:
        return {"before": "", "after": "".join(f"{action}\n" for action in self.actions)}


@dataclass(frozen=True)
class Step:
    """One thing to do, with the words for it."""

    words: str
    do: Callable[[], None]


def ensure(request: Request, podman: Podman, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> Result:
    """Have the registry (or not have it): plan, then do what the plan says unless this is check mode."""
    steps = _plan_absent(request, podman) if request.state == "absent" else _plan_present(request, podman)
    if not request.check_mode:
        for step in steps:
            step.do()
        if request.state == "present":
            _wait(request, podman, clock, sleep)
    return Result(
        host=request.host,
        ca_file=str(request.ca_file or ""),
        auth_file=str(request.path / "auth.json"),
        pull_secret_file=str(request.path / "pull-secret.json"),
        node_host={"endpoint": f"https://{request.container(PULL)}:{PULL.port}", "ca_file": str(request.ca_file or "")},
        data_dir=str(request.data_dir),
        actions=[step.words for step in steps],
    )


def _plan_present(request: Request, podman: Podman) -> list[Step]:
    if request.cert_file is None or request.key_file is None:
        raise InvalidInput("a registry that is present needs tls: cert_file, key_file and ca_file")
    if request.check_mode and (request.image is None or not request.cert_file.is_file()):
        # On an empty environment neither image nor certificate is made yet.
        return [Step(f"start {request.container(process)}", lambda: None) for process in (PUSH, PULL)]
    if request.image is None:
        raise InvalidInput("a registry that is present needs image: the folder of an OCI image layout")
    wanted = registry_files.wanted(request.path, request.host, request.cert_file, request.key_file)
    steps: list[Step] = []
    changed = registry_files.different(request.path, wanted)
    if changed:
        steps.append(Step(f"write {', '.join(sorted(changed))}", lambda: registry_files.write(request.path, wanted, changed)))
    if not request.data_dir.is_dir():
        steps.append(Step(f"create {request.data_dir}", lambda: _create_data(request.data_dir)))
    if not podman.has_network(request.network):
        steps.append(Step(f"create network {request.network}", lambda: podman.create_network(request.network)))
    existing = {container.name: container for container in podman.containers()}
    for process in (PUSH, PULL):
        steps += _plan_process(request, podman, wanted, process, existing.get(request.container(process)))
    return steps


def _plan_process(request: Request, podman: Podman, wanted: Files, process: Process, current: Container | None) -> list[Step]:
    name = request.container(process)
    spec = _artifacts.key_of({"arguments": " ".join(_arguments(request, process, "")), "image": str(request.image), "files": wanted.fingerprint(process)})
    if current and current.running and current.spec == spec:
        return []
    if current is None or not current.running:
        _check_port(request, process)
    assert request.image is not None
    image = request.image

    loaded = cache(podman.load)

    def make() -> None:
        podman.start_new([*_arguments(request, process, spec), loaded(image)])

    def make_room() -> None:
        loaded(image)  # while the old one still answers
        podman.remove(name)

    if current and current.spec == spec:
        return [Step(f"start {name}", lambda: _start(podman, name, make))]
    steps = [Step(f"remove {name}, which is out of date", make_room)] if current else []
    return [*steps, Step(f"start {name}", make)]


def _start(podman: Podman, name: str, make: Callable[[], None]) -> None:
    """Start a container that was stopped; one that cannot be started (its mounts went with a reboot) is made anew: its data is outside."""
    try:
        podman.start(name)
    except CommandFailed:
        podman.remove(name)
        make()


def _arguments(request: Request, process: Process, spec: str) -> list[str]:
    return [
        f"--name={request.container(process)}",
        f"--network={request.network}",
        f"--publish=127.0.0.1:{request.published(process)}:{process.port}",
        "--restart=always",
        f"--user={registry_files.USER}:{registry_files.USER}",
        "--cap-drop=all",
        "--security-opt=no-new-privileges",
        "--read-only",
        f"--volume={request.path / process.role}:{registry_files.INSIDE}:ro",
        f"--volume={request.data_dir}:{registry_files.DATA_INSIDE}{':ro' if process.read_only else ''}",
        f"--label={SPEC}={spec}",
    ]


def _plan_absent(request: Request, podman: Podman) -> list[Step]:
    existing = podman.containers()
    names = [request.container(process) for process in (PUSH, PULL)]
    steps = [Step(f"remove {container.name}", partial(podman.remove, container.name)) for container in existing if container.name in names]
    others = [container for container in existing if container.name not in names and request.network in container.networks]
    if not others and podman.has_network(request.network):
        steps.append(Step(f"remove network {request.network}", lambda: podman.remove_network(request.network)))
    return steps


def _check_port(request: Request, process: Process) -> None:
    port = request.published(process)
    holder = _ports.listener_of(port)
    if holder is not None:
        what = "port" if process is PUSH else "pull_port"
        raise Busy(f"port {port} is in use by {holder}; end it, or give the registry another {what}", port=port, pid=holder.pid)


def _create_data(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True)
    registry_files.give(path)


def _wait(request: Request, podman: Podman, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
    ends = clock() + _READY
    for process, auth_file in ((PUSH, "auth.json"), (PULL, "pull-secret.json")):
        host = f"localhost:{request.published(process)}"
        # Credentials are filed under the host that images are named by, also for the read-only door.
        credentials = registry_files.keychain(request.path / auth_file, request.host, host)
        with Registry.connect(host, request.ca_file, keychain=credentials, sleep=sleep) as registry:
            while (problem := _problem(registry)) is not None:
                _give_up(request.container(process), problem, podman, late=clock() >= ends)
                sleep(_POLL)


def _give_up(name: str, problem: SlipwayError, podman: Podman, late: bool) -> None:
    """Raise with the cause if the container ended or the time is over."""
    running = any(container.name == name and container.running for container in podman.containers())
    if running and not late:
        return
    last = podman.logs(name)
    how = "does not answer" if running else "ended"
    raise NotReady(f"the registry's container {name} {how}: {problem.message}\n" + "\n".join(last), container=name, last_lines=last)


def _problem(registry: Registry) -> SlipwayError | None:
    try:
        registry.ping()
    except SlipwayError as error:
        return error
    return None
