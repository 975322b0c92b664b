# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saying something of images: signed statements, attached to their digests in the registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import InvalidInput
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Connect
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest, Reference
from ansible_collections.slipway.platform.plugins.module_utils._records import moments, statements
from ansible_collections.slipway.platform.plugins.module_utils._sign import attached
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Signer, Trust
from ansible_collections.slipway.platform.plugins.module_utils._sign.images import named
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import Statement, Subject

# Each of these says what was found at a moment, so saying it again later is news.
_ALWAYS_NEWS = ("tested", "verified", "scanned")


@dataclass(frozen=True)
class Wanted:
    """One statement: its type, the image it is about (a tag is resolved once), and the fields that its type has."""

    type: str
    image: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Said:
    """A statement that is attached now. ``reference``: where; ``said``: the moment that it names (RFC 3339)."""

    type: str
    image: str
    digest: str
    reference: str
    said: str
    changed: bool


@dataclass(frozen=True)
class Result:
    """``statements`` in the order of the request."""

    statements: tuple[Said, ...]

    @property
    def changed(self) -> bool:
        return any(one.changed for one in self.statements)


def say(wanted: Sequence[Wanted], signer: Signer, connect: Connect, now: datetime, check_mode: bool = False) -> Result:
    """Attach what is not said yet. Everything is checked before anything is written."""
    checked = [_checked(one, signer.name, now) for one in wanted]
    return Result(tuple(_say(one, image, predicate, signer, connect, check_mode) for one, image, predicate in checked))


def _checked(one: Wanted, by: str, now: datetime) -> tuple[Wanted, Reference, dict[str, Any]]:
    if one.type == "promoted":
        raise InvalidInput("a promotion is recorded by promotion_record, which writes the ledger, too")
    image = named(one.image, f"statement {one.type!r}")
    predicate = statements.predicate(one.type, one.fields, by, now)
    _refuse_expired(one, now)
    return one, image, predicate


def _say(one: Wanted, image: Reference, predicate: Mapping[str, Any], signer: Signer, connect: Connect, check_mode: bool) -> Said:
    registry = connect(image.registry)
    subject = registry.manifest(image.repository, str(image.digest or image.tag)).descriptor
    before = None if one.type in _ALWAYS_NEWS else _said_before(connect, image, str(subject.digest), one.type, predicate, signer)
    if before:
        return Said(one.type, one.image, str(subject.digest), before.reference, moments.text(before.time), False)
    where = ""
    if not check_mode:
        statement = Statement(statements.predicate_type(one.type), (Subject(image.repository, subject.digest),), predicate)
        where = f"{image.registry}/{image.repository}@{attached.attach(registry, image.repository, subject, statement, signer).digest}"
    return Said(one.type, one.image, str(subject.digest), where, predicate["time"], True)


def _said_before(connect: Connect, image: Reference, digest: str, kind: str, predicate: Mapping[str, Any], signer: Signer) -> statements.Fact | None:
    """A statement of this kind by this key that says the same and for at least as long; what is deployed is the newest of them only."""
    found = attached.read(connect(image.registry), image.repository, Digest.parse(digest), Trust({signer.name: signer.public_key}))
    matter = [fact for fact in statements.facts(found.statements) if fact.type == kind and fact.environment == predicate.get("environment", "")]
    for fact in reversed(matter[-1:] if kind == "deployed" else matter):
        ends = fact.predicate.get("expires")
        if _content(fact.predicate) == _content(predicate) and (not ends or moments.parse(ends) >= moments.parse(predicate["expires"])):
            return fact
    return None


def _content(predicate: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in predicate.items() if field not in ("time", "expires")}


def _refuse_expired(one: Wanted, now: datetime) -> None:
    ends = one.fields.get("expires")
    if ends and moments.parse(ends, "'expires'") <= now:
        raise InvalidInput(f"the statement {one.type!r} on {one.image} would expire at {ends}, which is over: name a later moment")
