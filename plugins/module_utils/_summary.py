# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run made, in one place: for a person as lines, for a program as a JSON document."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _files


@dataclass(frozen=True)
class Stage:
    """A part of the run and the seconds it took."""

    name: str
    seconds: float


@dataclass(frozen=True)
class Service:
    """A service as it is served: its address (empty without a route), and the image by digest that runs."""

    name: str
    url: str
    image: str
    digest: str


@dataclass(frozen=True)
class Summary:
    """The document written to ``summary.json``; ``notes`` are limits that a reader must know."""

    environment: str
    url: str
    ca_file: str
    kubeconfig: str
    namespace: str
    services: tuple[Service, ...]
    versions: Mapping[str, str]
    stages: tuple[Stage, ...]
    notes: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = field(default=())


def services_of(released: Mapping[str, Mapping[str, Any]]) -> tuple[Service, ...]:
    """Services from a release result (``{name: {"url", "image", ...}}``, images by digest), those with an address first."""
    found = (Service(name, str(of.get("url") or ""), of["image"], of["image"].partition("@")[2]) for name, of in released.items())
    return tuple(sorted(found, key=lambda service: service.url == ""))


def first_url(services: Sequence[Service]) -> str:
    """The address to open first; empty if no service has a route."""
    return next((service.url for service in services if service.url), "")


def stages_of(marks: Sequence[Mapping[str, Any]], finished: float) -> tuple[Stage, ...]:
    """Stages with their seconds, from the moments (``{"name", "started"}``, seconds since the epoch) at which each began."""
    moments = [*(float(mark["started"]) for mark in marks), finished]
    return tuple(Stage(str(mark["name"]), round(end - start, 1)) for mark, (start, end) in zip(marks, itertools.pairwise(moments), strict=True))


def lines(summary: Summary) -> list[str]:
    """The summary for a terminal."""
    width = max((len(service.name) for service in summary.services), default=0)
    total = sum(stage.seconds for stage in summary.stages)
    steps = " · ".join(f"{stage.name} {stage.seconds:.1f} s" for stage in summary.stages)
    return [
        "",
        f"{summary.environment} serves at {summary.url}" if summary.url else f"{summary.environment} runs; no service has a route",
        "",
        *(f"  {service.name:<{width}}  {service.url}  {service.image}" for service in summary.services),
        "",
        f"  certificate authority  {summary.ca_file}",
        f"  kubeconfig             {summary.kubeconfig}",
        f"  versions               {', '.join(f'{name} {version}' for name, version in summary.versions.items())}",
        f"  took                   {total:.1f} s ({steps})",
        *(f"  note                   {note}" for note in summary.notes),
        "",
        *(f"  try: {step}" for step in summary.next_steps),
        "",
    ]


def write(summary: Summary, path: Path) -> None:
    """Write the JSON document by one rename, so that a reader never sees half of it."""
    _files.write(path, json.dumps(asdict(summary), indent=2) + "\n")
