# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hashes as the operator has them: SHA3-224 of what Go prints for a value (fmt's %+v)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any


def of_text(text: str) -> str:
    return hashlib.sha3_224(text.encode()).hexdigest()


def of_data(data: Mapping[str, bytes]) -> str:
    """Of a Secret's data."""
    return of_text(_map({key: f"[{' '.join(map(str, value))}]" for key, value in data.items()}))


def version_of(metadata: Mapping[str, Any]) -> str:
    """status.syncedResourceVersion: generation, labels and annotations."""
    told = f"{{annotations:{_map(metadata.get('annotations') or {})} labels:{_map(metadata.get('labels') or {})}}}"
    return f"{metadata.get('generation', 0)}-{of_text(told)}"


def _map(pairs: Mapping[str, str]) -> str:
    return f"map[{' '.join(f'{key}:{pairs[key]}' for key in sorted(pairs))}]"
