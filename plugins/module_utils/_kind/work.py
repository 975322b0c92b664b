# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acting part: it looks and does, and decides nothing.

A cluster counts as made when its record is written, which is the last thing done: nodes without a record are what an
interrupted run left, and are removed.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _command, _files, _podman
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed, NotReady
from ansible_collections.slipway.platform.plugins.module_utils._kind import config, host, readiness
from ansible_collections.slipway.platform.plugins.module_utils._kind.engine import Engine
from ansible_collections.slipway.platform.plugins.module_utils._kind.model import Observed, Plan, Request, digest
from ansible_collections.slipway.platform.plugins.module_utils._kind.plan import record_of, text_of

Progress = Callable[[str], None]
_CREATE_DEADLINE = 300.0
_POLL = 0.5
_LINE_EVERY = 5.0


def observe(request: Request, engine: Engine | None) -> Observed:
    """Look. ``engine`` None means that podman has never been used here by us: there are no containers."""
    state, name = request.cluster.state, request.cluster.name
    record = json.loads(text_of(state / "record.json") or "null")
    return Observed(
        nodes=engine.nodes_for_sure(name, request.cluster.node_names if record else ()) if engine else {},
        record=record,
        network=engine.network_exists(name) if engine else False,
        files={path.relative_to(state).as_posix(): path.read_text() for path in sorted((state / "certs.d").rglob("*")) if path.is_file()},
        link=str(request.link.readlink()) if request.link and request.link.is_symlink() else None,
    )


