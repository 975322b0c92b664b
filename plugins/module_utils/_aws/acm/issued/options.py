# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of ACM."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.acm.spec import IDENTITY
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53.options import Place
from ansible_collections.slipway.platform.plugins.module_utils._aws.tags import texts
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput

_DOMAIN = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class Request:
    """``names``: all, sorted. ``place``: the zone where the records of the validation are made, None for none."""

    domain: str
    names: tuple[str, ...] = ()
    present: bool = True
    key_algorithm: str = "RSA_2048"
    transparency_logging: bool | None = None
    place: Place | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    purge_tags: bool = False
    wait: bool = True
    timeout: float = 1800

    @property
    def identity(self) -> dict[str, str]:
        return {key: self.tags[key] for key in IDENTITY if key in self.tags}


def request(params: Mapping[str, Any]) -> Request:
    """Raises ``InvalidInput``: which option, and what to write instead."""
    if not params["domain"]:
        raise InvalidInput("domain: write the first name of the certificate that ACM issues, such as shop.example.com")
    domain, present = params["domain"].lower().removesuffix("."), params["state"] == "present"
    names = sorted({domain, *(name.lower().removesuffix(".") for name in params["alternative_names"])})
    wrong = [name for name in names if not _DOMAIN.fullmatch(name)]
    if wrong:
        raise InvalidInput(f"domain, alternative_names: {', '.join(wrong)}: write names such as shop.example.com or *.example.com")
    if params["zone"] and params["zone_id"]:
        raise InvalidInput("zone: write the zone's name, or its zone_id; one of them")
    zone = params["zone"].lower().removesuffix(".")
    outside = [name for name in names if zone and not (name == zone or name.endswith(f".{zone}"))]
    if outside and present:
        raise InvalidInput(f"zone: {', '.join(outside)}: not in zone {zone}; leave zone out, and make the records of validation_records where they belong")
    has_zone = zone or params["zone_id"]
    return Request(
        domain=domain,
        names=tuple(names),
        present=present,
        key_algorithm=params["key_algorithm"] or "RSA_2048",
        transparency_logging=params["transparency_logging"],
        place=Place(params["zone_id"].removeprefix("/hostedzone/"), zone) if has_zone else None,
        tags=texts(params["tags"]),
        purge_tags=params["purge_tags"],
        wait=params["wait"],
        timeout=params["timeout"],
    )
