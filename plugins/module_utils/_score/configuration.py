# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container's variables and files: what holds no secret lies in ConfigMaps, what does is referred to.

ConfigMaps are immutable and named by their contents, so a change is a new name, a new name is a new pod template, and
a pod of the old version that restarts still finds the values it was made with.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._score.context import Context, Manifest, Part, SecretKey, digest, short_name
from ansible_collections.slipway.platform.plugins.module_utils._score.placeholders import literal
from ansible_collections.slipway.platform.plugins.module_utils._score.resource_types import TYPES
from ansible_collections.slipway.platform.plugins.module_utils._score.semantics import BINDING_ROOT, BINDING_VARIABLE
from ansible_collections.slipway.platform.plugins.module_utils._score.workload import Container

CONFIG_MODE = 0o444
BINDING_MODE = 0o440


@dataclass(frozen=True)
class Configuration:
    """The parts of a container and of its pod that carry configuration, and the ConfigMaps they refer to."""

    env_from: list[Manifest]
    env: list[Manifest]
    mounts: list[Manifest]
    volumes: list[Manifest]
    config_maps: list[Manifest]


def of(context: Context, container: Container) -> Configuration:
    """Variables of the inventory go to containers whose image is built here, and win over those of score.yaml."""
    overrides = context.service.variables if container.built else {}
    variables = {**container.variables, **{name: literal(value) for name, value in overrides.items()}}
    values = {name: context.parts(template) for name, template in sorted(variables.items())}
    plain = {name: "".join(map(str, parts)) for name, parts in values.items() if not _secrets(parts)}
    secret = {name: parts for name, parts in values.items() if _secrets(parts)}
    # A foreign container beside ours (a proxy, a collector) has no business with the database's password.
    own = container.built or container is context.workload.main
    env_map = _config_map(context, f"{context.name}-{container.name}", {"data": plain}) if plain else None
    file_map, file_mounts, file_volume = _files(context, container)
    return Configuration(
        env_from=[{"configMapRef": {"name": env_map["metadata"]["name"]}}] if env_map else [],
        env=[*_about(context, container, values), *(_binding_root(context) if own else []), *_secret_variables(secret)],
        mounts=[*(_binding_mounts(context) if own else []), *file_mounts],
        volumes=file_volume,
        config_maps=[item for item in (env_map, file_map) if item],
    )


def binding_volumes(context: Context) -> list[Manifest]:
    """A volume for each bound Secret, for the pod."""
    return [
        {"name": short_name(f"binding-{resource.name}"), "secret": {"secretName": binding.secret, "defaultMode": BINDING_MODE}}
        for resource, binding in context.bound
    ]


def secret_versions(context: Context) -> dict[str, str]:
    """The versions of the Secrets a service reads, by Secret: a new version must reach the pods."""
    return {binding.secret: binding.version for _, binding in context.bound}


def _secrets(parts: Sequence[Part]) -> list[SecretKey]:
    return [part for part in parts if isinstance(part, SecretKey)]


def _config_map(context: Context, name: str, contents: Manifest) -> Manifest:
    metadata = context.metadata(f"{name}-{digest(contents)}")
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "immutable": True, **contents}


def _about(context: Context, container: Container, given: Mapping[str, Any]) -> list[Manifest]:
    """What a service may want to say about itself in its answers, logs and metrics; a variable of its own wins."""
    if not container.built:
        return []
    fields = {"POD_NAME": "metadata.name", "ZONE": "metadata.labels['topology.kubernetes.io/zone']"}
    about: dict[str, Manifest] = {name: {"valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in fields.items()}
    about["IMAGE_DIGEST"] = {"value": context.image_of(container).rsplit("@", 1)[-1]}
    return [{"name": name, **value} for name, value in sorted(about.items()) if name not in given]


def _binding_root(context: Context) -> list[Manifest]:
    return [{"name": BINDING_VARIABLE, "value": BINDING_ROOT}] if context.bound else []


def _binding_mounts(context: Context) -> list[Manifest]:
    return [{"name": short_name(f"binding-{resource.name}"), "mountPath": f"{BINDING_ROOT}/{resource.name}", "readOnly": True} for resource, _ in context.bound]


def _secret_variables(values: dict[str, list[Part]]) -> list[Manifest]:
    """A variable that is one secret refers to it; one that contains secrets is put together by the kubelet.

    The kubelet replaces ``$(NAME)`` by variables defined before, and ``$$(`` by ``$(``.
    """
    helpers: dict[SecretKey, str] = {}
    variables: list[Manifest] = []
    for name, parts in values.items():
        if len(parts) == 1 and isinstance(parts[0], SecretKey):
            variables.append(_from_secret(name, parts[0]))
            continue
        for part in _secrets(parts):
            helpers.setdefault(part, f"SLIPWAY_{part.secret}_{part.key}".upper().replace("-", "_").replace(".", "_"))
        text = "".join(f"$({helpers[part]})" if isinstance(part, SecretKey) else part.replace("$(", "$$(") for part in parts)
        variables.append({"name": name, "value": text})
    return [*(_from_secret(name, part) for part, name in sorted(helpers.items(), key=lambda item: item[1])), *variables]


def _from_secret(name: str, part: SecretKey) -> Manifest:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": part.secret, "key": part.key}}}


def _files(context: Context, container: Container) -> tuple[Manifest | None, list[Manifest], list[Manifest]]:
    """One ConfigMap for all files of a container; a file that is one secret is mounted from its Secret."""
    data: dict[str, str] = {}
    binary: dict[str, str] = {}
    items: list[Manifest] = []
    mounts: list[Manifest] = []
    volume = short_name(f"files-{container.name}")
    for file in sorted(container.files, key=lambda item: item.target):
        parts = context.parts(file.content) if file.content is not None else []
        if secret := _secrets(parts):
            mounts.append({"name": _binding_volume(context, secret[0]), "mountPath": file.target, "subPath": secret[0].key, "readOnly": True})
            continue
        key = f"{digest(file.target)}-{posixpath.basename(file.target)}"[:250]
        if file.binary is not None:
            binary[key] = file.binary
        else:
            data[key] = "".join(map(str, parts))
        items.append({"key": key, "path": key, "mode": CONFIG_MODE if file.mode is None else file.mode})
        mounts.append({"name": volume, "mountPath": file.target, "subPath": key, "readOnly": True})
    if not items:
        return None, mounts, []
    contents = ({"data": data} if data else {}) | ({"binaryData": binary} if binary else {})
    config_map = _config_map(context, f"{context.name}-{container.name}-files", contents)
    return config_map, mounts, [{"name": volume, "configMap": {"name": config_map["metadata"]["name"], "items": items}}]


def _binding_volume(context: Context, part: SecretKey) -> str:
    resource = next(resource for resource, binding in context.bound if binding.secret == part.secret and TYPES[resource.type].binding)
    return short_name(f"binding-{resource.name}")
