# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded cluster: look at what is there, decide, act.

A cluster counts as made when its record is written, which is the last thing done: nodes without a record are what an
interrupted run left, and are removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _command, _podman
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, Conflict, InvalidInput, NotReady
from ansible_collections.slipway.platform.plugins.module_utils._kind import config, readiness
from ansible_collections.slipway.platform.plugins.module_utils._kind.engine import Engine

Progress = Callable[[str], None]
_CREATE_DEADLINE = 300.0
_POLL = 0.5
_LINE_EVERY = 5.0


@dataclass(frozen=True)
class Registry:
    """A registry as image references name it (``host``), where the nodes find it (``endpoint``, a URL), and who signed its certificate."""

    host: str
    endpoint: str
    ca_file: Path | None


@dataclass(frozen=True)
class Request:
    """What is wanted. ``kind`` and ``kubectl`` are programs; ``link`` is where kubectl is linked to for people (None: nowhere)."""

    state: str
    cluster: config.Cluster
    kind: Path
    kubectl: Path
    kubeconfig: Path
    link: Path | None
    registries: tuple[Registry, ...]
    audit_policy: Path
    cache: Path
    timeout: float


@dataclass(frozen=True)
class Observed:
    """What there is: containers (name -> state), the record of how they were made, the network, and the files beside them (path -> content)."""

    nodes: Mapping[str, str]
    record: Mapping[str, Any] | None
    network: bool
    files: Mapping[str, str]
    link: str | None

    @property
    def nothing(self) -> bool:
        return not self.nodes and not self.network and self.record is None


@dataclass(frozen=True)
class Plan:
    """What is to be done, in this order."""

    remove: tuple[str, ...] = ()
    create_network: bool = False
    write: Mapping[str, str] = field(default_factory=dict)
    unlink: tuple[str, ...] = ()
    create: bool = False
    start: tuple[str, ...] = ()
    export: bool = False
    link: bool = False
    tear_down: bool = False


@dataclass(frozen=True)
class Result:
    """``before`` and ``after`` are what ``changed`` follows from; the rest is for whoever uses the cluster."""

    name: str
    kubeconfig: str
    endpoint: str
    nodes: list[dict[str, Any]]
    zones: list[str]
    kubernetes_version: str | None
    storage_class: str
    volumes_dir: str
    actions: list[str]
    seconds: float
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @property
    def diff(self) -> dict[str, str]:
        return {"before": json.dumps(self.before, indent=2, sort_keys=True) + "\n", "after": json.dumps(self.after, indent=2, sort_keys=True) + "\n"}


def validate(request: Request) -> None:
    """Raise ``InvalidInput`` for what cannot work."""
    cluster = request.cluster
    roles = [node.role for node in cluster.nodes]
    if roles.count("control-plane") != 1 or roles[0] != "control-plane":
        raise InvalidInput("the nodes must begin with the control plane, and have one: write a node of role control-plane first, then workers")
    for registry in request.registries:
        if "/" in registry.host or not registry.endpoint.startswith(("https://", "http://")):
            raise InvalidInput(f"registry {registry.host}: host is like localhost:5001, endpoint like https://registry:5002 (it is {registry.endpoint})")
    taken = [cluster.api_port, *(port.host for port in cluster.ports)]
    twice = sorted({port for port in taken if taken.count(port) > 1})
    if twice:
        raise InvalidInput(f"port {twice[0]} of 127.0.0.1 is given twice: each mapping needs one of its own")


def mounted_files(request: Request) -> dict[str, str]:
    """What the nodes read from the host: relative path below the cluster's folder -> content."""
    files = {}
    for registry in request.registries:
        ca = registry.ca_file.read_text() if registry.ca_file else None
        files[f"certs.d/{registry.host}/hosts.toml"] = config.hosts_toml(registry.host, registry.endpoint, "ca.crt" if ca else None)
        if ca:
            files[f"certs.d/{registry.host}/ca.crt"] = ca
    return files


def record_of(request: Request) -> dict[str, Any]:
    """How the nodes are made: what cannot be changed while they run."""
    return {"cluster": config.document(request.cluster), "audit_policy": request.audit_policy.read_text()}


def observe(request: Request, engine: Engine | None) -> Observed:
    """Look. ``engine`` None means that podman has never been used here by us: there are no containers."""
    state, name = request.cluster.state, request.cluster.name
    return Observed(
        nodes=engine.nodes(name) if engine else {},
        record=json.loads(_text(state / "record.json") or "null"),
        network=engine.network_exists(name) if engine else False,
        files={path.relative_to(state).as_posix(): path.read_text() for path in sorted((state / "certs.d").rglob("*")) if path.is_file()},
        link=os.readlink(request.link) if request.link and request.link.is_symlink() else None,
    )


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def plan(request: Request, seen: Observed) -> Plan:
    """Decide. Raises ``Conflict`` where the cluster would have to be made anew, which is not done unasked: it holds data."""
    if request.state == "absent":
        return Plan(tear_down=not seen.nothing)
    files = mounted_files(request)
    common = {
        "create_network": not seen.network,
        "write": {path: text for path, text in files.items() if seen.files.get(path) != text},
        "unlink": tuple(path for path in seen.files if path not in files),
        "link": request.link is not None and seen.link != str(request.kubectl),
    }
    if not seen.nodes or seen.record is None:
        return Plan(remove=tuple(sorted(seen.nodes)), create=True, **common)
    _must_be_the_same(request, seen)
    stopped = tuple(name for name, state in seen.nodes.items() if state != "running")
    return Plan(start=stopped, export=_kubeconfig_is_foreign(request, seen.record), **common)


