# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``score_render``: the manifests of an environment's services, as plain values for playbooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._score import configuration, inputs, render, validate
from ansible_collections.slipway.platform.plugins.module_utils._score.context import Context, Manifest


@dataclass(frozen=True)
class Request:
    """Plain values, as ``inputs.py`` describes each of them."""

    services: Sequence[Mapping[str, Any]]
    project_dir: str
    environment: str
    namespace: str
    images: Mapping[str, Any]
    bindings: Sequence[Mapping[str, Any]]
    secrets: Sequence[Mapping[str, Any]]
    gateway: Mapping[str, Any] | None
    settings: Mapping[str, Any]
    namespace_objects: bool


@dataclass(frozen=True)
class Rendered:
    """``services``: by name, what identifies a release (image, configuration, secret versions) and where it answers."""

    definitions: list[Manifest]
    services: dict[str, dict[str, Any]]

    @property
    def changed(self) -> bool:
        return False


def render_request(request: Request) -> Rendered:
    """Read, check and render; raises ``InvalidInput`` if a file, an image, a binding or the gateway is wrong or missing."""
    services = inputs.services(request.services, Path(request.project_dir))
    workloads = validate.load([service.source for service in services])
    settings = inputs.settings(request.environment, request.namespace, request.settings)
    environment = render.Environment(
        settings, inputs.images(request.images), inputs.bindings(request.bindings, request.secrets), inputs.gateway(request.gateway)
    )
    found = render.contexts(workloads, services, environment)
    return Rendered(render.render_all(found, settings, request.namespace_objects), {context.name: _describe(context) for context in found})


def _describe(context: Context) -> dict[str, Any]:
    urls = [context.url(route) for route in context.routes]
    return {
        "image": context.image.reference if context.image else None,
        "config_hash": render.config_hash(context),
        "secret_versions": configuration.secret_versions(context),
        "replicas": context.replicas,
        "url": urls[0] if urls else None,
        "urls": urls,
    }
