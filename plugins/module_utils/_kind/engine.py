# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""podman as the engine of the nodes: which containers, volumes and networks of a cluster there are, and their removal."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils import _command
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed

_CLUSTER_LABEL = "io.x-k8s.kind.cluster"
_ROLE_LABEL = "io.x-k8s.kind.role"
_QUERY = 60.0  # seconds


@dataclass(frozen=True)
class Member:
    """A container of a cluster: its role (control-plane, worker, ...), its state, and its address in the cluster's network."""

    role: str
    state: str
    address: str


@dataclass(frozen=True)
class Engine:
    """podman, started with ``env`` (``_podman.environment``)."""

    podman: str
    env: Mapping[str, str]

    def _run(self, *argv: str, deadline: float = _QUERY, stdin: bytes | None = None) -> str:
        return _command.run([self.podman, *argv], deadline=deadline, env=self.env, stdin=stdin).stdout

    def _exists(self, kind: str, name: str) -> bool:
        try:
            self._run(kind, "exists", name)
        except CommandFailed as error:
            if error.facts["status"] == 1:  # podman-*-exists(1): 1 is no, 125 is "could not look"
                return False
            raise
        return True

    def any_nodes(self) -> bool:
        """Whether there is a node of any cluster."""
        return bool(self._run("ps", "--all", "--quiet", "--filter", f"label={_CLUSTER_LABEL}").split())

    def nodes(self, cluster: str) -> dict[str, str]:
        """The containers of the cluster: name -> state (running, exited, created, ...)."""
        listed = json.loads(self._run("ps", "--all", "--filter", f"label={_CLUSTER_LABEL}={cluster}", "--format", "json") or "[]")
        return {container["Names"][0]: container["State"] for container in listed}

    def members(self, cluster: str) -> dict[str, Member]:
        """The containers of the cluster with what they are."""
        found = {}
        for name in self.nodes(cluster) | self.nodes(cluster):  # twice: see nodes_for_sure
            seen = json.loads(self._run("inspect", "--type", "container", name))[0]
            networks = seen["NetworkSettings"].get("Networks") or {}
            address = next((network["IPAddress"] for network in networks.values() if network.get("IPAddress")), "")
            found[name] = Member(seen["Config"]["Labels"].get(_ROLE_LABEL, ""), seen["State"]["Status"], address)
        return found

    def shell(self, name: str, doing: str, script: str, *arguments: str, deadline: float = _QUERY, stdin: bytes | None = None, private: bool = False) -> str:
        """What a POSIX shell script prints that runs on a node, in its root folder; ``arguments`` are $1, $2, ...

        ``doing`` says for the error what it is about. ``private``: what it prints is nobody's business, not even in an error.
        """
        given = [] if stdin is None else ["--interactive"]
        argv = ["exec", *given, "--workdir", "/", name, "sh", "-euc", script, "sh", *arguments]
        try:
            return self._run(*argv, deadline=deadline, stdin=stdin)
        except CommandFailed as error:
            status = error.facts["status"]
            last = [] if private else error.facts["last_lines"]
            raise CommandFailed("\n".join([f"node {name}: {doing} ended with status {status}", *last]), node=name, status=status, last_lines=last) from None

    def nodes_for_sure(self, cluster: str, expected: Sequence[str], sleep: Callable[[float], None] = time.sleep) -> dict[str, str]:
        """The same, asked again if one is missing: a busy podman 4.3 was seen to leave out containers that are there."""
        found = self.nodes(cluster)
        for _ in range(3):
            if all(name in found for name in expected):
                break
            sleep(0.5)
            found = self.nodes(cluster) | found
        return found

    def start(self, names: Sequence[str]) -> None:
        self._run("start", *names, deadline=120)

    def log(self, name: str, lines: int = 20) -> list[str]:
        """The last lines that a container wrote."""
        return self._run("logs", "--tail", str(lines), name).splitlines()

    def kubelet_says(self, name: str) -> str:
        """The last error that the kubelet of a node wrote; empty if there is none."""
        lines = self._run("exec", name, "journalctl", "--unit=kubelet", "--lines=100", "--output=cat").splitlines()
        return next((line for line in reversed(lines) if re.match(r"E\d{4} ", line)), "")

    def remove(self, names: Sequence[str]) -> None:
        """Remove containers with their volumes, running or not. The nodes hold nothing that would have to be shut down in order."""
        if names:
            self._run("rm", "--force", "--ignore", "--volumes", "--time", "0", *names, deadline=120)
        # kind labels the volume of /var with the name of its node; --volumes leaves named ones.
        volumes = [line for name in names for line in self._run("volume", "ls", "--quiet", "--filter", f"label={name}").split()]
        if volumes:
            self._run("volume", "rm", "--force", *volumes, deadline=120)

    def network_exists(self, name: str) -> bool:
        return self._exists("network", name)

    def create_network(self, name: str) -> None:
        self._run("network", "create", name)

    def remove_network(self, name: str) -> bool:
        """Remove the network unless a container that is not ours uses it; says whether it is gone."""
        users = json.loads(self._run("ps", "--all", "--filter", f"network={name}", "--format", "json") or "[]")
        if users:
            return False
        self._run("network", "rm", name)
        return True
