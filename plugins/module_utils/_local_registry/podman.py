# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers by podman: what there is, and the few commands that change it."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _command, _podman
from ansible_collections.slipway.platform.plugins.module_utils._errors import CommandFailed
from ansible_collections.slipway.platform.plugins.module_utils._local_registry.files import DRAIN_SECONDS

_DEADLINE = 120.0
_LOG_LINES = 20


@dataclass(frozen=True)
class Container:
    """A container as podman sees it; ``spec`` is the label that says what it was made from."""

    name: str
    state: str
    spec: str
    networks: tuple[str, ...]

    @property
    def running(self) -> bool:
        return self.state == "running"


@dataclass(frozen=True)
class Podman:
    """podman with the variables it is started with (see ``_podman.environment``)."""

    environment: Mapping[str, str]

    def containers(self) -> list[Container]:
        """All containers, running or not."""
        rows: list[dict[str, Any]] = json.loads(self._run("ps", "--all", "--format", "json") or "[]")
        return [Container(row["Names"][0], str(row["State"]), (row.get("Labels") or {}).get(SPEC, ""), tuple(row.get("Networks") or ())) for row in rows]

    def load(self, layout: Path) -> str:
        """Take an image from an OCI layout; returns its id.

        It goes in as an archive: from a folder, podman 4.3 makes a name of the path and refuses paths with a leading dot.
        """
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(layout, arcname=".")
        return self._run("load", "--quiet", stdin=archive.getvalue()).split()[-1]

    def has_network(self, name: str) -> bool:
        return name in self._run("network", "ls", "--format", "{{.Name}}").split()

    def create_network(self, name: str) -> None:
        """A network of its own; podman takes a subnet that no interface and no other network uses."""
        self._run("network", "create", name)

    def remove_network(self, name: str) -> None:
        self._run("network", "rm", name)
        _podman.remove_idle_rules()

    def start_new(self, arguments: Sequence[str]) -> None:
        self._run("run", "--detach", *arguments)

    def start(self, name: str) -> None:
        self._run("start", name)

    def remove(self, name: str) -> None:
        """Tell it to end, wait until it has finished what is under way, and remove it."""
        self._run("rm", "--force", "--time", str(DRAIN_SECONDS + 5), name)

    def logs(self, name: str) -> list[str]:
        """The last lines a container printed; none if they cannot be had, since they only explain another error."""
        try:
            return self._run("logs", "--tail", str(_LOG_LINES), name, merge=True).splitlines()
        except CommandFailed:
            return []

    def _run(self, *arguments: str, stdin: bytes | None = None, merge: bool = False) -> str:
        errors: list[str] = []
        podman = _command.find("podman", "podman")
        done = _command.run([podman, *arguments], deadline=_DEADLINE, stdin=stdin, env=self.environment, on_line=errors.append)
        return done.stdout + ("\n".join(errors) if merge else "")


SPEC = "dev.slipway.spec"
