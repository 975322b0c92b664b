# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The repositories of the simulated ECR, as its registry has to know them."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from moto.ecr.models import ecr_backends

from simulator.application import Simulator
from simulator.corrections.ecr import Tokens
from simulator.world.hosts import Registry


class Entry(Enum):
    """What a credential is worth."""

    GOOD = "good"
    EXPIRED = "expired"
    NONE = "none"


@dataclass(frozen=True)
class Repository:
    """``mutability``: imageTagMutability; ``filters``: the tags, with stars, that are excluded from it."""

    account: str
    name: str
    mutability: str = "MUTABLE"
    filters: tuple[str, ...] = ()

    def immutable(self, tag: str) -> bool:
        """Whether the tag stays where it is (ECR User Guide, "Preventing image tags from being overwritten")."""
        excluded = any(_fits(pattern, tag) for pattern in self.filters)
        return {"IMMUTABLE": True, "IMMUTABLE_WITH_EXCLUSION": not excluded, "MUTABLE_WITH_EXCLUSION": excluded}.get(self.mutability, False)


class Repositories:
    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def find(self, registry: Registry | None, name: str) -> Repository | None:
        """``registry``: None for whichever has it."""
        with self._simulator.lock:
            backends = [backend for account in ecr_backends.values() for backend in account.values()]
            for backend in backends:
                found = backend.repositories.get(name)
                if found and (registry is None or (backend.account_id, backend.region_name) == (registry.account, registry.region)):
                    return of_moto(found, backend.account_id)
        return None

    def names(self, registry: Registry) -> list[str]:
        with self._simulator.lock:
            return sorted(ecr_backends[registry.account][registry.region].repositories)

    def entry(self, region: str, authorization: str) -> Entry:
        """What the header Authorization lets in: Basic, with the user AWS and a token of GetAuthorizationToken."""
        token = _password(authorization)
        with self._simulator.lock:
            world = self._simulator.world
            until: datetime | None = world.state(Tokens, "", region).expiry(token) if token else None
            now = world.clock.now()
        if until is None:
            return Entry.NONE
        return Entry.GOOD if now < until else Entry.EXPIRED


def of_moto(found: Any, account: str) -> Repository:
    """``found``: moto's."""
    filters = tuple(str(each["filter"]) for each in found.image_tag_mutability_exclusion_filters or ())
    return Repository(account, str(found.name), str(getattr(found.image_tag_mutability, "value", found.image_tag_mutability)), filters)


def _password(authorization: str) -> str:
    kind, _, value = authorization.partition(" ")
    try:
        user, _, password = base64.b64decode(value if kind.lower() == "basic" else "", validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password if user == "AWS" else ""


def _fits(pattern: str, tag: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), tag) is not None
