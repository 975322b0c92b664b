# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of image_sign and image_verify, in the shape of Ansible's argument specs, and what they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci import access
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Reference
from ansible_collections.slipway.platform.plugins.module_utils._sign import keys, kms
from ansible_collections.slipway.platform.plugins.module_utils._sign.cosign import BUNDLE, FORMS
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Signer, Trust
from ansible_collections.slipway.platform.plugins.module_utils._sign.images import named
from ansible_collections.slipway.platform.plugins.module_utils._sign.keyless import Identity

_IMAGES: dict[str, Any] = {"type": "list", "elements": "str", "required": True}
# Paths and names of secrets, none of which is one: hiding them would hide which file is wrong.
SIGNER: dict[str, Any] = {
    "type": "dict",
    "required": True,
    "mutually_exclusive": [["key_file", "kms_key"], ["password_file", "password_variable"], ["kms_key", "password_file"], ["kms_key", "password_variable"]],
    "required_one_of": [["key_file", "kms_key"]],
    "options": {
        "name": {"type": "str"},
        "key_file": {"type": "path", "no_log": False},
        "password_file": {"type": "path", "no_log": False},
        "password_variable": {"type": "str", "no_log": False},
        "kms_key": {"type": "str", "no_log": False},
        "kms_region": {"type": "str"},
    },
}
SIGN: dict[str, Any] = {
    "images": _IMAGES,
    "signer": SIGNER,
    "forms": {"type": "list", "elements": "str", "choices": list(FORMS), "default": [BUNDLE]},
    **access.OPTIONS,
}
VERIFY: dict[str, Any] = {
    "images": _IMAGES,
    "keys": {"type": "dict", "default": {}, "no_log": False},
    "identity": {"type": "str"},
    "issuer": {"type": "str"},
    "signed_as": {"type": "list", "elements": "str", "default": []},
    "minimum": {"type": "int", "default": 1},
    **access.OPTIONS,
}


def signer(value: Mapping[str, Any]) -> Signer:
    """Who signs, from the option ``signer``."""
    name = value.get("name") or ""
    if value.get("kms_key"):
        return kms.load(value["kms_key"], name, value.get("kms_region"))
    file = Path(value["password_file"]) if value.get("password_file") else None
    return keys.load(Path(value["key_file"]), name, keys.password_from(file, value.get("password_variable") or ""))


def trust(params: Mapping[str, Any]) -> Trust:
    """Whose signatures count, from the options ``keys``, ``identity`` and ``issuer``."""
    files: dict[str, Path] = {}
    for name, path in params["keys"].items():
        if not isinstance(path, str) or not path:
            raise InvalidInput(f"keys, {name}: write the path of a PEM file with the public key")
        files[str(name)] = Path(path).expanduser()
    identity = Identity(params["identity"] or "", params["issuer"] or "") if params["identity"] or params["issuer"] else None
    if not files and identity is None:
        raise InvalidInput("whose signatures count? Give keys (name: path of a public key), or identity and issuer")
    return Trust.from_files(files, identity)


def images(values: Iterable[str]) -> tuple[Reference, ...]:
    """The references, each with a tag or a digest. Raises ``InvalidInput`` for the first that can't be read, and for an empty list."""
    references = tuple(named(value, f"images, entry {number}") for number, value in enumerate(values, 1))
    if not references:
        raise InvalidInput("images is empty: nothing was done, which is not the same as all being well")
    return references
