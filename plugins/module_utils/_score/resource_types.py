# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of resources a workload may ask for: one entry each, and nothing else to touch for a new one.

Names of types, parameters and outputs follow the provisioners of the Score community, so that a score.yaml written
for them works here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.slipway.platform.plugins.module_utils._document.schema import LABEL_TEXT, Schema, mapping, text


@dataclass(frozen=True)
class Output:
    """What a resource gives the workload. ``key`` is the entry of its Secret, if it can come from there.

    A secret output is only ever a reference to that entry; another one is written out where its value is known.
    """

    secret: bool = False
    key: str | None = None


@dataclass(frozen=True)
class ResourceType:
    """``binding`` is the type of the Service Binding Secret that the resource brings, None if it brings none."""

    name: str
    outputs: Mapping[str, Output] = field(default_factory=dict)
    params: Schema = field(default_factory=lambda: mapping({}))
    binding: str | None = None
    classes: tuple[str, ...] = ()


_PORT: Schema = {"type": ["integer", "string"], "x-expected": "the number or the name of a port"}

TYPES: dict[str, ResourceType] = {
    kind.name: kind
    for kind in (
        ResourceType(
            "postgres",
            binding="postgresql",
            outputs={
                "host": Output(key="host"),
                "port": Output(key="port"),
                "name": Output(key="database"),
                "database": Output(key="database"),
                "username": Output(secret=True, key="username"),
                "password": Output(secret=True, key="password"),
                "uri": Output(secret=True, key="uri"),
            },
        ),
        ResourceType(
            "redis",
            binding="redis",
            outputs={
                "host": Output(key="host"),
                "port": Output(key="port"),
                "username": Output(secret=True, key="username"),
                "password": Output(secret=True, key="password"),
                "uri": Output(secret=True, key="uri"),
            },
        ),
        ResourceType("dns", outputs={"host": Output(), "url": Output()}),
        ResourceType(
            "route",
            outputs={"host": Output(), "path": Output(), "url": Output()},
            params=mapping(
                {
                    "host": text("a host name, for example ${resources.dns.host}", minLength=1),
                    "path": text("a path that begins with /", pattern="^/"),
                    "port": _PORT,
                    "timeoutSeconds": {"type": "integer", "minimum": 1, "maximum": 3600, "x-expected": "a whole number from 1 to 3600"},
                },
                ("host", "port"),
            ),
        ),
        ResourceType(
            "service",
            outputs={name: Output() for name in ("name", "host", "hostname", "port", "url")},
            params=mapping({"workload": LABEL_TEXT, "port": _PORT}),
        ),
        ResourceType(
            "volume",
            params=mapping({"size": text("an amount of storage, for example 1Gi", pattern=r"^[1-9]\d*(\.\d+)?(K|M|G|T|Ki|Mi|Gi|Ti)?$")}),
            classes=("persistent", "ephemeral"),
        ),
        ResourceType("secret", binding="secret", outputs={"value": Output(secret=True, key="value")}),
    )
}
