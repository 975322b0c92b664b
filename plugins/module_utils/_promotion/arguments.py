# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that every module that talks to registries has; documented in the fragment ``registry_access``."""

from __future__ import annotations

from typing import Any

CREDENTIAL = {
    "registry": {"type": "str", "required": True},
    "username": {"type": "str", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
}
ACCESS: dict[str, Any] = {
    "ca_file": {"type": "path"},
    "auth_file": {"type": "path"},
    "credentials": {"type": "list", "elements": "dict", "default": [], "options": CREDENTIAL},
    "plain_http": {"type": "list", "elements": "str", "default": []},
    "concurrency": {"type": "int", "default": 20},
    "request_timeout": {"type": "int", "default": 30},
    "deadline": {"type": "int", "default": 1800},
}
