# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the JSON of a checked document to a ``Workload``. Nothing is checked here: see validate.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._score.placeholders import Template, literal, parse
from ansible_collections.slipway.platform.plugins.module_utils._score.workload import (
    Autoscaling,
    Build,
    Container,
    File,
    Migration,
    Mount,
    Port,
    Probe,
    Resource,
    Workload,
)

DRAIN_SECONDS = 20
MIGRATION_SECONDS = 300
TARGET_CPU = 70


def workload(data: Mapping[str, Any], file: str, folder: Path) -> Workload:
    """The workload of a document's data; ``folder`` is where its relative paths begin."""
    metadata = data["metadata"]
    ours = metadata.get("slipway", {})
    containers = tuple(_container(name, value, folder) for name, value in data["containers"].items())
    return Workload(
        name=metadata["name"],
        file=file,
        folder=folder,
        annotations=metadata.get("annotations", {}),
        containers=containers,
        ports=tuple(_port(name, value) for name, value in data.get("service", {}).get("ports", {}).items()),
        resources={name: _resource(name, value) for name, value in data.get("resources", {}).items()},
        build=_build(ours.get("build", {})) if any(container.built for container in containers) else None,
        migration=_migration(ours["migrate"]) if "migrate" in ours else None,
        startup=_probe(ours.get("startupProbe")),
        autoscaling=_autoscaling(ours["autoscaling"]) if "autoscaling" in ours else None,
        objectives=ours.get("objectives", {}),
        drain_seconds=ours.get("drainSeconds", DRAIN_SECONDS),
        user=ours.get("user"),
    )


def mounts(value: Any) -> Iterator[tuple[int | str, str, Mapping[str, Any]]]:
    """Key, target and details of each file or volume, from either form (a map by target, or the deprecated list)."""
    if isinstance(value, list):
        yield from ((index, item["target"], item) for index, item in enumerate(value))
    elif value:
        yield from ((target, target, item) for target, item in value.items())


def content(details: Mapping[str, Any], folder: Path) -> str | None:
    """The text of a file; None if it comes as base64. Raises OSError or UnicodeDecodeError for a bad ``source``."""
    if "source" in details:
        return Path(folder, str(details["source"])).read_text(encoding="utf-8")
    return str(details["content"]) if "content" in details else None


def _container(name: str, data: Mapping[str, Any], folder: Path) -> Container:
    amounts = data.get("resources", {})
    return Container(
        name=name,
        image=data["image"],
        command=tuple(data.get("command", ())),
        args=tuple(data.get("args", ())),
        variables={key: parse(value) for key, value in data.get("variables", {}).items()},
        files=tuple(_file(target, details, folder) for _, target, details in mounts(data.get("files"))),
        mounts=tuple(_mount(target, details) for _, target, details in mounts(data.get("volumes"))),
        before={other: condition["ready"] for other, condition in data.get("before", {}).items()},
        requests=amounts.get("requests", {}),
        limits=amounts.get("limits", {}),
        liveness=_probe(data.get("livenessProbe")),
        readiness=_probe(data.get("readinessProbe")),
    )


def _file(target: str, details: Mapping[str, Any], folder: Path) -> File:
    text = content(details, folder)
    template: Template | None = None
    if text is not None:
        template = literal(text) if details.get("noExpand") else parse(text)
    mode = int(details["mode"], 8) if "mode" in details else None
    return File(target, mode, template, details.get("binaryContent"))


def _mount(target: str, details: Mapping[str, Any]) -> Mount:
    reference = parse(details["source"]).only_reference
    assert reference is not None  # checked before
    return Mount(target, reference.path[1], details.get("path"), details.get("readOnly", False))


def _port(name: str, data: Mapping[str, Any]) -> Port:
    return Port(name, data["port"], data.get("targetPort", data["port"]), data.get("protocol", "TCP"))


def _resource(name: str, data: Mapping[str, Any]) -> Resource:
    return Resource(name, data["type"], data.get("class"), data.get("id"), data.get("params", {}))


def _probe(data: Mapping[str, Any] | None) -> Probe | None:
    if data is None:
        return None
    # Score: of both, exec is to be preferred.
    kind = "exec" if "exec" in data else "httpGet"
    return Probe({kind: data[kind]}, data.get("periodSeconds"), data.get("failureThreshold"))


def _build(data: Mapping[str, Any]) -> Build:
    return Build(data.get("containerfile", Build.containerfile), data.get("target"), data.get("args"), data.get("tests"))


def _migration(data: Mapping[str, Any]) -> Migration:
    return Migration(tuple(data.get("command", ())), tuple(data.get("args", ())), data.get("timeoutSeconds", MIGRATION_SECONDS))


def _autoscaling(data: Mapping[str, Any]) -> Autoscaling:
    return Autoscaling(data.get("min"), data["max"], data.get("cpu", TARGET_CPU))
