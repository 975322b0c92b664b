# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of aws_sweep."""

from __future__ import annotations

from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION

_RECORDS = {
    "zone_id": {"type": "str", "required": True},
    "owner": {"type": "str", "required": True},
    "prefix": {"type": "str", "default": ""},
}
_ALIASES = {
    "zone": {"type": "str", "default": ""},
    "zone_id": {"type": "str", "default": ""},
    "names": {"type": "list", "elements": "str", "required": True},
    "targets": {"type": "list", "elements": "str", "default": []},
}
OPTIONS: dict[str, Any] = {
    **CONNECTION,
    "tags": {"type": "dict", "default": {}},
    "clusters": {"type": "list", "elements": "str", "default": []},
    "log_groups": {"type": "list", "elements": "str", "default": []},
    "records": {"type": "list", "elements": "dict", "default": [], "options": _RECORDS},
    "aliases": {"type": "list", "elements": "dict", "default": [], "options": _ALIASES},
    "keep": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "int", "default": 900},
}
