# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the ledger whole, is every line signed, and does the registry hold the same records?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.slipway.platform.plugins.module_utils._errors import Conflict, NotFound, SlipwayError
from ansible_collections.slipway.platform.plugins.module_utils._oci.access import Connect
from ansible_collections.slipway.platform.plugins.module_utils._oci.reference import Digest, Reference
from ansible_collections.slipway.platform.plugins.module_utils._records import ledger, statements
from ansible_collections.slipway.platform.plugins.module_utils._records.ledger import Record
from ansible_collections.slipway.platform.plugins.module_utils._sign import attached
from ansible_collections.slipway.platform.plugins.module_utils._sign.dsse import Trust
from ansible_collections.slipway.platform.plugins.module_utils._sign.statement import encode

_HELPERS = "sha256-"  # tags that hold signatures and lists of referrers, not images


@dataclass(frozen=True)
class Result:
    """``lines``: ``{sequence, time, service, version, digest, signer, plan}``, oldest first; ``registry``: whether the registry was asked, too."""

    environment: str
    head: str
    lines: tuple[Mapping[str, Any], ...]
    registry: bool
    changed: bool = False


def verify(path: Path, environment: str, trust: Trust, connect: Connect | None = None) -> Result:
    """``Conflict`` with all that is wrong (``problems``) unless everything holds; an error of the registry if it can't be asked."""
    found = ledger.verify(path, trust, environment)
    if found.problem:
        message = f"{path}, line {found.line}: {found.problem}"
        raise Conflict(message, ledger=str(path), line=found.line, problems=[message], verified_lines=len(found.records))
    problems = list(_compare(found.records, environment, trust, connect)) if connect else []
    if problems:
        raise Conflict(f"the registry and {path} differ: {'; '.join(problems)}", ledger=str(path), problems=problems)
    return Result(environment, found.head, tuple(_line(record) for record in found.records), connect is not None)


def _compare(records: Iterable[Record], environment: str, trust: Trust, connect: Connect) -> Iterator[str]:
    """Every record is attached to its digest, and nothing is attached that the ledger does not hold."""
    held = {encode(record.statement): record for record in records}
    places = {(place.registry, place.repository): place for place in (_place(record) for record in held.values())}
    seen: set[bytes] = set()
    for place in places.values():
        digests = {record.digest for record in held.values() if (at := _place(record)).repository == place.repository and at.registry == place.registry}
        for digest in sorted(digests | _tagged(connect, place)):
            for text, fact in _attached(connect, place, digest, environment, trust):
                if text not in held:
                    where = f"{place.registry}/{place.repository}@{digest}"
                    yield f"{fact} is attached to {where}, and no line holds it: lines were cut off, or it was made elsewhere"
                seen.add(text)
    for text, record in held.items():
        if text not in seen:
            yield f"line {record.sequence} is not attached to {_place(record)}"


def _attached(connect: Connect, place: Reference, digest: str, environment: str, trust: Trust) -> Iterator[tuple[bytes, str]]:
    for one in attached.read(connect(place.registry), place.repository, Digest.parse(digest), trust).statements:
        if one.code == "unreadable":
            raise SlipwayError(f"{one.reference} cannot be read, so it is unknown what it says: {one.problem}")
        statement = one.statement
        if statement is None or statements.type_of(statement.predicate_type) != "promoted" or statement.predicate.get("environment") != environment:
            continue
        yield encode(statement), f"a record of {statement.predicate.get('time')} by {one.signer} ({one.reference})"


def _tagged(connect: Connect, place: Reference) -> set[str]:
    """The digests behind the tags: a digest of which every line was cut off is in no ledger."""
    registry = connect(place.registry)
    try:
        names = [name for name in registry.tags(place.repository) if not name.startswith(_HELPERS)]
    except NotFound:
        return set()
    return {str(manifest.digest) for name in names if (manifest := registry.find(place.repository, name))}


def _place(record: Record) -> Reference:
    return Reference.parse(str(record.statement.predicate["after"]["reference"]))


def _line(record: Record) -> dict[str, Any]:
    said = record.statement.predicate
    after = said.get("after") or {}
    return {
        "sequence": record.sequence,
        "time": said.get("time"),
        "service": after.get("service", ""),
        "version": after.get("version", ""),
        "digest": record.digest,
        "signer": record.signer,
        "plan": said.get("plan", ""),
    }
