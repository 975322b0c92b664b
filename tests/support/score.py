# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rendering tests share: an environment in which everything is bound, and YAML that reads well in a diff."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible_collections.slipway.platform.plugins.module_utils._score.manifests import Rendered, Request, render_request

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "score"
DIGEST = "sha256:" + "a" * 64

POSTGRES = {
    "provider": "local",
    "host": "postgres.postgres.svc",
    "port": 5432,
    "namespace": "postgres",
    "pod_labels": {"app.kubernetes.io/name": "postgres"},
    "bindings": [{"service": "hello", "resource": "db", "namespace": "hello", "secret": "hello-db", "type": "postgresql", "version": "11aa"}],
}
REDIS = {
    "provider": "local",
    "host": "redis.redis.svc",
    "port": 6379,
    "namespace": "redis",
    "pod_labels": {"app.kubernetes.io/name": "redis"},
    "bindings": [{"service": "hello", "resource": "cache", "namespace": "hello", "secret": "hello-cache", "type": "redis", "version": "22bb"}],
}
DELIVERED = [{"service": "hello", "resource": "session", "namespace": "hello", "secret": "hello-session", "version": "33cc"}]
GATEWAY = {
    "provider": "local",
    "gateway": {"name": "gateway", "namespace": "ingress"},
    "http_port": 8080,
    "https_port": 8443,
    "ca_file": "/ca.crt",
    "namespace": "ingress",
    "pod_labels": {"app.kubernetes.io/name": "traefik"},
}


def images(*names: str) -> dict[str, Any]:
    return {name: {"reference": f"localhost:5001/{name}@{DIGEST}", "tag": "sha-1234567"} for name in names}


def request(services: list[dict[str, Any]], **more: Any) -> Request:
    values: dict[str, Any] = {
        "services": services,
        "project_dir": str(GOLDEN),
        "environment": "local",
        "namespace": "hello",
        "images": images("hello", "herald"),
        "bindings": [POSTGRES, REDIS],
        "secrets": DELIVERED,
        "gateway": GATEWAY,
        "settings": {},
        "namespace_objects": False,
    }
    return Request(**{**values, **more})


def render(services: list[dict[str, Any]], **more: Any) -> Rendered:
    return render_request(request(services, **more))


def write(folder: Path, text: str) -> dict[str, Any]:
    """An item of slipway_services for a score.yaml written to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "score.yaml").write_text(text)
    return {"source": str(folder)}


def only(rendered: Rendered, kind: str, name: str | None = None) -> dict[str, Any]:
    """The one manifest of that kind (and name)."""
    found = [item for item in rendered.definitions if item["kind"] == kind and name in (None, item["metadata"]["name"])]
    assert len(found) == 1, [(item["kind"], item["metadata"]["name"]) for item in rendered.definitions]
    return found[0]


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def dump(manifests: list[dict[str, Any]]) -> str:
    return "".join("---\n" + yaml.dump(item, Dumper=_Dumper, sort_keys=False, width=160) for item in manifests)
