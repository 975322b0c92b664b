# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``acm_certificate`` returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.slipway.platform.plugins.module_utils._aws.result import Converged


@dataclass(frozen=True)
class Result(Converged):
    """``not_after``: ISO 8601, "" before it is issued; ``serial``: of what was imported; ``superseded``: ARNs of our other certificates with this domain."""

    arn: str = ""
    domain: str = ""
    status: str = ""
    serial: str = ""
    not_after: str = ""
    in_use_by: list[str] = field(default_factory=list)
    validation_records: list[dict[str, str]] = field(default_factory=list)
    superseded: list[str] = field(default_factory=list)
