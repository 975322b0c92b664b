# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the zone that is meant. Zones are never made: whoever owns the name has delegated it to one."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.slipway.platform.plugins.module_utils._aws.connection import Aws
from ansible_collections.slipway.platform.plugins.module_utils._aws.result import LATER
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53.options import Place
from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, NotFound


@dataclass(frozen=True)
class Zone:
    """``name`` without the last dot."""

    id: str
    name: str
    private: bool = False

    def holds(self, name: str) -> bool:
        return self.name == LATER or name == self.name or name.endswith(f".{self.name}")


def find(aws: Aws, place: Place) -> Zone:
    """Raises ``NotFound`` if there is none, and ``Conflict`` if it may be one of several."""
    if place.id == LATER:
        return Zone(LATER, LATER)
    if place.id:
        answer = aws.find("route53", "get_hosted_zone", Id=place.id)
        if answer is None:
            raise NotFound(f"zone_id: this account has no zone {place.id}; correct it, or choose the account with profile")
        item = answer["HostedZone"]
        return Zone(place.id, item["Name"].removesuffix("."), bool((item.get("Config") or {}).get("PrivateZone")))
    listed = aws.call("route53", "list_hosted_zones_by_name", DNSName=place.name, MaxItems="100")["HostedZones"]
    named = [each for each in listed if each["Name"].removesuffix(".") == place.name]
    ids = [each["Id"].rpartition("/")[2] for each in named if bool((each.get("Config") or {}).get("PrivateZone")) == place.private]
    kind = "private" if place.private else "public"
    if not ids:
        other = f"; there is a {'public' if place.private else 'private'} one (private: {str(not place.private).lower()})" if named else ""
        raise NotFound(f"zone: this account has no {kind} zone {place.name}{other}; correct the name, choose the account with profile, or have the zone made")
    if len(ids) > 1:
        raise Conflict(f"zone: this account has {len(ids)} {kind} zones {place.name} ({', '.join(sorted(ids))}); write zone_id instead")
    return Zone(ids[0], place.name, place.private)