_ANEW = "To make the cluster anew (its volumes are lost), run the role with kind_state=absent, and then again with present."


def _must_be_the_same(request: Request, seen: Observed) -> None:
    assert seen.record is not None
    name = request.cluster.name
    gone = sorted(set(request.cluster.node_names) - set(seen.nodes))
    if gone:
        raise Conflict(f"cluster {name}: the container of {', '.join(gone)} was removed, and a node cannot be added to a running cluster. {_ANEW}")
    wanted = record_of(request)
    differing = config.differences({key: seen.record[key] for key in wanted}, wanted)
    if differing:
        lines = "\n".join(f"  {line}" for line in differing)
        raise Conflict(f"cluster {name} exists and was made in another way:\n{lines}\n{_ANEW}", differences=differing)


def _kubeconfig_is_foreign(request: Request, record: Mapping[str, Any]) -> bool:
    text = _text(request.kubeconfig)
    return text is None or _digest(text) != record.get("kubeconfig_sha256")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def converge(request: Request, progress: Progress, check_mode: bool = False, clock: Callable[[], float] = time.monotonic) -> Result:
    """Bring the cluster into the wanted state, and wait until it is ready."""
    started = clock()
    validate(request)
    untouched = check_mode and not _podman.data_dir().exists()
    engine = None if untouched else Engine(_command.find("podman", "podman"), _podman.environment(request.cache))
    seen = observe(request, engine)
    decided = plan(request, seen)
    items: list[dict[str, Any]] = []
    kept_network = False
    if not check_mode and engine is not None:
        work = Work(request, engine, progress, clock)
        kept_network = work.apply(decided)
        if request.state == "present":
            items = work.wait()
            work.finish()
    return _result(request, seen, decided, items, clock() - started, kept_network)


