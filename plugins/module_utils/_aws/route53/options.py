# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of ``route53_record``, and what they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._aws.options import CONNECTION, repeated
from ansible_collections.slipway.platform.plugins.module_utils._aws.route53.records import TYPES, Record, wanted
from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput, wrong_at

ZONE: dict[str, Any] = {
    "zone": {"type": "str", "default": ""},
    "zone_id": {"type": "str", "default": ""},
    "private": {"type": "bool", "default": False},
}
ALIAS: dict[str, Any] = {
    "dns_name": {"type": "str", "required": True},
    "zone_id": {"type": "str", "required": True},
    "evaluate_target_health": {"type": "bool", "default": False},
}
RECORD: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "type": {"type": "str", "choices": list(TYPES), "required": True},
    "values": {"type": "list", "elements": "str", "default": []},
    "ttl": {"type": "int", "default": 300},
    "alias": {"type": "dict", "options": ALIAS},
}
OPTIONS: dict[str, Any] = {
    **CONNECTION,
    **ZONE,
    "records": {"type": "list", "elements": "dict", "required": True, "options": RECORD},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "overwrite": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 300},
}


@dataclass(frozen=True)
class Place:
    """A zone by ``id``, or by ``name``; ``private``: which of two that have one name."""

    id: str = ""
    name: str = ""
    private: bool = False


@dataclass(frozen=True)
class Request:
    place: Place
    records: tuple[Record, ...]
    present: bool = True
    overwrite: bool = False
    wait: bool = True
    timeout: float = 300


def place(params: Mapping[str, Any]) -> Place:
    if bool(params["zone"]) == bool(params["zone_id"]):
        raise InvalidInput("zone: write the zone's name, or its zone_id; one of them")
    return Place(params["zone_id"].removeprefix("/hostedzone/"), params["zone"].lower().removesuffix("."), params["private"])


def request(params: Mapping[str, Any]) -> Request:
    """Raises ``InvalidInput``: which record, which option, and what to write instead."""
    records = []
    for item in params["records"]:
        with wrong_at(f"record {item['name']} {item['type']}"):
            record = wanted(item)
            if params["state"] == "present" and not record.says:
                raise InvalidInput("it says nothing; write values, or an alias")
            records.append(record)
    twice = repeated([record.key for record in records])
    if twice:
        raise InvalidInput(f"records: {', '.join(twice)} is there twice; write each once, with all its values")
    return Request(place(params), tuple(records), params["state"] == "present", params["overwrite"], params["wait"], params["timeout"])
