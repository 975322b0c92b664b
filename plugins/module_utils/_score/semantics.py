# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a JSON schema cannot say about one document. Runs on documents that fit the schema."""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._document import structure
from ansible_collections.slipway.platform.plugins.module_utils._document.document import Document
from ansible_collections.slipway.platform.plugins.module_utils._document.problems import KeyPath, Problem
from ansible_collections.slipway.platform.plugins.module_utils._document.suggest import did_you_mean, nearest
from ansible_collections.slipway.platform.plugins.module_utils._score import quantity, reading, references
from ansible_collections.slipway.platform.plugins.module_utils._score.placeholders import PlaceholderError, parse
from ansible_collections.slipway.platform.plugins.module_utils._score.resource_types import TYPES
from ansible_collections.slipway.platform.plugins.module_utils._score.schema import HOST
from ansible_collections.slipway.platform.plugins.module_utils._score.workload import BUILT_IMAGE

BINDING_ROOT = "/bindings"
BINDING_VARIABLE = "SERVICE_BINDING_ROOT"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BY_DIGEST = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")
_MAX_FILES = 900_000
_METADATA = ("name", "annotations", "slipway")


def check(document: Document, folder: Path) -> Iterator[Problem]:
    """All problems of meaning, in no order. ``folder`` is where ``source`` files are looked for."""
    yield from references.check(document)
    for part in (_metadata, _service, _resources, _routes, _scaling):
        yield from part(document)
    for name, value in document.data["containers"].items():
        base: KeyPath = ("containers", name)
        for check_container in (_image, _variables, _amounts, _volumes, _before):
            yield from check_container(document, base, value)
        yield from _files(document, base, value, folder)


def _metadata(document: Document) -> Iterator[Problem]:
    metadata = document.data["metadata"]
    if not metadata["name"][0].isalpha():
        yield document.at_value(("metadata", "name"), "begins with a digit, and the name of a Kubernetes Service begins with a letter")
    for key in metadata:
        near = nearest(key, _METADATA) if key not in _METADATA and len(key) > 4 else None
        if near:
            yield document.at_key(("metadata", key), "unknown key", f"did you mean `{near}`?")


def _service(document: Document) -> Iterator[Problem]:
    ports = document.data.get("service", {}).get("ports", {})
    seen: dict[tuple[int, str], str] = {}
    for name, port in ports.items():
        number = (port["port"], port.get("protocol", "TCP"))
        if number in seen:
            yield document.at_value(("service", "ports", name, "port"), f"port {number[0]}/{number[1]} is taken by `{seen[number]}` already", "choose another")
        seen.setdefault(number, name)
    if ports and not any("readinessProbe" in value for value in document.data["containers"].values()):
        first = next(iter(document.data["containers"]))
        hint = "without one, requests reach pods that cannot answer yet: add `readinessProbe: {httpGet: {port: ..., path: ...}}`"
        yield document.at_key(("containers", first), "a workload with ports needs a `readinessProbe`", hint)


def _resources(document: Document) -> Iterator[Problem]:
    for name, value in document.data.get("resources", {}).items():
        base: KeyPath = ("resources", name)
        kind = TYPES.get(value["type"])
        if kind is None:
            yield document.at_value((*base, "type"), f"`{value['type']}` is not a type of resource here", did_you_mean(value["type"], TYPES))
            continue
        if "class" in value and kind.classes and value["class"] not in kind.classes:
            yield document.at_value((*base, "class"), f"a {kind.name} has no class `{value['class']}`", did_you_mean(value["class"], kind.classes))
        if "params" in value:
            yield from structure.check(document, kind.params, (*base, "params"))
        elif kind.params["required"]:
            missing = " and ".join(f"`{key}`" for key in kind.params["required"])
            yield document.at_key(base, f"a {kind.name} needs {missing}", "write them under `params`")


