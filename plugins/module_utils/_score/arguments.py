# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The argument specification that score_info and score_render share, 1:1 with the documentation fragment ``score``."""

from __future__ import annotations

from typing import Any

SERVICES: dict[str, Any] = {
    "services": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "source": {"type": "path", "required": True},
            "name": {"type": "str"},
            "replicas": {"type": "int"},
            "host": {"type": "str"},
            "hosts": {"type": "dict", "default": {}},
            "resources": {"type": "dict", "default": {}},
            "variables": {"type": "dict", "default": {}},
        },
    },
    "project_dir": {"type": "path", "default": "."},
    "namespace": {"type": "str", "required": True},
}

SETTINGS: dict[str, Any] = {
    "domain": {"type": "str", "default": "localhost"},
    "part_of": {"type": "str"},
    "replicas": {"type": "int", "default": 2},
    "requests": {"type": "dict", "default": {"cpu": "50m", "memory": "64Mi"}},
    "limits": {"type": "dict", "default": {"cpu": "1", "memory": "256Mi"}},
    "pull_secret": {"type": "str", "default": "registry-pull"},
    "user": {"type": "int", "default": 65532},
    "storage_class": {"type": "str"},
    "zone_spread": {"type": "str", "choices": ["required", "preferred"], "default": "required"},
    "leave_seconds": {"type": "int", "default": 5},
    "route_seconds": {"type": "int", "default": 30},
    "quota": {"type": "dict", "default": {}},
    "dns": {"type": "list", "elements": "str", "default": []},
}

RENDER: dict[str, Any] = {
    **SERVICES,
    "environment": {"type": "str", "required": True},
    "images": {"type": "dict", "required": True},
    "bindings": {"type": "list", "elements": "dict", "default": []},
    "secrets": {"type": "list", "elements": "dict", "default": [], "no_log": False},
    "gateway": {"type": "dict"},
    "settings": {"type": "dict", "options": SETTINGS, "apply_defaults": True},
    "namespace_objects": {"type": "bool", "default": True},
}