class Work:
    """The acting part: nothing here decides what is wanted."""

    def __init__(self, request: Request, engine: Engine, progress: Progress, clock: Callable[[], float], sleep: Callable[[float], None] = time.sleep) -> None:
        self._request = request
        self._engine = engine
        self._progress = progress
        self._clock = clock
        self._sleep = sleep

    def apply(self, decided: Plan) -> bool:
        """Do what was decided; says whether the network was kept because others use it."""
        if decided.tear_down:
            return self._tear_down()
        cluster = self._request.cluster
        if decided.remove:
            self._progress(f"cluster {cluster.name}: removing what an interrupted run left")
            self._engine.remove(decided.remove)
        if decided.create_network:
            self._engine.create_network(cluster.name)
        for path in decided.unlink:
            (cluster.state / path).unlink()
        for path, text in decided.write.items():
            _write(cluster.state / path, text)
        if decided.create:
            self._create()
        if decided.start:
            self._progress(f"cluster {cluster.name}: starting {', '.join(decided.start)}")
            self._engine.start(decided.start)
        if decided.export:
            self._export()
        if decided.link and self._request.link:
            _relink(self._request.link, self._request.kubectl)
        return False

    def _tear_down(self) -> bool:
        cluster = self._request.cluster
        self._progress(f"cluster {cluster.name}: removing its nodes")
        self._engine.remove(sorted(self._engine.nodes(cluster.name)))
        kept = self._engine.network_exists(cluster.name) and not self._engine.remove_network(cluster.name)
        shutil.rmtree(cluster.volumes, ignore_errors=True)
        shutil.rmtree(cluster.state, ignore_errors=True)
        self._request.kubeconfig.unlink(missing_ok=True)
        if self._request.link:
            self._request.link.unlink(missing_ok=True)
        return kept

    def _create(self) -> None:
        cluster, state = self._request.cluster, self._request.cluster.state
        (state / "record.json").unlink(missing_ok=True)
        for folder in (state / "certs.d", cluster.volumes):
            folder.mkdir(parents=True, exist_ok=True)
        _write(state / "audit" / "policy.yaml", self._request.audit_policy.read_text())
        _write(state / "cluster.yaml", json.dumps(config.document(cluster), indent=2))
        self._request.kubeconfig.unlink(missing_ok=True)
        argv = [str(self._request.kind), "create", "cluster", f"--config={state / 'cluster.yaml'}", f"--kubeconfig={self._request.kubeconfig}", "--wait=0s"]
        self._progress(f"cluster {cluster.name}: creating {len(cluster.nodes)} nodes")
        try:
            _command.run(argv, deadline=_CREATE_DEADLINE, env=self._environment(), on_line=self._show, log=state / "create.log")
        except CommandFailed as error:
            raise CommandFailed(f"cluster {cluster.name} could not be created; the whole log is {state / 'create.log'}\n{error.message}", **error.facts) from error
        _write(state / "record.json", json.dumps(record_of(self._request), indent=1))

    def _environment(self) -> dict[str, str]:
        return {**self._engine.env, "KIND_EXPERIMENTAL_PODMAN_NETWORK": self._request.cluster.name}

    def _show(self, line: str) -> None:
        text = kind_step(line)
        if text:
            self._progress(f"cluster {self._request.cluster.name}: {text}")

    def _export(self) -> None:
        cluster = self._request.cluster
        argv = [str(self._request.kind), "export", "kubeconfig", f"--name={cluster.name}", f"--kubeconfig={self._request.kubeconfig}"]
        self._request.kubeconfig.unlink(missing_ok=True)
        _command.run(argv, deadline=60, env=self._environment())

    def wait(self) -> list[dict[str, Any]]:
        """Wait until all nodes are ready and names are resolved; gives the objects that say so."""
        cluster = self._request.cluster
        started = said = self._clock()
        while True:
            items, trouble = self._look()
            if not trouble:
                return items
            now = self._clock()
            if now - started > self._request.timeout:
                raise NotReady(f"cluster {cluster.name} was not ready after {self._request.timeout:.0f} s:\n" + "\n".join(f"  {line}" for line in trouble), missing=trouble)
            if now - said >= _LINE_EVERY:
                said = now
                self._progress(f"cluster {cluster.name}: waiting, {now - started:.0f}s: {trouble[0]}")
                self._must_be_running()
            self._sleep(_POLL)

    def _look(self) -> tuple[list[dict[str, Any]], list[str]]:
        argv = [str(self._request.kubectl), f"--kubeconfig={self._request.kubeconfig}", "--request-timeout=5s", "get", "nodes,deployments", "--namespace=kube-system", "--output=json"]
        try:
            items: list[dict[str, Any]] = json.loads(_command.run(argv, deadline=20).stdout)["items"]
        except CommandFailed as error:
            last = error.facts.get("last_lines") or [error.message]
            return [], [f"the API does not answer: {last[-1]}"]
        return items, readiness.missing(items, self._request.cluster.node_names)

    def _must_be_running(self) -> None:
        ended = [name for name, state in self._engine.nodes(self._request.cluster.name).items() if state != "running"]
        if ended:
            lines = self._engine.log(ended[0])
            raise NotReady(f"node {ended[0]} stopped while the cluster was starting. Its last lines:\n" + "\n".join(lines), last_lines=lines)

    def finish(self) -> None:
        """Remember the kubeconfig that belongs to this cluster, so that a lost or changed one is noticed."""
        path = self._request.cluster.state / "record.json"
        record = json.loads(path.read_text())
        digest = _digest(self._request.kubeconfig.read_text())
        if record.get("kubeconfig_sha256") != digest:
            _write(path, json.dumps({**record, "kubeconfig_sha256": digest}, indent=1))


def kind_step(line: str) -> str:
    """What kind says it begins, without its decoration; empty for other lines."""
    text = line.strip()
    if not text.startswith("•"):
        return ""
    words = text.lstrip("• ").removesuffix("...").encode("ascii", "ignore").decode().strip()
    return words[:1].lower() + words[1:]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text)
    fresh.rename(path)


def _relink(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _result(request: Request, seen: Observed, decided: Plan, items: list[dict[str, Any]], seconds: float, kept_network: bool) -> Result:
    cluster = request.cluster
    before = _state(dict(seen.nodes), seen.network, {k: _digest(v) for k, v in seen.files.items()}, seen.link, not decided.export)
    if request.state == "absent":
        after = _state({}, kept_network, {}, None, True) if decided.tear_down else before
    else:
        running = dict.fromkeys(cluster.node_names, "running")
        after = _state(running, True, {k: _digest(v) for k, v in mounted_files(request).items()}, str(request.kubectl) if request.link else None, True)
    return Result(
        name=cluster.name,
        kubeconfig=str(request.kubeconfig),
        endpoint=f"https://127.0.0.1:{cluster.api_port}",
        nodes=[{"name": name, "role": node.role, "zone": node.zone or None} for name, node in zip(cluster.node_names, cluster.nodes, strict=True)]
        if request.state == "present"
        else [],
        zones=cluster.zones,
        kubernetes_version=readiness.version(items),
        storage_class="standard",
        volumes_dir=str(cluster.volumes),
        actions=_names(decided),
        seconds=round(seconds, 1),
        before=before,
        after=after,
    )


def _state(nodes: dict[str, str], network: bool, files: dict[str, str], link: str | None, kubeconfig: bool) -> dict[str, Any]:
    return {"nodes": nodes, "network": network, "files": files, "kubectl": link, "kubeconfig_is_ours": kubeconfig}


def _names(decided: Plan) -> list[str]:
    return [name.replace("_", " ") for name, value in vars(decided).items() if value]