def _routes(document: Document) -> Iterator[Problem]:
    ports = document.data.get("service", {}).get("ports", {})
    known = {**{str(port["port"]): name for name, port in ports.items()}, **{name: name for name in ports}}
    for name, value in document.data.get("resources", {}).items():
        params = value.get("params", {})
        path: KeyPath = ("resources", name, "params")
        if value["type"] == "service" and value.get("id", name) == document.data["metadata"]["name"] and "workload" not in params:
            yield document.at_key(("resources", name), "is this service itself")
        if value["type"] != "route":
            continue
        if isinstance(params.get("port"), int | str) and str(params["port"]) not in known:
            hint = did_you_mean(str(params["port"]), [*ports]) if ports else "declare it under `service.ports`"
            yield document.at_value((*path, "port"), f"`{params['port']}` is not a port of this service", hint)
        elif isinstance(params.get("port"), int | str) and ports[known[str(params["port"])]].get("protocol") == "UDP":
            yield document.at_value((*path, "port"), "is a UDP port, and a route carries HTTP")
        host = params.get("host")
        if isinstance(host, str) and host and "$" not in host and not re.match(HOST, host):
            yield document.at_value((*path, "host"), f"`{host}` is not a host name", "write it without scheme, port and path, for example hello.example.org")


def _scaling(document: Document) -> Iterator[Problem]:
    ours = document.data["metadata"].get("slipway", {})
    scaling = ours.get("autoscaling", {})
    if scaling and scaling.get("min", 1) > scaling["max"]:
        yield document.at_value(("metadata", "slipway", "autoscaling", "min"), f"{scaling['min']} is more than max, {scaling['max']}")
    kept = [name for name, value in document.data.get("resources", {}).items() if value["type"] == "volume" and value.get("class") != "ephemeral"]
    if kept and scaling.get("max", 1) > 1:
        hint = "remove `autoscaling`, or make the volume `class: ephemeral`"
        yield document.at_key(("metadata", "slipway", "autoscaling"), f"the volume `{kept[0]}` can be held by one pod only", hint)
    path = ours.get("build", {}).get("containerfile")
    if path is not None and not _inside(path):
        yield document.at_value(("metadata", "slipway", "build", "containerfile"), f"`{path}` leaves the folder of score.yaml", "write a path below it")


def _image(document: Document, base: KeyPath, value: Mapping[str, Any]) -> Iterator[Problem]:
    if value["image"] != BUILT_IMAGE and not _BY_DIGEST.fullmatch(value["image"]):
        hint = 'write "." for the image built from this folder, or pin it: name@sha256:<64 hex digits>'
        yield document.at_value((*base, "image"), f"`{value['image']}` does not say which image it is", hint)


def _variables(document: Document, base: KeyPath, value: Mapping[str, Any]) -> Iterator[Problem]:
    for name in value.get("variables", {}):
        path = (*base, "variables", name)
        if name == BINDING_VARIABLE:
            yield document.at_key(path, f"is set by the platform, to {BINDING_ROOT}", "remove it")
        elif not _VARIABLE.fullmatch(name):
            hint = f"for example {re.sub('[^A-Za-z0-9_]', '_', name).upper()}" if not name[0].isdigit() else ""
            yield document.at_key(path, f"`{name}` is not the name of a variable (letters, digits and _, not beginning with a digit)", hint)


def _amounts(document: Document, base: KeyPath, value: Mapping[str, Any]) -> Iterator[Problem]:
    amounts = value.get("resources", {})
    for name, limit in amounts.get("limits", {}).items():
        request = amounts.get("requests", {}).get(name)
        if request is None:
            continue
        most, least = quantity.amount(name, limit), quantity.amount(name, request)
        if most is not None and least is not None and least > most:
            yield document.at_value((*base, "resources", "requests", name), f"requests {request}, more than its limit of {limit}")


