# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that ``k8s_apply`` and ``release`` share; their documentation is in the modules of the same names."""

from __future__ import annotations

from typing import Any

_SET: dict[str, Any] = {
    "kubeconfig": {"type": "path", "required": True},
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "definitions": {"type": "list", "elements": "dict", "default": []},
    "src": {"type": "list", "elements": "path", "default": []},
    "secret_files": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "no_log": False,  # names and paths; the values are read from the files and never become arguments
        "options": {
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str"},
            "type": {"type": "str", "default": "Opaque"},
            "key": {"type": "str", "required": True, "no_log": False},
            "path": {"type": "path", "required": True},
        },
    },
    "timeout": {"type": "int", "default": 300},
    "force": {"type": "bool", "default": False},
}

APPLY: dict[str, Any] = {**_SET, "prune": {"type": "bool", "default": True}, "wait": {"type": "bool", "default": True}}
RELEASE: dict[str, Any] = {**_SET, "revision": {"type": "str"}}
RELEASE_CONSTRAINTS: dict[str, Any] = {
    "mutually_exclusive": [("revision", "definitions"), ("revision", "src")],
    "required_one_of": [("revision", "definitions", "src")],
}