class Work:
    """One run on one cluster."""

    def __init__(self, request: Request, engine: Engine, progress: Progress, clock: Callable[[], float], sleep: Callable[[float], None] = time.sleep) -> None:
        self._request = request
        self._engine = engine
        self._progress = progress
        self._clock = clock
        self._sleep = sleep
        self._restarted: dict[str, datetime] = {}

    def apply(self, decided: Plan) -> bool:
        """Do what was decided; says whether the network was kept because others use it."""
        if decided.tear_down:
            return self._tear_down()
        cluster = self._request.cluster
        if decided.remove:
            self._progress(f"cluster {cluster.name}: removing what an interrupted run left")
            self._stop_orphans()
            self._engine.remove(decided.remove)
        if decided.create_network:
            self._engine.create_network(cluster.name)
        for path in decided.unlink:
            (cluster.state / path).unlink()
            _remove_if_empty((cluster.state / path).parent)
        for path, text in decided.write.items():
            _write(cluster.state / path, text)
        if (decided.create or decided.start) and host.raise_limit():
            self._progress(f"cluster {cluster.name}: raised fs.inotify.max_user_instances to {host.WANTED} while there are nodes")
        if decided.create:
            self._create()
        if decided.start:
            self._progress(f"cluster {cluster.name}: starting {', '.join(decided.start)}")
            self._restarted = dict.fromkeys(decided.start, datetime.now(UTC))
            self._engine.start(decided.start)
        if decided.export:
            self._export()
        if decided.link and self._request.link:
            _relink(self._request.link, self._request.kubectl)
        return False

    def _tear_down(self) -> bool:
        cluster = self._request.cluster
        self._progress(f"cluster {cluster.name}: removing its nodes")
        self._stop_orphans()
        self._engine.remove(sorted({*self._engine.nodes(cluster.name), *cluster.node_names}))
        if not self._engine.any_nodes():
            host.restore_limit()
        kept = self._engine.network_exists(cluster.name) and not self._engine.remove_network(cluster.name)
        for folder in (cluster.volumes, cluster.state / "certs.d", cluster.state / "audit", cluster.state / "webhook"):
            shutil.rmtree(folder, ignore_errors=True)
        for name in ("record.json", "cluster.yaml", "create.log"):
            (cluster.state / name).unlink(missing_ok=True)
        _remove_if_empty(cluster.state)
        self._request.kubeconfig.unlink(missing_ok=True)
        if self._request.link:
            self._request.link.unlink(missing_ok=True)
            _remove_if_empty(self._request.link.parent)
        for point in _podman.idle_mounts(Path("/proc/mounts").read_text(), _podman.data_dir()):
            _command.run(["umount", point], deadline=30)
        _podman.remove_idle_rules()
        return kept

    def _stop_orphans(self) -> None:
        """End a kind that a killed run left working on this cluster: it would go on in the new containers, which have the old names."""
        config_option = f"--config={self._request.cluster.state / 'cluster.yaml'}"
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and config_option in _arguments(process):
                os.kill(int(process.name), signal.SIGKILL)

    def _create(self) -> None:
        cluster, state = self._request.cluster, self._request.cluster.state
        (state / "record.json").unlink(missing_ok=True)
        for folder in (state / "certs.d", cluster.volumes):
            folder.mkdir(parents=True, exist_ok=True)
        _write(state / "audit" / "policy.yaml", self._request.audit_policy.read_text())
        if self._request.token_webhook:
            _write(state / "webhook" / "token-webhook.yaml", self._request.token_webhook.read_text())
        _write(state / "cluster.yaml", json.dumps(config.document(cluster), indent=2))
        self._request.kubeconfig.unlink(missing_ok=True)
        argv = [
            str(self._request.kind),
            "create",
            "cluster",
            f"--config={state / 'cluster.yaml'}",
            f"--kubeconfig={self._request.kubeconfig}",
            "--wait=0s",
            "--retain",
        ]
        self._progress(f"cluster {cluster.name}: creating {len(cluster.nodes)} nodes")
        try:
            _command.run(argv, deadline=_CREATE_DEADLINE, env=self._environment(), on_line=self._show, log=state / "create.log")
        except CommandFailed as error:
            if not any(_LAST_STEP in line for line in error.facts["last_lines"]):
                self._engine.remove(cluster.node_names)
                explained = f"cluster {cluster.name} could not be created; the whole log is {state / 'create.log'}"
                raise CommandFailed(f"{explained}\n{error.message}", **error.facts) from error
            # All nodes have joined, and only the kubeconfig was not written: a busy podman had left out a container.
            self._export()
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
        self._engine.nodes_for_sure(cluster.name, cluster.node_names)
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
                raise self._not_ready(trouble)
            if now - said >= _LINE_EVERY:
                said = now
                self._progress(f"cluster {cluster.name}: waiting, {now - started:.0f}s: {trouble[0]}")
                self._must_be_running()
            self._sleep(_POLL)

    def _not_ready(self, trouble: list[str]) -> NotReady:
        cluster = self._request.cluster
        waiting_for = [name for name in cluster.node_names if any(line.startswith(f"node {name} ") for line in trouble)]
        said = {name: error for name in waiting_for if (error := self._engine.kubelet_says(name))}
        lines = [*trouble, *(f"the kubelet of {name} says: {error}" for name, error in said.items())]
        text = "\n".join(f"  {line}" for line in lines)
        return NotReady(f"cluster {cluster.name} was not ready after {self._request.timeout:.0f} s:\n{text}", missing=trouble, kubelet=said)

    def _look(self) -> tuple[list[dict[str, Any]], list[str]]:
        argv = [
            str(self._request.kubectl),
            f"--kubeconfig={self._request.kubeconfig}",
            "--request-timeout=5s",
            "get",
            "nodes,deployments,pods",
            "--namespace=kube-system",
            "--output=json",
        ]
        try:
            items: list[dict[str, Any]] = json.loads(_command.run(argv, deadline=20).stdout)["items"]
        except CommandFailed as error:
            last = error.facts.get("last_lines") or [error.message]
            return [], [f"the API does not answer: {last[-1]}"]
        return items, readiness.missing(items, self._request.cluster.node_names, restarted=self._restarted)

    def _must_be_running(self) -> None:
        ended = [name for name, state in self._engine.nodes(self._request.cluster.name).items() if state != "running"]
        if ended:
            lines = self._engine.log(ended[0])
            raise NotReady(f"node {ended[0]} stopped while the cluster was starting. Its last lines:\n" + "\n".join(lines), last_lines=lines)

    def finish(self) -> None:
        """Remember the kubeconfig that belongs to this cluster, so that a lost or changed one is noticed."""
        remember(self._request.cluster.state, self._request.kubeconfig)


def remember(state: Path, kubeconfig: Path) -> None:
    """Write down which kubeconfig is that of the cluster whose folder is ``state``."""
    path = state / "record.json"
    record = json.loads(path.read_text())
    present = digest(kubeconfig.read_text())
    if record.get("kubeconfig_sha256") != present:
        _write(path, json.dumps({**record, "kubeconfig_sha256": present}, indent=1))


_LAST_STEP = "✓ Joining worker nodes"
_STEPS = {
    "Preparing nodes": "starting the containers",
    "Starting control-plane": "starting the control plane",
    "Installing CNI": "installing the pod network",
    "Installing StorageClass": "installing the volume provisioner",
    "Joining worker nodes": "joining the workers",
}


def kind_step(line: str) -> str:
    """What kind says it begins ( • Preparing nodes ...), in our words; empty for other lines and for steps of no length."""
    text = line.strip()
    return next((said for begins, said in _STEPS.items() if text.startswith(f"• {begins}")), "")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _files.write(path, text, 0o644)


def _arguments(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:  # it has just ended
        return []


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _relink(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)