def _files(document: Document, base: KeyPath, value: Mapping[str, Any], folder: Path) -> Iterator[Problem]:
    total = 0
    for key, target, details in reading.mounts(value.get("files")):
        path = (*base, "files", key)
        yield from _target(document, path, target)
        if "binaryContent" in details:
            try:
                total += len(base64.b64decode(details["binaryContent"], validate=True))
            except (binascii.Error, ValueError):
                yield document.at_value((*path, "binaryContent"), "is not base64 (RFC 4648, section 4)")
        elif "source" in details:
            text, fault = _source(details["source"], folder)
            if fault:
                yield document.at_value((*path, "source"), *fault)
            elif not details.get("noExpand"):
                yield from references.source_text(document, (*path, "source"), text, references.names(document.data))
            total += len(text.encode())
        else:
            total += len(details["content"].encode())
    if total > _MAX_FILES:
        yield document.at_key((*base, "files"), f"its files are {total} bytes together, and a ConfigMap holds 1 MiB", "put large files into the image")


def _source(source: str, folder: Path) -> tuple[str, tuple[str, str] | None]:
    if not _inside(source) or not (folder / source).resolve().is_relative_to(folder.resolve()):
        return "", (f"`{source}` leaves the folder of score.yaml", "write a path below it")
    try:
        return reading.content({"source": source}, folder) or "", None
    except FileNotFoundError:
        siblings = [item.name for item in (folder / source).parent.iterdir()] if (folder / source).parent.is_dir() else []
        near = nearest(Path(source).name, siblings)
        return "", (f"there is no file {source} in {folder}", f"did you mean `{Path(source).with_name(near)}`?" if near else "")
    except UnicodeDecodeError:
        return "", (f"{source} is not UTF-8 text", "use `binaryContent`, or put it into the image")
    except OSError as error:
        return "", (f"{source} cannot be read: {error.strerror}", "")


def _volumes(document: Document, base: KeyPath, value: Mapping[str, Any]) -> Iterator[Problem]:
    resources = document.data.get("resources", {})
    volumes = {name for name, resource in resources.items() if resource["type"] == "volume"}
    for key, target, details in reading.mounts(value.get("volumes")):
        path = (*base, "volumes", key)
        yield from _target(document, path, target)
        try:
            reference = parse(details["source"]).only_reference
        except PlaceholderError:
            reference = None
        name = reference.path[1] if reference and len(reference.path) == 2 and reference.path[0] == "resources" else None
        if name is None or name not in volumes:
            near = nearest(name or details["source"].strip("${}"), volumes) if volumes else None
            hint = f"did you mean `${{resources.{near}}}`?" if near else "write `${resources.<name>}` with a resource of type volume"
            yield document.at_value((*path, "source"), f"`{details['source']}` is not a volume of this file", hint)
        if "path" in details and not _inside(details["path"]):
            yield document.at_value((*path, "path"), f"`{details['path']}` leaves the volume", "write a path inside it")


def _target(document: Document, path: KeyPath, target: str) -> Iterator[Problem]:
    if not target.startswith("/") or posixpath.normpath(target) != target.rstrip("/") or target == "/":
        yield document.at_key(path, f"`{target}` is not an absolute path in the container", "for example /etc/hello/settings.toml")
    elif target == BINDING_ROOT or target.startswith(f"{BINDING_ROOT}/"):
        yield document.at_key(path, f"{BINDING_ROOT} belongs to the platform", "choose another folder")


def _before(document: Document, base: KeyPath, value: Mapping[str, Any]) -> Iterator[Problem]:
    containers = document.data["containers"]
    for other, condition in value.get("before", {}).items():
        path = (*base, "before", other)
        if other not in containers or other == base[1]:
            yield document.at_key(path, f"`{other}` is not another container of this file", did_you_mean(other, set(containers) - {base[1]}))
        elif condition["ready"] == "healthy" and not {"readinessProbe", "livenessProbe"} & set(value):
            yield document.at_value((*path, "ready"), f"`{base[1]}` has no probe that could say it is healthy", "add a `readinessProbe`, or wait for `started`")
        elif _reaches(containers, other, str(base[1])):
            yield document.at_key(path, f"`{other}` comes before `{base[1]}` already, so neither could start first")


def _reaches(containers: Mapping[str, Any], start: str, goal: str) -> bool:
    """Whether following ``before`` from one container leads to the other."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting.extend(containers.get(name, {}).get("before", {}))
    return False


def _inside(path: str) -> bool:
    return not posixpath.isabs(path) and not posixpath.normpath(path).startswith("..")
