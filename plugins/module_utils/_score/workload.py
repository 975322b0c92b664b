# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload as values: what a checked score.yaml says, without YAML and without Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._score.placeholders import Template

BUILT_IMAGE = "."


@dataclass(frozen=True)
class Port:
    """``number`` is what others connect to, ``target`` what the container listens on."""

    name: str
    number: int
    target: int
    protocol: str


@dataclass(frozen=True)
class Probe:
    """``handler`` is ``httpGet`` or ``exec`` with its details, as Score and Kubernetes both write them."""

    handler: Mapping[str, Any]
    period: int | None = None
    threshold: int | None = None


@dataclass(frozen=True)
class File:
    """A file in a container: a template, or bytes in base64 that are never expanded. ``mode`` is a number (0o644)."""

    target: str
    mode: int | None
    content: Template | None
    binary: str | None


@dataclass(frozen=True)
class Mount:
    """A volume resource mounted at ``target``."""

    target: str
    resource: str
    sub_path: str | None
    read_only: bool


@dataclass(frozen=True)
class Container:
    name: str
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    variables: Mapping[str, Template]
    files: tuple[File, ...]
    mounts: tuple[Mount, ...]
    before: Mapping[str, str]
    requests: Mapping[str, str]
    limits: Mapping[str, str]
    liveness: Probe | None
    readiness: Probe | None

    @property
    def built(self) -> bool:
        """Whether its image is the one built from the service's own source."""
        return self.image == BUILT_IMAGE


@dataclass(frozen=True)
class Resource:
    name: str
    type: str
    resource_class: str | None
    id: str | None
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Build:
    """``containerfile`` is relative to the folder of score.yaml, which is the build context; ``target`` is a stage in it.

    ``tests`` names the tests that run in every build, if there are any: whoever signs what was built says that they passed.
    """

    containerfile: str = "Containerfile"
    target: str | None = None
    args: Mapping[str, str] | None = None
    tests: str | None = None


@dataclass(frozen=True)
class Migration:
    command: tuple[str, ...]
    args: tuple[str, ...]
    timeout: int


@dataclass(frozen=True)
class Autoscaling:
    """Pods from ``low`` to ``high``, so that each uses ``cpu`` per cent of the CPU it requests."""

    low: int | None
    high: int
    cpu: int


@dataclass(frozen=True)
class Workload:
    """``folder`` is where score.yaml lies: builds and ``source`` files are relative to it."""

    name: str
    file: str
    folder: Path
    annotations: Mapping[str, str]
    containers: tuple[Container, ...]
    ports: tuple[Port, ...]
    resources: Mapping[str, Resource]
    build: Build | None
    migration: Migration | None
    startup: Probe | None
    autoscaling: Autoscaling | None
    objectives: Mapping[str, Any]
    drain_seconds: int
    user: int | None

    @property
    def main(self) -> Container:
        """The container that serves: the first built one that no other waits for, else the first one."""
        serving = [container for container in self.containers if not container.before]
        return next((container for container in serving if container.built), (serving or list(self.containers))[0])

    def of_type(self, *types: str) -> list[Resource]:
        return [resource for resource in self.resources.values() if resource.type in types]

    def port(self, wanted: int | str | None) -> Port | None:
        """The port of that number or name; the only one if none is named."""
        if wanted is None:
            return self.ports[0] if len(self.ports) == 1 else None
        return next((port for port in self.ports if str(wanted) in (port.name, str(port.number))), None)

    def dependency(self, resource: Resource) -> str:
        """The workload that a resource of type ``service`` means: its parameter, its id, or its own name."""
        return str(resource.params.get("workload") or (resource.id or resource.name).rsplit(".", 1)[-1])
