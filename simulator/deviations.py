# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is answered otherwise than AWS's models have it, and no client minds. The only such list: everything else is a violation.

A test shows for each row that it is still needed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    """``operation`` and ``member`` ("a.b[].c", or the code of an error) are exact; ``why`` says why it does no harm."""

    service: str
    operation: str
    member: str
    why: str


DEVIATIONS: tuple[Deviation, ...] = (Deviation("route53", "ListHostedZones", "Marker", "clients go on by NextMarker, which is there"),)

_KNOWN = {(each.service, each.operation, each.member): each for each in DEVIATIONS}


def known(service: str, operation: str, member: str) -> Deviation | None:
    return _KNOWN.get((service, operation, member))
