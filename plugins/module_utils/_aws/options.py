# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that all modules for AWS share: the documentation is doc_fragments/aws.py."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Access
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

CONNECTION: dict[str, Any] = {
    "region": {"type": "str", "required": True},
    "profile": {"type": "str", "default": ""},
    "endpoint_url": {"type": "str", "default": ""},
    "endpoint_urls": {"type": "dict", "default": {}},
    "attempts": {"type": "int", "default": 8},
}
TAGS: dict[str, Any] = {
    "tags": {"type": "dict", "default": {}},
    "purge_tags": {"type": "bool", "default": False},
}
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


def repeated(names: Sequence[str]) -> list[str]:
    """Those that stand there more than once."""
    return sorted({name for name in names if names.count(name) > 1})


def access(params: dict[str, Any]) -> Access:
    """Raises ``InvalidInput`` for a region that can't be one."""
    if not _REGION.fullmatch(params["region"]):
        raise InvalidInput(f"region: {params['region']!r} is no name of a region; write one such as eu-central-1")
    if params["attempts"] < 1:
        raise InvalidInput("attempts: write 1 or more")
    return Access(params["region"], params["profile"], params["endpoint_url"], dict(params["endpoint_urls"]), params["attempts"])
