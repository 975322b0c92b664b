# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one table of what is ours: services by their name in botocore. Everything else is moto's."""

from __future__ import annotations

from simulator.backend import Backend

BACKENDS: dict[str, type[Backend]] = {}
