# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.slipway.platform.plugins.module_utils._certificates.model import Row


def title(row: Row) -> str:
    """What a person calls a row, so that no two are called the same: an endpoint has a row for each of its addresses."""
    address = row.labels.get("address", "")
    asked = row.labels.get("server_name", "")
    told = [each for each in (address, f"as {asked}" if asked else "") if each and each.removeprefix("as ") not in row.name]
    return f"{row.name} ({', '.join(told)})" if told else row.name
