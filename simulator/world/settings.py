# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a world is made of, as settings.json in its folder says; without that file there is nothing real but names and certificates."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from simulator.world import places
from simulator.world.places import Place

_TEXTS = ("registry", "registry_ca_file", "registry_auth_file", "kubeconfig", "traefik", "gateway_api")
PORTS = ("simulator", "proxy", "gate", "dns", "pull", "webhook")


class SettingsError(Exception):
    """What is wrong in settings.json, and how it is right."""


@dataclass(frozen=True)
class Settings:
    """``address``: of this machine where pods and nodes are; everything but the simulator and the proxy listens there.

    ``ports``: by name (PORTS); 0, or nothing, is the one of the last time if it is free, else any. ``registry``: the URL of an OCI registry;
    ``registry_auth_file``: in the format of Docker's config.json. ``kubeconfig``: of an administrator of the real cluster. ``places``: by name or pattern.
    ``certificates``: by file name, the host names that somebody else serves, who gets the files. ``traefik``: the program that load balancers are, or
    the one beside the interpreter; ``gateway_api``: folder with the CustomResourceDefinitions of the Gateway API, which EKS Auto Mode brings.
    ``databases``: RDS's instances are PostgreSQL servers of this machine. ``images``: what of the registry stands for an image of another registry,
    {"ghcr.io/team/tool": "tool@sha256:..."}, whatever its tag; nodes get it.
    """

    address: str = "127.0.0.1"
    ports: Mapping[str, int] = field(default_factory=dict)
    registry: str = ""
    registry_ca_file: str = ""
    registry_auth_file: str = ""
    kubeconfig: str = ""
    traefik: str = ""
    gateway_api: str = ""
    databases: bool = False
    images: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    certificates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read(file: Path) -> Settings:
    """Raises SettingsError."""
    if not file.exists():
        return Settings()
    try:
        return _checked(json.loads(file.read_text()))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SettingsError(f"{file}: {error}") from None


def _checked(document: Any) -> Settings:
    known = [each.name for each in fields(Settings)]
    if not isinstance(document, dict) or document.keys() - set(known):
        wrong = ", ".join(sorted(document.keys() - set(known))) if isinstance(document, dict) else "no object"
        raise ValueError(f"it has {wrong}; there are {', '.join(known)}")
    ports = {str(name): int(port) for name, port in document.get("ports", {}).items()}
    if ports.keys() - set(PORTS):
        raise ValueError(f"ports has {', '.join(sorted(ports.keys() - set(PORTS)))}; there are {', '.join(PORTS)}")
    if any(not 0 <= port < 65536 for port in ports.values()):
        raise ValueError("a port is between 1 and 65535, or 0 for any")
    if document.get("registry") and urlsplit(document["registry"]).scheme not in ("http", "https"):
        raise ValueError(f"registry is {document['registry']!r}; write a URL, such as https://localhost:5001")
    images = {str(name): str(stands) for name, stands in document.get("images", {}).items()}
    if not all("@sha256:" in stands for stands in images.values()):
        raise ValueError('images has what is no repository@sha256:...; write {"ghcr.io/team/tool": "tool@sha256:..."}')
    if not isinstance(document.get("databases", False), bool):
        raise ValueError("databases is true or false")
    return Settings(
        **{name: str(document[name]) for name in _TEXTS if document.get(name)},
        address=str(ipaddress.IPv4Address(document.get("address") or "127.0.0.1")),
        ports=ports,
        databases=document.get("databases", False),
        images=images,
        places={str(name): places.read(each) for name, each in document.get("places", {}).items()},
        certificates={str(name): tuple(map(str, each)) for name, each in document.get("certificates", {}).items()},
    )
