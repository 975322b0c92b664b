# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The value that a secret shall have. What it is stays in here and in the request; names and versions come out."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.secrets.options import Secret
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict
from ansible_collections.slipway.platform.plugins.module_utils._secrets import content


def wanted(secret: Secret, now: str | None, choose: Callable[[str], str] = secrets.choice) -> str | None:
    """The text to put, or None if ``now`` is right or nobody says what it shall be.

    Entries that others put beside ours stay; a generated one that is there stays, unless the secret is to be rotated.
    """
    if secret.text is not None:
        return None if now == secret.text else secret.text
    if not secret.entries:
        return None
    there = _entries(secret.name, now)
    kept = {} if secret.rotate else {key: str(value) for key, value in there.items()}
    built = content.build(secret.values, secret.generate, secret.compose, kept, choose)
    after = {**there, **built}
    return None if now is not None and after == there else json.dumps(after)


def names(secret: Secret, text: str | None) -> list[str]:
    """The entries of a value by name; none, if it is not made of entries."""
    return sorted(_entries(secret.name, text)) if secret.entries else []


def _entries(name: str, text: str | None) -> Mapping[str, Any]:
    if text is None:
        return {}
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise Conflict(f"secret {name} has a value that is no JSON object, and entries are wanted; write file instead, or choose another name", secret=name)
    return read
