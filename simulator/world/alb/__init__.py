# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Application Load Balancers of a simulated AWS: Gateways of EKS Auto Mode's class get one that the API shows and that really serves."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml


@cache
def definitions() -> tuple[dict[str, Any], ...]:
    """The CustomResourceDefinitions of Auto Mode's own kinds; those of the Gateway API itself are not among them."""
    return tuple(yaml.safe_load_all((Path(__file__).parent / "definitions.yml").read_text()))
