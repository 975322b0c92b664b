# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The renewal of a cluster's certificates: look, decide, act, and look again whether what is used is what was made.

Each step may be the last one of a run that is killed. What kubeadm is just writing has a copy beside it until it is done; everything else
is seen by the next run from what there is.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _command, _files, _podman
from ansible_collections.slipway.platform.plugins.module_utils._certificates import read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, NotFound, NotReady
from ansible_collections.slipway.platform.plugins.module_utils._kind import kubeconfig, node_steps
from ansible_collections.slipway.platform.plugins.module_utils._kind.certificates import ADMIN, PKI, Node, look_at, serial
from ansible_collections.slipway.platform.plugins.module_utils._kind.engine import Engine
from ansible_collections.slipway.platform.plugins.module_utils._kind.renewal import Plan, Request, Result, Seen, listed, old_pods, plan, state, unproven
from ansible_collections.slipway.platform.plugins.module_utils._kind.work import remember

Progress = Callable[[str], None]
Served = Callable[[str, int], bytes]


def served(address: str, port: int) -> bytes:
    """The certificate that is served there, PEM; one that wants a certificate of the client first shows its own."""
    return ssl.get_server_certificate((address, port), timeout=5).encode()


@dataclass(frozen=True)
class World:
    """What is not ours: the time, a clock for durations (seconds), a way to wait, and TLS."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    served: Served = served


def converge(request: Request, progress: Progress, check_mode: bool = False, world: World | None = None, engine: Engine | None = None) -> Result:
    """Renew what is to be renewed, have it used by whoever holds it, and prove that. Raises ``NotReady`` with the cause."""
    if engine is None:
        if check_mode and not _podman.data_dir().exists():
            raise NotFound(f"there is no cluster {request.name} on this machine; make it with the role slipway.platform.kind")
        engine = Engine(_command.find("podman", "podman"), _podman.environment(request.cache))
    work = Renewal(request, engine, progress, world or World())
    started = work.world.clock()
    before = work.look()
    decided = plan(before, request.renew, work.world.now())
    after = before if check_mode else work.apply(before, decided)
    shown = decided if check_mode else None
    rows = listed(before, after, shown)
    return Result(
        name=request.name,
        kubeconfig=str(request.kubeconfig),
        certificates=rows,
        renewed=[f"{row['name']} on {row['node']}" for row in rows if row["renewed"]],
        restarted=_foreseen(decided) if check_mode else work.restarted,
        seconds=round(work.world.clock() - started, 1),
        before=state(before),
        after=state(after, shown if shown != Plan() else None),
    )


def _foreseen(decided: Plan) -> list[dict[str, Any]]:
    pods = [{"name": pod, "node": node, "seconds": None} for node, names in decided.restart.items() for pod in names]
    kubelets = [{"name": "kubelet", "node": node, "seconds": None} for node in dict.fromkeys((*decided.kubelets, *decided.clients))]
    return kubelets + pods


class Renewal:
    """One run on one cluster."""

    def __init__(self, request: Request, engine: Engine, progress: Progress, world: World) -> None:
        self._request = request
        self._steps = node_steps.Steps(engine, world.clock, world.sleep, request.timeout)
        self._engine = engine
        self._progress = progress
        self.world = world
        self.restarted: list[dict[str, Any]] = []

    def look(self) -> Seen:
        """Look at all nodes, at what they serve and at the kubeconfig."""
        present = kubeconfig.load(self._request.kubeconfig)
        nodes = look_at(self._engine, self._request.name)
        if not any(self._is_ours(node, present) for node in nodes):
            raise InvalidInput(f"kubeconfig: {self._request.kubeconfig} trusts another authority than cluster {self._request.name} has; write that cluster's")
        shown = {(node.name, serving.path): self._shown(serving.address, serving.port) for node in nodes for serving in node.serves}
        return Seen(nodes, shown, kubeconfig.certificate(present))

    @staticmethod
    def _is_ours(node: Node, present: dict[str, Any]) -> bool:
        held = node.held.get(f"{PKI}/ca.crt")
        trusted = [read.certificate(der).fingerprint for label, der in read.pem_blocks(kubeconfig.authority(present)) if label == "CERTIFICATE" and der]
        return bool(held and held.chain and held.chain[0].fingerprint in trusted)

    def _shown(self, address: str, port: int) -> Certificate | None:
        with suppress(OSError, InvalidInput):  # ssl.SSLError and time-outs are OSErrors
            for label, der in read.pem_blocks(self.world.served(address, port)):
                if label == "CERTIFICATE" and der:
                    return read.certificate(der)
        return None

    def apply(self, seen: Seen, decided: Plan) -> Seen:
        """Do what was decided, and give what there is then."""
        if decided.repair:
            self._progress(f"cluster {self._request.name}: taking back what an interrupted renewal left")
            for name in decided.repair:
                self._steps.restore(name)
            seen = self.look()
            decided = plan(seen, self._request.renew, self.world.now())
        if decided == Plan():
            return seen
        for name, paths in decided.kubeadm.items():
            self._kubeadm(next(node for node in seen.nodes if node.name == name), paths)
        self._kubelets(seen, decided)
        # Again, with what was written meanwhile: also what this run did not foresee is older than its files then.
        present = self.look()
        for node in present.nodes:
            self._restart(node, old_pods(present, node))
        self._workers(seen, decided)
        if decided.kubeconfig:
            self._write_kubeconfig(next(node.name for node in seen.nodes if node.controls))
        return self._proven(seen, decided)

    def _kubeadm(self, node: Node, paths: tuple[str, ...]) -> None:
        known = [held for held in node.held.values() if held.kubeadm]
        names = [node.held[path].kubeadm for path in paths]
        self._progress(f"cluster {self._request.name}: renewing {len(names)} certificates on {node.name}")
        self._steps.renew(node.name, ["all"] if len(names) == len(known) else names)

    def _kubelets(self, seen: Seen, decided: Plan) -> None:
        """The control plane's kubelet comes first: without it no static pod is restarted. That of a worker gets its client certificate by the API, later."""
        for node in seen.nodes:
            client = node.controls and node.name in decided.clients
            if client or node.name in decided.kubelets:
                with self._timed("kubelet", node.name):
                    if client:
                        self._steps.renew_client(node.name)
                    self._steps.restart_kubelet(node.name, anew=node.name in decided.serving)

    def _workers(self, seen: Seen, decided: Plan) -> None:
        controller = next(node.name for node in seen.nodes if node.controls)
        for node in seen.nodes:
            if node.name in decided.clients and not node.controls:
                with self._timed("kubelet", node.name):
                    self._steps.join_again(controller, node.name)

    def _restart(self, node: Node, names: tuple[str, ...]) -> None:
        for pod in node.pods:
            if pod.name in names:
                with self._timed(pod.name, node.name):
                    self._steps.restart(node.name, pod)

    @contextmanager
    def _timed(self, name: str, node: str) -> Iterator[None]:
        self._progress(f"cluster {self._request.name}: restarting {name} on {node}")
        started = self.world.clock()
        yield
        self.restarted.append({"name": name, "node": node, "seconds": round(self.world.clock() - started, 1)})

    def _write_kubeconfig(self, controller: str) -> None:
        path = self._request.kubeconfig
        _files.write(path, kubeconfig.renewed(kubeconfig.load(path), self._steps.admin(controller, ADMIN)), 0o600)
        if self._request.directory and (self._request.directory / "record.json").exists():
            remember(self._request.directory, path)

    def _proven(self, before: Seen, decided: Plan) -> Seen:
        """What there is at the end; ``NotReady`` if an old certificate is still there, or still in use."""
        seen = self._steps.until(self._in_use, f"cluster {self._request.name}")
        for node, was in zip(seen.nodes, before.nodes, strict=True):
            if node.controls:
                self._steps.administer(node.name, ADMIN)
            left = [held.name for path, held in node.held.items() if decided.renews(node.name, path) and serial(held) == serial(was.held.get(path))]
            if left:
                raise NotReady(f"{', '.join(left)} on {node.name} was not renewed: is the key of its authority on another machine?", node=node.name)
        return seen

    def _in_use(self) -> tuple[Seen, list[str]]:
        seen = self.look()
        return seen, unproven(seen)
