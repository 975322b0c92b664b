# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option tables of the modules of this package, in the shape of Ansible's argument specs; the docs of the modules are 1:1 with them."""

from __future__ import annotations

from typing import Any

REGISTRY: dict[str, Any] = {
    "type": "dict",
    "options": {
        "host": {"type": "str", "required": True},
        "ca_file": {"type": "path"},
        "auth_file": {"type": "path"},
        "aws_profile": {"type": "str", "default": ""},
    },
}

_FILE: dict[str, Any] = {
    "dest": {"type": "str", "required": True},
    "content": {"type": "str"},
    "src": {"type": "path"},
    "mode": {"type": "str", "default": "0644"},
    "owner": {"type": "str", "default": "0:0"},
}
_LINK: dict[str, Any] = {"dest": {"type": "str", "required": True}, "src": {"type": "str", "required": True}}
_DIRECTORY: dict[str, Any] = {
    "path": {"type": "str", "required": True},
    "mode": {"type": "str", "default": "0755"},
    "uid": {"type": "int", "default": 0},
    "gid": {"type": "int", "default": 0},
}
_USER: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "uid": {"type": "int", "required": True},
    "gid": {"type": "int"},
    "home": {"type": "str", "default": "/"},
}
_CONFIG: dict[str, Any] = {
    "user": {"type": "str"},
    "env": {"type": "dict"},
    "entrypoint": {"type": "list", "elements": "str"},
    "cmd": {"type": "list", "elements": "str"},
    "workdir": {"type": "str"},
    "exposed_ports": {"type": "list", "elements": "str"},
    "stop_signal": {"type": "str"},
    "volumes": {"type": "list", "elements": "str"},
    "labels": {"type": "dict"},
}


def _dicts(options: dict[str, Any]) -> dict[str, Any]:
    return {"type": "list", "elements": "dict", "default": [], "options": options}


def _strings() -> dict[str, Any]:
    return {"type": "list", "elements": "str", "default": []}


DEBIAN_IMAGE: dict[str, Any] = {
    "images": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "repository": {"type": "str", "required": True},
            "suite": {"type": "str", "default": "bookworm"},
            "variant": {"type": "str", "choices": ["distroless", "minbase"], "default": "distroless"},
            "packages": {"type": "list", "elements": "str", "required": True},
            "without": _strings(),
            "files": {**_dicts(_FILE), "mutually_exclusive": [["content", "src"]], "required_one_of": [["content", "src"]]},
            "links": _dicts(_LINK),
            "directories": _dicts(_DIRECTORY),
            "remove": _strings(),
            "run": {"type": "list", "elements": "list", "default": []},
            "users": _dicts(_USER),
            "config": {"type": "dict", "default": {}, "options": _CONFIG},
            "source_date_epoch": {"type": "int"},
        },
    },
    "generation": {"type": "str", "default": "1"},
    "record_dir": {"type": "path"},
    "registry": REGISTRY,
}

IMAGE_BUILD: dict[str, Any] = {
    "services": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "source": {"type": "path", "required": True},
            "containerfile": {"type": "str", "default": "Containerfile"},
            "target": {"type": "str"},
            "repository": {"type": "str"},
            "arguments": {"type": "dict", "default": {}},
            "licenses": {"type": "str"},
        },
    },
    "bases": {"type": "dict", "default": {}},
    "registry": {**REGISTRY, "required": True},
}
