# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The administrator's kubeconfig on this machine, against the one that kubeadm keeps on the control plane."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.slipway.platform.plugins.module_utils._certificates import read
from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Certificate
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput


def load(path: Path) -> dict[str, Any]:
    """A kubeconfig with one cluster and one user, as kind writes it. Raises ``InvalidInput``; the content is never quoted."""
    try:
        found = yaml.safe_load(path.read_text())
    except OSError as error:
        raise InvalidInput(f"kubeconfig: {path} can't be read ({error.strerror}); write the file that the role slipway.platform.kind has written") from None
    except yaml.YAMLError:
        found = None
    return checked(found, str(path))


def checked(found: Any, where: str) -> dict[str, Any]:
    """The same document if it has what is looked for."""
    try:
        found["clusters"][0]["cluster"]["server"]
        authority(found)
        found["users"][0]["user"]["client-certificate-data"]
        one = len(found["clusters"]) == len(found["users"]) == 1
    except (TypeError, KeyError, IndexError, binascii.Error):
        one = False
    if not one:
        raise InvalidInput(f"kubeconfig: {where} is not one of a cluster of kubeadm (one cluster, one user with a certificate in it)")
    kubeconfig: dict[str, Any] = found
    return kubeconfig


def authority(kubeconfig: dict[str, Any]) -> bytes:
    """The authority that it trusts, PEM."""
    return base64.b64decode(kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"])


def certificate(kubeconfig: dict[str, Any]) -> Certificate | None:
    """The certificate of its user; None if it can't be read."""
    try:
        pem = base64.b64decode(kubeconfig["users"][0]["user"]["client-certificate-data"])
        return next((read.certificate(der) for label, der in read.pem_blocks(pem) if label in read.CERTIFICATES and der), None)
    except (binascii.Error, InvalidInput):
        return None


def renewed(present: dict[str, Any], admin: str) -> str:
    """The kubeconfig of this machine with the credentials of ``admin.conf``: the address of the server, and all names, stay."""
    fresh = checked(yaml.safe_load(admin), "/etc/kubernetes/admin.conf")
    cluster = present["clusters"][0]["cluster"] | {"certificate-authority-data": fresh["clusters"][0]["cluster"]["certificate-authority-data"]}
    user = present["users"][0]["user"] | {key: fresh["users"][0]["user"][key] for key in ("client-certificate-data", "client-key-data")}
    changed = present | {"clusters": [present["clusters"][0] | {"cluster": cluster}], "users": [present["users"][0] | {"user": user}]}
    return yaml.safe_dump(changed, sort_keys=False)
