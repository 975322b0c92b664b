# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads an image from the registry as a stranger would: what it says of itself, what is in it, and what must not be.

ask.py REFERENCE TAG CA_FILE AUTH_FILE
"""

from __future__ import annotations

import json
import os
import re
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._image import machine
from ansible_collections.slipway.platform.plugins.module_utils._oci import names, referrers
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import Descriptor
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Reference
from ansible_collections.slipway.platform.plugins.module_utils._oci.registry import Registry

# What only this machine knows: it must be neither in the configuration, nor in the history, nor in a file's name.
_PROXIES = [value for name, value in os.environ.items() if name.lower() in ("http_proxy", "https_proxy", "pip_index_url", "pip_extra_index_url") and value]


def main(text: str, tag: str, ca_file: str, auth_file: str) -> None:
    reference = Reference.parse(text)
    problems: list[str] = []
    with Registry.connect(reference.registry, Path(ca_file), Path(auth_file)) as registry, tempfile.TemporaryDirectory() as folder:
        manifest = registry.manifest(reference.repository, str(reference.digest))
        if registry.manifest(reference.repository, tag).digest != reference.digest:
            problems.append(f"the tag {tag} does not lead to it")
        required = (names.REVISION, names.CREATED, names.VERSION, names.TITLE, names.BASE_NAME, names.BASE_DIGEST)
        problems += [f"annotation {name} is missing" for name in required if not manifest.annotations.get(name)]
        if not re.fullmatch(r"(sha|dirty)-[0-9a-f]{12}(-[0-9a-f]{8})?", tag):
            problems.append(f"{tag} is no tag of ours")
        config = read(registry, reference.repository, manifest.json["config"], Path(folder))
        problems += in_configuration(config)
        files = [name for layer in manifest.json["layers"] for name in listing(registry, reference.repository, layer, Path(folder))]
        problems += [f"{name} is in it" for name in files if re.fullmatch(r"(usr/)?bin/(ba|da)?sh|(usr/)?bin/(dpkg|apt.*)|.*pip\.conf", name)]
        for described in referrers.referrers(registry, reference.repository, manifest.digest, names.SPDX):
            stored = registry.manifest(reference.repository, str(described.digest)).json["layers"][0]
            packages = {package["name"] for package in read(registry, reference.repository, stored, Path(folder))["packages"]}
            problems += [f"the list of contents lacks {name}" for name in ("libc6", "libssl3", "psycopg") if name not in packages]
            break
        else:
            problems.append("no list of contents is attached")
    if problems:
        sys.exit("\n".join(problems))
    print(f"{text} says what it is, and says nothing of this machine")


def in_configuration(config: dict[str, Any]) -> list[str]:
    problems = [] if config["config"].get("User") not in (None, "", "0", "root") else ["it runs as root"]
    written = json.dumps(config)
    listed = machine.read_pip_settings()
    hosts = {match for value in (*_PROXIES, listed) for match in re.findall(r"https?://[^\s'\"/]+", value)}
    return problems + [f"{host} is in its configuration or history" for host in hosts if host in written]


def read(registry: Registry, repository: str, descriptor: dict[str, Any], folder: Path) -> dict[str, Any]:
    with (folder / "blob").open("w+b") as handle:
        registry.read_blob(repository, Descriptor.from_json(descriptor), handle)
    value: dict[str, Any] = json.loads((folder / "blob").read_bytes())
    return value


def listing(registry: Registry, repository: str, descriptor: dict[str, Any], folder: Path) -> list[str]:
    with (folder / "layer").open("w+b") as handle:
        registry.read_blob(repository, Descriptor.from_json(descriptor), handle)
    with tarfile.open(folder / "layer") as layer:
        return layer.getnames()


if __name__ == "__main__":
    main(*sys.argv[1:])
